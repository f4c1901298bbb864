"""Sentences of an index that are alike: pairs of paraphrases, and communities of near-duplicates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sentcse.retrieval.exact import QUERY_BLOCK, ROW_BLOCK, Vectors, at_least, nearest, pair_cosines


class MinedPairs(NamedTuple):
    """Pairs of rows, `first` < `second`, with their cosines; three arrays of (pairs,)."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    cosines: NDArray[np.float64]


def paraphrases(vectors: Vectors, *, threshold: float, top_k: int = 10, limit: int | None = None) -> MinedPairs:
    """Pairs of a row and one of its `top_k` nearest other rows, the most alike first, equal ones by row.

    Args:
        vectors: unit vectors, (rows, width).
        threshold: the smallest cosine of a pair.
        top_k: neighbours that are looked at for each row.
        limit: the most pairs that are returned; None for all.
    """
    k = min(top_k + 1, len(vectors))
    found = nearest(vectors, vectors, top_k=k)
    row = np.repeat(np.arange(len(vectors)), k)
    other, cosine = found.rows.ravel(), found.cosines.ravel()
    # of more than top_k equal sentences a row need not find itself, and then has one neighbour too many
    kept = (row != other) & (cosine >= threshold) & ~_last_without_self(found.rows)
    first, second = np.minimum(row, other)[kept], np.maximum(row, other)[kept]
    pairs = np.unique(np.stack([first, second], axis=1), axis=0)
    cosines = pair_cosines(vectors, vectors, pairs[:, 0], pairs[:, 1])
    order = np.lexsort((pairs[:, 1], pairs[:, 0], -cosines))[:limit]
    return MinedPairs(pairs[order, 0], pairs[order, 1], cosines[order])


def communities(vectors: Vectors, *, threshold: float, min_size: int = 2) -> list[NDArray[np.int64]]:
    """Groups of rows that are all near one of them; no row is in two groups.

    The row with the most near rows makes the first group, out of these; then the next of those that are left, as in
    sentence-transformers' `community_detection`. Time grows with the square of the rows, memory does not grow with it.

    Args:
        vectors: unit vectors, (rows, width).
        threshold: the smallest cosine with the row in the middle, below 1.
        min_size: rows of the smallest group.

    Returns:
        Rows of each group, that in the middle first, the others by row; the largest group first.
    """
    sizes = np.concatenate([mask.sum(axis=1) for _, mask in _near(np.arange(len(vectors)), vectors, threshold)])
    order = np.lexsort((np.arange(len(vectors)), -sizes))
    order = order[sizes[order] >= min_size]
    free = np.ones(len(vectors), dtype=bool)
    found = []
    for start in range(0, len(order), QUERY_BLOCK):
        middles = order[start : start + QUERY_BLOCK]
        for rows, mask in _near(middles[free[middles]], vectors, threshold):
            for middle, near in zip(rows.tolist(), mask, strict=True):
                if not free[middle]:
                    continue
                near[middle] = False
                members = np.concatenate([[middle], np.flatnonzero(near & free)])
                if len(members) >= min_size:
                    free[members] = False
                    found.append(members)
    return sorted(found, key=lambda members: (-len(members), int(members[0])))


def _near(
    rows: NDArray[np.int64], vectors: Vectors, threshold: float
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.bool_]]]:
    """Blocks of these rows, each with which rows of all are near its own, (block, rows)."""
    for start in range(0, len(rows), QUERY_BLOCK):
        block = rows[start : start + QUERY_BLOCK]
        asked = np.array(vectors[block])
        parts = [at_least(asked, vectors[i : i + ROW_BLOCK], threshold) for i in range(0, len(vectors), ROW_BLOCK)]
        yield block, np.concatenate(parts, axis=1)


def _last_without_self(rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Marks the last neighbour of every row that is not among its own neighbours; (rows x k,)."""
    last = np.zeros(rows.shape, dtype=bool)
    last[:, -1] = ~(rows == np.arange(len(rows))[:, None]).any(axis=1)
    return last.ravel()
