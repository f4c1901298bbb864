"""Cosine similarity, Spearman's rank correlation, and the three ways to aggregate it over sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.stats import spearmanr

COLLAPSE_TOLERANCE = 1e-6
"""Cosines that differ by less are one value.

An encoder that returns one vector for everything still differs by rounding between batches, and the rank correlation
of that noise looks like a score near 0. Rounding of 1e-6 in a unit vector moves a cosine by 1e-12.
"""


@dataclass(frozen=True)
class Aggregates:
    """Spearman x 100 of a task, nan where it does not exist.

    Attributes:
        all: of all pairs of all sources together: what SimCSE and everyone after it report.
        mean: mean over sources.
        wmean: mean over sources, weighted with their pairs: SentEval's habit.
    """

    all: float
    mean: float
    wmean: float


def cosine_similarities(
    first: Float[np.ndarray, "pairs width"], second: Float[np.ndarray, "pairs width"]
) -> Float[np.ndarray, " pairs"]:
    """Cosine of each row with the same row of the other, in float64; 0 where a vector is 0."""
    first, second = first.astype(np.float64), second.astype(np.float64)
    norms = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    products = np.einsum("ij,ij->i", first, second)
    cosines: np.ndarray = np.divide(products, norms, out=np.zeros_like(products), where=norms > 0)
    return cosines


def is_collapsed(scores: Float[np.ndarray, " pairs"]) -> bool:
    """Whether all similarities are one value, so that they rank nothing."""
    return bool(np.ptp(scores) < COLLAPSE_TOLERANCE)


def spearman(scores: Float[np.ndarray, " scores"], gold: Float[np.ndarray, " pairs"]) -> float:
    """Spearman's rank correlation x 100; nan where the scores are one value, as a collapsed encoder's are.

    Raises:
        ValueError: if there are fewer than two pairs, lengths differ, a value is not finite, or gold is one value.
    """
    if len(scores) != len(gold) or len(gold) < 2:
        raise ValueError(f"scores and gold must be equally long, at least 2, got {len(scores)} and {len(gold)}")
    for name, values in (("scores", scores), ("gold", gold)):
        if not np.isfinite(values).all():
            raise ValueError(f"{name} must be finite, got {values[~np.isfinite(values)][0]}")
    if np.ptp(gold) == 0:
        raise ValueError(f"gold must hold two different values, got only {gold[0]}")
    if is_collapsed(scores):
        return float("nan")
    return 100 * float(spearmanr(scores.astype(np.float64), gold.astype(np.float64)).statistic)


def aggregate(scores: Sequence[np.ndarray], gold: Sequence[np.ndarray]) -> Aggregates:
    """Spearman over sources: all, mean, wmean.

    Args:
        scores: for each source, (pairs,).
        gold: for each source, (pairs,).

    Raises:
        ValueError: as `spearman`.
    """
    each = [spearman(s, g) for s, g in zip(scores, gold, strict=True)]
    return Aggregates(
        all=spearman(np.concatenate(scores), np.concatenate(gold)),
        mean=float(np.mean(each)),
        wmean=float(np.average(each, weights=[len(g) for g in gold])),
    )
