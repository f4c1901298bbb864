"""What scoring a transfer task gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import NDArray


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


def bootstrap_accuracy(
    correct: Bool[np.ndarray, " rows"], *, resamples: int, seed: int | Sequence[int]
) -> Float[np.ndarray, " resamples"]:
    """Accuracy in per cent of each of many resamples of the rows, which is a binomial count over the rows.

    It shows how much the choice of test rows matters, with the classifiers as they are.

    Raises:
        ValueError: without a row.
    """
    if len(correct) == 0:
        raise ValueError("correct must hold at least one row")
    counts = np.random.default_rng(seed).binomial(len(correct), correct.mean(), size=resamples)
    accuracies: np.ndarray = 100 * counts / len(correct)
    return accuracies
