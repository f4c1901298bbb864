"""A task in numbers: features, labels, and which rows belong to which part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from sentcse.evaluation.scores.embeddings import EmbeddingTable
from sentcse.evaluation.tasks.transfer import Division, TransferTask
from sentcse.evaluation.tasks.transfer_files import Examples

CONSTANT_TOLERANCE = 1e-5
"""Vectors that differ by less, relative to their largest value, differ by rounding between batches."""


@dataclass(frozen=True, eq=False)
class Problem:
    """What classifiers are trained and tested on.

    Attributes:
        features: float32 (rows, width), the last column 1.
        labels: int64 (rows,).
        classes: number of classes.
        division: as `sentcse.evaluation.tasks.transfer.TransferTask.division`.
        parts: rows of each part of the task.
    """

    features: NDArray[np.float32]
    labels: NDArray[np.int64]
    classes: int
    division: Division
    parts: dict[str, NDArray[np.intp]]


def make_problem(table: EmbeddingTable, task: TransferTask) -> Problem:
    """Look up the vectors of a task's sentences and lay all parts into one array."""
    examples = list(task.parts.values())
    bounds = np.cumsum([0, *(len(part) for part in examples)])
    pairs = len(examples[0].columns) == 2
    features = np.empty((bounds[-1], table.vectors.shape[1] * (2 if pairs else 1) + 1), dtype=np.float32)
    for part, start, end in zip(examples, bounds[:-1], bounds[1:], strict=True):
        features[start:end, :-1] = _features(table, part)
    features[:, -1] = 1
    return Problem(
        features=features,
        labels=np.concatenate([part.labels for part in examples]),
        classes=task.classes,
        division=task.division,
        parts={
            name: np.arange(start, end) for name, start, end in zip(task.parts, bounds[:-1], bounds[1:], strict=True)
        },
    )


def pair_features(
    first: Float[np.ndarray, "rows width"], second: Float[np.ndarray, "rows width"]
) -> Float[np.ndarray, "rows features"]:
    """The absolute difference, then the product, of the two vectors of a pair (Conneau & Kiela 2018, section 3)."""
    return np.concatenate((np.abs(first - second), first * second), axis=1)


def are_constant(vectors: Float[np.ndarray, "rows width"]) -> bool:
    """Whether all vectors are one, but for rounding, so that they tell no classes apart."""
    return bool(np.ptp(vectors, axis=0).max() <= CONSTANT_TOLERANCE * np.abs(vectors).max())


def _features(table: EmbeddingTable, examples: Examples) -> NDArray[np.float32]:
    vectors = [table.rows(column) for column in examples.columns]
    return vectors[0] if len(vectors) == 1 else pair_features(vectors[0], vectors[1])
