"""Error bars of Spearman's correlation: the percentile bootstrap over pairs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

RESAMPLES = 10_000
CHUNK_VALUES = 2**15
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

    Raises:
        ValueError: if lengths differ or there are fewer than two pairs.
    """
    values: np.ndarray = bootstrap_spearmans([scores], gold, resamples=resamples, seed=seed)[0]
    return values


def bootstrap_spearmans(
    scores: Sequence[np.ndarray],
    gold: Float[np.ndarray, " pairs"],
    *,
    resamples: int = RESAMPLES,
    seed: int | Sequence[int] = 0,
) -> Float[np.ndarray, "encoders resamples"]:
    """`bootstrap_spearman` of several encoders on the same resamples, which are drawn and ranked by gold only once.

    A resample is held as how often each pair was drawn. Mid-ranks then follow from cumulative counts in the order
    of the values, which is found once, so that a resample costs no sorting.

    Args:
        scores: for each encoder, (pairs,).
        gold: (pairs,).
        resamples: number of resamples.
        seed: of the drawing.

    Raises:
        ValueError: if lengths differ or there are fewer than two pairs.
    """
    for each in scores:
        if len(each) != len(gold) or len(gold) < 2:
            raise ValueError(f"scores and gold must be equally long, at least 2, got {len(each)} and {len(gold)}")
    by_gold, by_scores = _sorted(gold), [_sorted(each) for each in scores]
    groups = [by_score.group[by_gold.order] for by_score in by_scores]
    chunks = []
    for counts in resample_counts(len(gold), resamples=resamples, seed=seed):
        in_gold_order = counts[by_gold.order]
        ranks, spread = _centred_ranks(_group_sums(in_gold_order, by_gold.starts))
        values = np.full((len(scores), counts.shape[1]), np.nan)
        for row, (by_score, group) in enumerate(zip(by_scores, groups, strict=True)):
            score_ranks, score_spread = _centred_ranks(_group_sums(counts[by_score.order], by_score.starts))
            weighted = _group_sums(score_ranks[group] * in_gold_order, by_gold.starts)
            both = spread * score_spread
            np.divide(np.einsum("ij,ij->j", weighted, ranks), np.sqrt(both), out=values[row], where=both > 0)
        chunks.append(values)
    return 100 * np.concatenate(chunks, axis=1)


def resample_counts(
    pairs: int, *, resamples: int, seed: int | Sequence[int]
) -> Iterator[Float[np.ndarray, "pairs chunk"]]:
    """How often each pair is drawn in each resample, some resamples at a time."""
    generator = np.random.default_rng(seed)
    chunk = max(1, CHUNK_VALUES // pairs)
    for start in range(0, resamples, chunk):
        columns = min(chunk, resamples - start)
        drawn = generator.integers(0, pairs, size=(columns, pairs)) * columns
        drawn += np.arange(columns)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=columns * pairs)
        yield counts.reshape(pairs, columns).astype(np.float64)


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


def two_sided_p(differences: Float[np.ndarray, " resamples"]) -> float:
    """Two-sided bootstrap p of no difference, by inverting the percentile interval; nan values do not count.

    Twice the share of resampled differences that lie on the rarer side of 0 or on it, each side as (k + 1) / (n + 1),
    so that no p is 0 (Davison & Hinkley 1997, section 4.2). It is below 0.05 where the 95 % interval leaves out 0.

    Returns:
        At least 2 / (n + 1), at most 1; nan if every value is.
    """
    values = differences[~np.isnan(differences)]
    if len(values) == 0:
        return float("nan")
    rarer = min(int((values <= 0).sum()), int((values >= 0).sum()))
    return min(1.0, 2 * (rarer + 1) / (len(values) + 1))


@dataclass(frozen=True, eq=False)
class _Sorted:
    """Pairs in ascending order of a value: their order, where each group of equal values starts, each pair's group."""

    order: NDArray[np.intp]
    starts: NDArray[np.intp]
    group: NDArray[np.intp]


def _sorted(values: Float[np.ndarray, " pairs"]) -> _Sorted:
    order = np.argsort(values, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(values[order]) > 0])
    group = np.empty(len(values), dtype=np.intp)
    group[order] = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(values)]))
    return _Sorted(order, starts, group)


def _group_sums(rows: Float[np.ndarray, "pairs chunk"], starts: NDArray[np.intp]) -> Float[np.ndarray, "groups chunk"]:
    # summing groups of one row each, as distinct cosines are, would cost more than all the rest
    sums: np.ndarray = rows if len(starts) == len(rows) else np.add.reduceat(rows, starts, axis=0)
    return sums


def _centred_ranks(
    tied: Float[np.ndarray, "groups chunk"],
) -> tuple[Float[np.ndarray, "groups chunk"], Float[np.ndarray, " chunk"]]:
    """Mid-rank of each group of equal values among the drawn pairs, less the mean rank; and the ranks' sum of squares.

    Args:
        tied: how many drawn pairs are in each group, groups in ascending order.
    """
    # ranks of a group are before + 1 ... before + tied; the mean of all ranks is (all + 1) / 2
    before_and_tied = np.cumsum(tied, axis=0)
    ranks = before_and_tied - 0.5 * tied - 0.5 * before_and_tied[-1]
    return ranks, np.einsum("ij,ij,ij->j", tied, ranks, ranks)
