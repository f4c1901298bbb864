"""Tasks loaded once, and encoders scored on them."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sentcse.config.commands import EvaluationSettings
from sentcse.config.tasks import GROUPS
from sentcse.data.fetching.manifest import check_files, states_by_path, warn_of
from sentcse.encoder import SentenceEncoder
from sentcse.errors import ConfigError
from sentcse.evaluation.scores.embeddings import Task
from sentcse.evaluation.scores.evaluation import Evaluation
from sentcse.evaluation.scores.evaluator import evaluate_widths
from sentcse.evaluation.scores.mteb_tasks import load_mteb_tasks, score_mteb_tasks
from sentcse.evaluation.tasks.loading import load_sts, load_transfer
from sentcse.evaluation.tasks.selection import resolve_tasks, senteval_files
from sentcse.evaluation.tasks.sts import StsTask
from sentcse.evaluation.tasks.transfer import TransferTask
from sentcse.machine.device import choose_device

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class LoadedTasks:
    """Tasks, and which of their files are not as published.

    Attributes:
        sts: tasks of sentence pairs.
        transfer: tasks of classification.
        data: "data" of `results.json`.
        mteb: tasks of the package mteb.
    """

    sts: list[StsTask]
    transfer: list[TransferTask]
    data: dict[str, Any]
    mteb: list[Any] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class ScoredEncoder:
    """An encoder's scores, and which vectors they are of.

    Attributes:
        source: folder, checkpoint or hub name.
        pooler: that was used.
        recorded_pooler: that the encoder's record, or the table of published encoders, names; None without one.
        evaluation: the scores.
        mteb: scores on tasks of the package mteb, as in `results.json`; None where there are none.
        dimensions: leading values of a vector that were asked for; None for the encoder's own.
    """

    source: str
    pooler: str
    recorded_pooler: str | None
    evaluation: Evaluation
    mteb: dict[str, Any] | None = None
    dimensions: int | None = None


def load_tasks(settings: EvaluationSettings) -> LoadedTasks:
    """Load what names and groups stand for, after every file was checked.

    Raises:
        ConfigError: if a task does not exist, or none is named.
        DataError: naming every file that is missing or wrong.
    """
    if len(settings.tasks) + len(settings.mteb) == 0:
        raise ConfigError(f"tasks is empty; name {', '.join(GROUPS)} or single tasks, or some of MTEB's in mteb.")
    selected = resolve_tasks(settings.tasks, mode=settings.mode, protocol=settings.protocol)
    root, level = Path(settings.data_root), settings.verify
    differing = check_files(root / "senteval", senteval_files(selected), level=level)
    if len(differing) > 0:
        logger.warning("%s", warn_of(differing))
    return LoadedTasks(
        sts=load_sts(selected, root, level=level),
        transfer=load_transfer(selected, root, level=level),
        data={"verify": level, "differ": states_by_path(differing)},
        mteb=load_mteb_tasks(settings.mteb, languages=settings.mteb_languages) if len(settings.mteb) > 0 else [],
    )


def score_encoder(
    source: str,
    tasks: LoadedTasks,
    settings: EvaluationSettings,
    *,
    pooler: str | None = None,
    known_as: str | None = None,
) -> list[ScoredEncoder]:
    """Open an encoder and score it, once for each number of leading values that the settings name.

    Args:
        source: folder, checkpoint or hub name.
        tasks: what it is scored on.
        settings: how it is scored; which encoders they name does not matter here.
        pooler: None for the one that the encoder's record holds.
        known_as: the published checkpoint that the source is a copy of.

    Raises:
        ConfigError: if more values are asked for than its vectors have.
        SentcseError: if the encoder cannot be loaded or its vectors are not finite.
    """
    encoder = SentenceEncoder.from_pretrained(source, pooler=pooler, max_length=settings.max_length, known_as=known_as)
    encoder.to(choose_device(settings.device))
    encoding: dict[str, Any] = {"batch_size": settings.batch_size, "max_length": settings.max_length}
    encoding["progress"] = settings.progress and sys.stderr.isatty()
    widths: list[int | None] = [None] if len(settings.truncate_dim) == 0 else [*settings.truncate_dim]
    _check_widths(settings.truncate_dim, encoder, source, tasks)
    evaluations = evaluate_widths(
        encoder,
        tasks.sts,
        widths,
        geometry_task=next((task for task in tasks.sts if task.name == "stsb"), None),
        transfer_tasks=tasks.transfer,
        mode=settings.mode,
        classifier_seed=settings.classifier_seed,
        **encoding,
    )
    scored = []
    for width, evaluation in zip(widths, evaluations, strict=True):
        if width is not None:
            encoder.dimensions = width
        mteb = score_mteb_tasks(encoder, tasks.mteb, **encoding) if len(tasks.mteb) > 0 else None
        scored.append(ScoredEncoder(source, encoder.pooler, encoder.recorded_pooler, evaluation, mteb, width))
    return scored


def _check_widths(widths: Sequence[int], encoder: SentenceEncoder, source: str, tasks: LoadedTasks) -> None:
    """Refuse more values than a vector has, after one sentence and not after all."""
    if len(widths) == 0:
        return
    everything: list[Task] = [*tasks.sts, *tasks.transfer]
    sentences = (sentence for task in everything for sentence in task.sentences())
    most = encoder.encode([next(sentences, "a")], batch_size=1).shape[1]
    if max(widths) > most:
        raise ConfigError(f"truncate_dim={max(widths)}: the vectors of {source} have {most} values; name no more.")
