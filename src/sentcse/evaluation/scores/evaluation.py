"""What an evaluation gives."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sentcse.config.tasks import SUITE_COLUMNS


@dataclass(frozen=True)
class SourceResult:
    """Spearman x 100 of one source of a task, and its number of pairs."""

    spearman: float
    pairs: int


@dataclass(frozen=True, eq=False)
class StsResult:
    """Scores of one task: Spearman x 100 of the cosines.

    Attributes:
        label: column heading.
        split: the split that was scored.
        all: over all pairs together: the headline. nan if the encoder is collapsed.
        mean: mean over sources.
        wmean: mean over sources, weighted with their pairs.
        pairs: pairs scored.
        truncated: distinct sentences that were cut at the maximal length.
        collapsed: whether all cosines are one value, so that there is no rank correlation.
        sources: each source's own score.
        cosines: (pairs,) float64, in the order of the sources: for intervals.
        gold: (pairs,) float64.
    """

    label: str
    split: str
    all: float
    mean: float
    wmean: float
    pairs: int
    truncated: int
    collapsed: bool
    sources: dict[str, SourceResult]
    cosines: NDArray[np.float64] = field(repr=False)
    gold: NDArray[np.float64] = field(repr=False)


@dataclass(frozen=True, eq=False)
class TransferResult:
    """Scores of one task: accuracy in per cent.

    Attributes:
        label: column heading.
        split: "test", or "dev" where only the rows were scored that the weight decay was chosen with.
        accuracy: the headline: on the split that was scored, the mean over outer folds. nan if the encoder is
            collapsed.
        dev_accuracy: on the rows that the weight decay was chosen with. nan if the encoder is collapsed.
        rows: scored rows.
        folds: of the cross-validation; None for a fixed split.
        l2: the chosen weight decay, of each outer fold; empty if the encoder is collapsed.
        truncated: distinct sentences that were cut at the maximal length.
        collapsed: whether all vectors are one value, so that they tell no classes apart.
        seed: of the classifiers.
        correct: (rows,) which of the test rows are classified rightly, in the order of the sorted files, the same for
            every encoder; None for split "dev" and for a collapsed encoder.
    """

    label: str
    split: str
    accuracy: float
    dev_accuracy: float
    rows: int
    folds: int | None
    l2: tuple[float, ...]
    truncated: int
    collapsed: bool
    seed: int
    correct: NDArray[np.bool_] | None = field(repr=False)


@dataclass(frozen=True)
class Geometry:
    """How the distinct sentences of a task lie on the unit sphere.

    Attributes:
        alignment: mean squared distance of pairs with gold above 4; lower is better. nan without such a pair.
        uniformity: log mean Gaussian potential of all pairs; lower is better.
        anisotropy: mean cosine of two sentences.
        effective_rank: directions in use; nan where it was not asked for, and for vectors of zeros.
        positives: pairs that alignment is taken over.
        sentences: sentences that the others are taken over.
    """

    alignment: float
    uniformity: float
    anisotropy: float
    effective_rank: float
    positives: int
    sentences: int


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What one pass of an encoder over some tasks gives.

    Attributes:
        sts: the STS tasks by name, in their order.
        geometry: of the task asked for, or None.
        sentences: distinct sentences encoded.
        truncated: those that were cut.
        max_length: tokens at which they were cut.
        transfer: the transfer tasks by name, in their order.
    """

    sts: dict[str, StsResult]
    geometry: Geometry | None
    sentences: int
    truncated: int
    max_length: int
    transfer: dict[str, TransferResult] = field(default_factory=dict)


def sts_average(scores: Mapping[str, float | None]) -> float | None:
    """Mean of the seven STS tasks from their unrounded scores; None unless all seven are there and none is nan.

    Args:
        scores: by column heading.
    """
    return mean_of(scores, SUITE_COLUMNS["sts"])


def mean_of(scores: Mapping[str, float | None], columns: Sequence[str]) -> float | None:
    """Mean over columns; None unless all are there and none is nan."""
    values = [scores.get(column) for column in columns]
    present = [value for value in values if value is not None and not math.isnan(value)]
    return math.fsum(present) / len(columns) if len(present) == len(columns) else None
