"""Error bars of Spearman's correlation: the percentile bootstrap over pairs, and an analytic interval to check it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float, Int
from scipy.stats import norm

RESAMPLES = 10_000
CHUNK_VALUES = 2**17
"""Values of a resampling step that are held at a time: small enough to stay in the processor's cache."""


def bootstrap_spearman(
    scores: Float[np.ndarray, " scores"],
    gold: Float[np.ndarray, " pairs"],
    *,
    resamples: int = RESAMPLES,
    seed: int | Sequence[int] = 0,
) -> Float[np.ndarray, " resamples"]:
    """Spearman x 100 of each of many resamples of the pairs (Efron & Tibshirani 1993, chapter 13).

    The drawn pairs depend on seed and number of pairs alone, so that the values of two encoders on one task are
    paired and may be subtracted. A resample whose scores or gold are one value gives nan.

    A resample is held as how often each pair was drawn. Mid-ranks then follow from cumulative counts in the order
    of the values, which is found once, so that a resample costs no sorting.

    Raises:
        ValueError: if lengths differ or there are fewer than two pairs.
    """
    if len(scores) != len(gold) or len(gold) < 2:
        raise ValueError(f"scores and gold must be equally long, at least 2, got {len(scores)} and {len(gold)}")
    values = [
        _correlations(_centred_ranks(scores, counts), _centred_ranks(gold, counts), counts)
        for counts in resample_counts(len(gold), resamples=resamples, seed=seed)
    ]
    return 100 * np.concatenate(values)


def resample_counts(
    pairs: int, *, resamples: int, seed: int | Sequence[int]
) -> Iterator[Int[np.ndarray, "chunk pairs"]]:
    """How often each pair is drawn in each resample, some resamples at a time."""
    generator = np.random.default_rng(seed)
    chunk = max(1, CHUNK_VALUES // pairs)
    for start in range(0, resamples, chunk):
        rows = min(chunk, resamples - start)
        drawn = generator.integers(0, pairs, size=(rows, pairs))
        drawn += pairs * np.arange(rows)[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * pairs).reshape(rows, pairs)


def percentile_interval(values: Float[np.ndarray, " resamples"], *, confidence: float = 0.95) -> tuple[float, float]:
    """Find the interval that leaves out as many values below as above; nan values do not count.

    Returns:
        Lower and upper end; nan if every value is.
    """
    if np.isnan(values).all():
        return float("nan"), float("nan")
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(values, [tail, 1 - tail])
    return float(low), float(high)


def fisher_interval(spearman: float, pairs: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Analytic interval of Spearman x 100 by Fisher's z, variance (1 + r^2 / 2) / (n - 3) (Bonett & Wright 2000).

    Raises:
        ValueError: with fewer than four pairs.
    """
    if pairs < 4:
        raise ValueError(f"pairs must be at least 4, got {pairs}")
    r = spearman / 100
    half = float(norm.ppf((1 + confidence) / 2)) * math.sqrt((1 + r * r / 2) / (pairs - 3))
    return 100 * math.tanh(math.atanh(r) - half), 100 * math.tanh(math.atanh(r) + half)


def _centred_ranks(
    values: Float[np.ndarray, " pairs"], counts: Int[np.ndarray, "chunk pairs"]
) -> Float[np.ndarray, "chunk pairs"]:
    """Mid-rank of each pair among the drawn ones, less the mean rank."""
    order = np.argsort(values, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(values[order]) > 0])
    group = np.empty(len(values), dtype=np.intp)
    group[order] = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(values)]))
    tied = np.add.reduceat(counts[:, order], starts, axis=1)
    # ranks of a group are before + 1 ... before + tied; the mean of all ranks is (pairs + 1) / 2
    middle = np.cumsum(tied, axis=1) - 0.5 * tied - 0.5 * len(values)
    return middle[:, group]


def _correlations(
    x: Float[np.ndarray, "chunk pairs"], y: Float[np.ndarray, "chunk pairs"], counts: Int[np.ndarray, "chunk pairs"]
) -> Float[np.ndarray, " chunk"]:
    weighted = x * counts
    covariance = np.einsum("ij,ij->i", weighted, y)
    spread = np.einsum("ij,ij->i", weighted, x) * np.einsum("ij,ij,ij->i", y, y, counts.astype(np.float64))
    correlations: np.ndarray = np.divide(covariance, np.sqrt(spread), out=np.full(len(x), np.nan), where=spread > 0)
    return correlations
