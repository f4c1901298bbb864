"""Tasks loaded once, and encoders scored on them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from sentcse.config.section import Level
from sentcse.data.fetching.manifest import check_files, describe_differences, warn_of
from sentcse.encoder import SentenceEncoder
from sentcse.errors import ConfigError
from sentcse.evaluation.scores.evaluator import evaluate_encoder
from sentcse.evaluation.scores.mteb_tasks import load_mteb_tasks, score_mteb_tasks
from sentcse.evaluation.scores.results import Evaluation
from sentcse.evaluation.scores.transfer.settings import SEED
from sentcse.evaluation.tasks.selection import GROUPS, load_selected, resolve_tasks, senteval_files
from sentcse.evaluation.tasks.sts import StsTask
from sentcse.evaluation.tasks.transfer import TransferTask

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class LoadedTasks:
    """Tasks, and which of their files are not as published.

    Attributes:
        sts: tasks of sentence pairs.
        transfer: tasks of classification.
        mode: "test", "dev" or "fasttest".
        protocol: "simcse" or "mteb".
        data: "data" of `results.json`.
        mteb: tasks of the package mteb.
    """

    sts: list[StsTask]
    transfer: list[TransferTask]
    mode: str
    protocol: str
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
    """

    source: str
    pooler: str
    recorded_pooler: str | None
    evaluation: Evaluation
    mteb: dict[str, Any] | None = None


def load_tasks(
    tasks: Sequence[str],
    *,
    mode: str,
    protocol: str,
    data_root: str | Path,
    verify: Level = "exact",
    mteb: Sequence[str] = (),
    mteb_languages: Sequence[str] | None = ("eng",),
) -> LoadedTasks:
    """Load what names and groups stand for, after every file was checked.

    Raises:
        ConfigError: if a task, mode or protocol does not exist, or none is named.
        DataError: naming every file that is missing or wrong.
    """
    if len(tasks) + len(mteb) == 0:
        raise ConfigError(f"tasks is empty; name {', '.join(GROUPS)} or single tasks, or some of MTEB's in mteb.")
    selected = resolve_tasks(tasks, mode=mode, protocol=protocol)
    files = senteval_files(tasks, mode=mode, protocol=protocol)
    differing = check_files(Path(data_root) / "senteval", files, level=verify)
    if len(differing) > 0:
        logger.warning("%s", warn_of(differing))
    loaded = [load_selected(name, split, data_root, level=verify) for name, split in selected]
    return LoadedTasks(
        sts=[task for task in loaded if isinstance(task, StsTask)],
        transfer=[task for task in loaded if isinstance(task, TransferTask)],
        mode=mode,
        protocol=protocol,
        data={"verify": verify, "differ": describe_differences(differing)},
        mteb=load_mteb_tasks(mteb, languages=mteb_languages) if len(mteb) > 0 else [],
    )


def score_encoder(
    source: str | Path,
    loaded: LoadedTasks,
    *,
    pooler: str | None = None,
    known_as: str | None = None,
    batch_size: int = 64,
    max_length: int | None = None,
    classifier_seed: int = SEED,
    device: torch.device | str = "cpu",
    progress: bool = False,
) -> ScoredEncoder:
    """Open an encoder and score it.

    Args:
        source: folder, checkpoint or hub name.
        loaded: what it is scored on.
        pooler: None for the one that the encoder's record holds.
        known_as: the published checkpoint that the source is a copy of.
        batch_size: sentences encoded together.
        max_length: tokens at which a sentence is cut; None for the most that the encoder takes, at most 512.
        classifier_seed: of the classifiers of the transfer tasks.
        device: where it encodes.
        progress: show a bar.

    Raises:
        SentcseError: if the encoder cannot be loaded or its vectors are not finite.
    """
    encoder = SentenceEncoder.from_pretrained(source, pooler=pooler, max_length=max_length, known_as=known_as)
    encoder.to(device)
    evaluation = evaluate_encoder(
        encoder,
        loaded.sts,
        geometry_task=next((task for task in loaded.sts if task.name == "stsb"), None),
        transfer_tasks=loaded.transfer,
        mode=loaded.mode,
        classifier_seed=classifier_seed,
        batch_size=batch_size,
        max_length=max_length,
        progress=progress,
    )
    mteb = None
    if len(loaded.mteb) > 0:
        mteb = score_mteb_tasks(encoder, loaded.mteb, batch_size=batch_size, max_length=max_length, progress=progress)
    return ScoredEncoder(str(source), encoder.pooler, encoder.recorded_pooler, evaluation, mteb)
