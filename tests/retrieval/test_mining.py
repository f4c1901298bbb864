"""Pairs against all pairs, communities against the same greedy rule on a whole matrix."""

from __future__ import annotations

import numpy as np
import pytest

from sentcse.retrieval import mining
from sentcse.retrieval.exact import Vectors
from sentcse.retrieval.mining import communities, paraphrases


@pytest.fixture(scope="module")
def groups() -> Vectors:
    """40 directions with 1 to 12 noisy copies of each, in random order."""
    random = np.random.default_rng(3)
    drawn = np.repeat(random.standard_normal((40, 24)), random.integers(1, 13, 40), axis=0)
    drawn += 0.15 * random.standard_normal(drawn.shape)
    random.shuffle(drawn)
    unit: Vectors = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    return unit


def test_all_pairs_where_every_neighbour_is_looked_at(groups: Vectors) -> None:
    cosines = groups.astype(np.float64) @ groups.T.astype(np.float64)
    wanted = {(i, j) for i, j in np.argwhere(cosines >= 0.9).tolist() if i < j}
    found = paraphrases(groups, threshold=0.9, top_k=len(groups))
    assert set(zip(found.first.tolist(), found.second.tolist(), strict=True)) == wanted
    assert len(wanted) == len(found.cosines) > 100
    assert (np.diff(found.cosines) <= 0).all()
    assert found.cosines == pytest.approx([cosines[pair] for pair in zip(found.first, found.second, strict=True)])


def test_limit_takes_the_best(groups: Vectors) -> None:
    some, all_ = paraphrases(groups, threshold=0.9, limit=5), paraphrases(groups, threshold=0.9)
    assert some.cosines.tolist() == all_.cosines[:5].tolist()


def test_of_many_equal_rows_each_has_top_k_others(vectors: Vectors) -> None:
    """60 + 1 equal rows: each looks at the three of the lowest rows that are not itself."""
    found = paraphrases(vectors, threshold=0.999, top_k=3)
    pairs = set(zip(found.first.tolist(), found.second.tolist(), strict=True))
    equal = [7, *range(100, 160)]
    wanted = {tuple(sorted((row, other))) for row in equal for other in [each for each in equal if each != row][:3]}
    assert pairs == wanted


def greedy(vectors: Vectors, threshold: float, min_size: int) -> list[list[int]]:
    near = vectors.astype(np.float64) @ vectors.T.astype(np.float64) >= threshold
    free, found = set(range(len(vectors))), []
    for middle in sorted(free, key=lambda row: (-near[row].sum(), row)):
        members = [row for row in np.flatnonzero(near[middle]).tolist() if row in free and row != middle]
        if middle in free and len(members) + 1 >= min_size and near[middle].sum() >= min_size:
            found.append([middle, *members])
            free -= {middle, *members}
    return sorted(found, key=lambda each: (-len(each), each[0]))


@pytest.mark.parametrize("min_size", [2, 5])
@pytest.mark.parametrize("block", [1, 9, 1000])
def test_communities(groups: Vectors, min_size: int, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mining, "QUERY_BLOCK", block)
    monkeypatch.setattr(mining, "ROW_BLOCK", 2 * block + 1)
    found = communities(groups, threshold=0.85, min_size=min_size)
    assert [each.tolist() for each in found] == greedy(groups, 0.85, min_size)
    assert len(found) > 5
    rows = np.concatenate(found)
    assert len(set(rows.tolist())) == len(rows)


def test_nothing_is_alike(vectors: Vectors) -> None:
    assert communities(vectors[:100], threshold=0.99) == []
    assert len(paraphrases(vectors[:100], threshold=0.99).cosines) == 0
