"""Exact search against a full sort in float64, whatever the blocks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sentcse.errors import DataError
from sentcse.retrieval.exact import Vectors, at_least, directions, nearest, pair_cosines


def full_sort(queries: Vectors, vectors: Vectors, k: int) -> np.ndarray:
    """Rows by descending cosine, equal ones by row: each product alone, in Python's own order."""
    found = []
    for query in queries.astype(np.float64):
        cosines = [float(np.einsum("i,i->", query, row)) for row in vectors.astype(np.float64)]
        found.append(sorted(range(len(vectors)), key=lambda row: (-cosines[row], row))[:k])
    return np.array(found)


@pytest.mark.parametrize("k", [1, 10, 59, 300])
def test_nearest_is_the_full_sort(vectors: Vectors, k: int) -> None:
    found = nearest(vectors[90:110], vectors, top_k=k)
    assert (found.rows == full_sort(vectors[90:110], vectors, k)).all()
    assert (np.diff(found.cosines, axis=1) <= 0).all()


@pytest.mark.parametrize("blocks", [(1, 1), (7, 13), (20, 99), (3, 1000)])
def test_blocks_change_nothing(vectors: Vectors, blocks: tuple[int, int]) -> None:
    whole = nearest(vectors[:50], vectors, top_k=30)
    cut = nearest(vectors[:50], vectors, top_k=30, query_block=blocks[0], row_block=blocks[1])
    assert (whole.rows == cut.rows).all()
    assert (whole.cosines == cut.cosines).all()


def test_equal_rows_come_in_their_order(vectors: Vectors) -> None:
    found = nearest(vectors[[120]], vectors, top_k=20)
    assert found.rows[0].tolist() == [7, *range(100, 119)]
    assert found.cosines[0] == pytest.approx(1, abs=1e-6)


def test_rows_that_float32_cannot_tell_apart() -> None:
    """The float32 product of both with the query is 1; the second is nearer."""
    query = np.array([[1, 0]], np.float32)
    rows = np.array([[1 - 2**-24, 2**-12], [1, 0]], np.float32)
    assert nearest(query, rows, top_k=1).rows.tolist() == [[1]]


def test_fewer_rows_than_asked_for_and_no_queries(vectors: Vectors) -> None:
    assert nearest(vectors[:2], vectors[:5], top_k=10).rows.shape == (2, 5)
    assert nearest(vectors[:0], vectors, top_k=10).rows.shape == (0, 10)


def test_a_mapped_file_is_searched(vectors: Vectors, tmp_path: Path) -> None:
    np.save(tmp_path / "vectors.npy", vectors)
    mapped = np.load(tmp_path / "vectors.npy", mmap_mode="r")
    assert (nearest(mapped[:9], mapped, top_k=5).rows == nearest(vectors[:9], vectors, top_k=5).rows).all()


def test_top_k_below_one(vectors: Vectors) -> None:
    with pytest.raises(ValueError, match="top_k must be at least 1, got 0"):
        nearest(vectors, vectors, top_k=0)


def test_at_least_decides_on_the_float64_cosine(vectors: Vectors) -> None:
    row, other = np.repeat(np.arange(300), 300), np.tile(np.arange(300), 300)
    cosines = pair_cosines(vectors, vectors, row, other).reshape(300, 300)
    exactly = float(cosines[3, 5])
    assert (at_least(vectors, vectors, exactly) == (cosines >= exactly)).all()
    assert at_least(vectors, vectors, exactly)[3, 5]
    assert not at_least(vectors, vectors, np.nextafter(exactly, 2))[3, 5]


def test_directions() -> None:
    given = np.array([[3, 4], [-1e-30, 0], [1e30, 1e30]], np.float32)
    np.testing.assert_allclose(directions(given, ["a", "b", "c"]), [[0.6, 0.8], [-1, 0], [0.5**0.5] * 2], rtol=1e-6)
    for bad in (0.0, np.nan, np.inf):
        given[1] = bad
        with pytest.raises(DataError, match="gives 'b' a vector without a direction"):
            directions(given, ["a", "b", "c"])
