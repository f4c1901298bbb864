"""The rows with the largest cosines, exactly, in blocks: memory depends neither on the rows nor on the queries.

Products are taken in float32, where they are fast, and what could be among the best is taken again in float64. The
order is that of the float64 cosines, equal ones by row, so that it does not depend on how rows were cut into blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from sentcse.errors import DataError

QUERY_BLOCK = 256
ROW_BLOCK = 65_536
"""A block of cosines takes 64 MiB."""
PAIR_BLOCK = 32_768
"""Pairs whose float64 cosine is taken at a time."""

Vectors = NDArray[np.float32]


class Nearest(NamedTuple):
    """For each query its nearest rows, best first: two arrays of (queries, k)."""

    rows: NDArray[np.int64]
    cosines: NDArray[np.float64]


class _Found(NamedTuple):
    """Pairs of a query and a row with their cosine, three arrays of one length, sorted by query and rank."""

    query: NDArray[np.int64]
    row: NDArray[np.int64]
    cosine: NDArray[np.float64]


NOTHING = _Found(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))


def directions(vectors: Vectors, sentences: Sequence[str]) -> Vectors:
    """Vectors (rows, width) of sentences (rows,), of unit length.

    Raises:
        DataError: if a vector is zero, or holds NaN or infinity.
    """
    norms = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    bad = np.flatnonzero(~np.isfinite(norms) | (norms == 0))
    if len(bad) > 0:
        raise DataError(
            f"The encoder gives {sentences[int(bad[0])]!r} a vector without a direction (zero, NaN or infinity): its "
            "weights are damaged or overflowed in training."
        )
    unit: Vectors = (vectors / norms).astype(np.float32)
    return unit


def nearest(
    queries: Vectors, vectors: Vectors, *, top_k: int, query_block: int = QUERY_BLOCK, row_block: int = ROW_BLOCK
) -> Nearest:
    """The `top_k` rows of the largest cosine with each query, all rows where there are fewer.

    Args:
        queries: unit vectors, (queries, width).
        vectors: unit vectors, (rows, width); a memory-mapped array is read once, a block at a time.
        top_k: rows for each query.
        query_block: queries that are compared at a time.
        row_block: rows that they are compared with at a time.

    Raises:
        ValueError: if `top_k` is below 1.
    """
    if top_k < 1:
        raise ValueError(f"top_k must be at least 1, got {top_k}")
    k = min(top_k, len(vectors))
    starts = range(0, len(queries), query_block)
    best = [NOTHING] * len(starts)
    for first in range(0, len(vectors), row_block):
        block = np.array(vectors[first : first + row_block])
        for number, start in enumerate(starts):
            asked = queries[start : start + query_block]
            found = _candidates(asked, block, k, _kth_cosine(best[number], len(asked), k))
            best[number] = _best(best[number], found._replace(row=found.row + first), k)
    rows = np.concatenate([found.row for found in best]) if best else NOTHING.row
    cosines = np.concatenate([found.cosine for found in best]) if best else NOTHING.cosine
    return Nearest(rows.reshape(len(queries), k), cosines.reshape(len(queries), k))


def pair_cosines(
    queries: Vectors, vectors: Vectors, query: NDArray[np.int64], row: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Cosines of pairs of unit vectors in float64, (pairs,): each depends on its two vectors alone.

    Args:
        queries: (queries, width).
        vectors: (rows, width).
        query: indices into `queries`, (pairs,).
        row: indices into `vectors`, (pairs,).
    """
    cosines = np.empty(len(query))
    for start in range(0, len(query), PAIR_BLOCK):
        part = slice(start, start + PAIR_BLOCK)
        left, right = queries[query[part]].astype(np.float64), vectors[row[part]].astype(np.float64)
        cosines[part] = np.einsum("ij,ij->i", left, right)
    return cosines


def at_least(queries: Vectors, vectors: Vectors, threshold: float) -> NDArray[np.bool_]:
    """Whether each cosine is `threshold` or more, (queries, rows); decided in float64 where float32 cannot tell."""
    scores = _products(queries, vectors).numpy()
    mask: NDArray[np.bool_] = scores >= threshold
    query, row = np.nonzero(np.abs(scores - threshold) <= _rounding(queries))
    mask[query, row] = pair_cosines(queries, vectors, query, row) >= threshold
    return mask


def _products(queries: Vectors, vectors: Vectors) -> torch.Tensor:
    # torch warns of arrays that cannot be written to, as those of a mapped file; the others are not copied
    left, right = (torch.from_numpy(np.require(each, requirements=["C", "W"])) for each in (queries, vectors))
    return left @ right.T


def _rounding(queries: Vectors) -> float:
    """How far a float32 product of unit vectors can be from the true one; a few bits more for the comparison."""
    return float((queries.shape[1] + 8) * 2.0**-24)


def _candidates(queries: Vectors, block: Vectors, k: int, least: NDArray[np.float64]) -> _Found:
    """The rows of a block that may be among the best k, with cosines; no other can reach `least` or the block's kth."""
    scores = _products(queries, block)
    floor = torch.from_numpy(least)
    if len(block) >= k:
        floor = torch.maximum(floor, torch.topk(scores, k).values[:, -1].double())
    floor = (floor - 2 * _rounding(queries)).float()
    query, row = (each.numpy() for each in torch.nonzero(scores >= floor[:, None], as_tuple=True))
    return _Found(query, row, pair_cosines(queries, block, query, row))


def _kth_cosine(best: _Found, queries: int, k: int) -> NDArray[np.float64]:
    """The smallest cosine that is kept for each query; minus infinity while there are fewer than k."""
    return best.cosine.reshape(queries, k)[:, -1] if len(best.query) == queries * k else np.full(queries, -np.inf)


def _best(before: _Found, more: _Found, k: int) -> _Found:
    query, row, cosine = (np.concatenate(parts) for parts in zip(before, more, strict=True))
    order = np.lexsort((row, -cosine, query))
    query = query[order]
    kept = np.arange(len(query)) - np.searchsorted(query, query) < k
    return _Found(query[kept], row[order][kept], cosine[order][kept])
