"""Scores of an encoder: the one implementation that training and the evaluation command share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from sentcse.evaluation.scores.classifiers.score import score_transfer
from sentcse.evaluation.scores.classifiers.settings import SEED
from sentcse.evaluation.scores.embeddings import EmbeddingTable, Encoder, Task, distinct_sentences, embed_tasks
from sentcse.evaluation.scores.evaluation import Evaluation, Geometry, SourceResult, StsResult
from sentcse.evaluation.scores.geometry import alignment, anisotropy, effective_rank, uniformity
from sentcse.evaluation.scores.spearman import aggregate, cosine_similarities, is_collapsed, spearman
from sentcse.evaluation.tasks.sts import StsTask
from sentcse.evaluation.tasks.transfer import TransferTask
from sentcse.modules.input_length import longest_input

POSITIVE_GOLD = 4.0
"""Pairs with a gold above this are the positives of alignment (Gao et al. 2021, section 3.1)."""


def evaluate_encoder(encoder: Encoder, tasks: Sequence[StsTask], **options: Any) -> Evaluation:
    """Score an encoder on tasks, and measure its geometry on one, encoding each distinct sentence once.

    Options and errors are those of `evaluate_widths`, of which this is the one that keeps all values.
    """
    (evaluation,) = evaluate_widths(encoder, tasks, [None], **options)
    return evaluation


def evaluate_widths(
    encoder: Encoder,
    tasks: Sequence[StsTask],
    widths: Sequence[int | None],
    *,
    geometry_task: StsTask | None = None,
    transfer_tasks: Sequence[TransferTask] = (),
    mode: str = "test",
    classifier_seed: int = SEED,
    batch_size: int = 64,
    precision: str = "float32",
    max_length: int | None = None,
    progress: bool = False,
    with_rank: bool = True,
) -> list[Evaluation]:
    """Score the leading values of an encoder's vectors, of as many as each width says, encoding every sentence once.

    Args:
        encoder: the encoder.
        tasks: tasks of different names.
        widths: leading values of a vector that are kept (Matryoshka embeddings); None for all.
        geometry_task: whose sentences and positives the geometry is taken of; None for no geometry.
        transfer_tasks: tasks that classifiers are trained for; no name may be that of one of `tasks`.
        mode: how the classifiers are trained, and which of their accuracies counts: a key of
            `sentcse.evaluation.scores.classifiers.settings.CLASSIFIERS`.
        classifier_seed: of those classifiers.
        batch_size: sentences encoded together.
        precision: in which they are encoded, as of `SentenceEncoder.encode`; what is computed of the vectors never is.
        max_length: tokens at which a sentence is cut; None for the most that the encoder takes, at most 512, whatever
            length it was trained with: the published evaluation cuts nothing.
        progress: show a bar.
        with_rank: measure the geometry's effective rank too, a decomposition in float64.

    Raises:
        SentcseError: if a vector holds NaN or infinity.
        ValueError: if two tasks have one name.
    """
    names = [*(task.name for task in tasks), *(task.name for task in transfer_tasks)]
    if len(set(names)) != len(names):
        raise ValueError(f"tasks must have different names, got {', '.join(names)}")
    limit = longest_input(encoder.backbone, encoder.tokenizer) if max_length is None else max_length
    embedded: list[Task] = [*tasks, *transfer_tasks, *([] if geometry_task is None else [geometry_task])]
    whole = embed_tasks(
        encoder, embedded, batch_size=batch_size, precision=precision, max_length=limit, progress=progress
    )
    return [
        Evaluation(
            sts={task.name: score_task(table, task) for task in tasks},
            geometry=None if geometry_task is None else measure_geometry(table, geometry_task, with_rank=with_rank),
            sentences=len(table),
            truncated=len(table.truncated),
            max_length=limit,
            transfer=score_transfer(table, transfer_tasks, mode=mode, seed=classifier_seed, progress=progress),
        )
        for table in map(whole.leading, widths)
    ]


def score_task(table: EmbeddingTable, task: StsTask) -> StsResult:
    """Scores of a task whose sentences the table holds."""
    cosines = [cosine_similarities(table.rows(s.sentences1), table.rows(s.sentences2)) for s in task.sources]
    gold = [source.gold for source in task.sources]
    scores = aggregate(cosines, gold)
    return StsResult(
        label=task.label,
        split=task.split,
        all=scores.all,
        mean=scores.mean,
        wmean=scores.wmean,
        pairs=task.pairs,
        truncated=sum(sentence in table.truncated for sentence in distinct_sentences([task])),
        collapsed=is_collapsed(np.concatenate(cosines)),
        sources={
            source.source: SourceResult(spearman(c, source.gold), len(source))
            for source, c in zip(task.sources, cosines, strict=True)
        },
        cosines=np.concatenate(cosines),
        gold=np.concatenate(gold),
    )


def measure_geometry(table: EmbeddingTable, task: StsTask, *, with_rank: bool = True) -> Geometry:
    """Geometry of a task whose sentences the table holds; its effective rank nan unless it is asked for."""
    positives = [
        (first, second)
        for source in task.sources
        for first, second, gold in zip(source.sentences1, source.sentences2, source.gold, strict=True)
        if gold > POSITIVE_GOLD
    ]
    first, second = (table.rows([pair[side] for pair in positives]) for side in (0, 1))
    sentences = distinct_sentences([task])
    vectors = table.rows(sentences)
    return Geometry(
        alignment=alignment(first, second),
        uniformity=uniformity(vectors),
        anisotropy=anisotropy(vectors),
        effective_rank=effective_rank(vectors) if with_rank else math.nan,
        positives=len(positives),
        sentences=len(sentences),
    )
