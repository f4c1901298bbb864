"""faiss: what it proposes has exact cosines, its recall is what a count says, and its absence a sentence."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from sentcse.errors import SentcseError
from sentcse.retrieval.approximate import Approximate, kind_for
from sentcse.retrieval.exact import Vectors, nearest, pair_cosines


@pytest.fixture(scope="module")
def distinct() -> Vectors:
    drawn = np.random.default_rng(1).standard_normal((1000, 24))
    unit: Vectors = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    return unit


def test_flat_is_exact(distinct: Vectors) -> None:
    pytest.importorskip("faiss")
    made = Approximate.build(distinct, "auto")
    assert (made.kind, made.recall_at_10) == ("flat", 1.0)
    found, truth = made.nearest(distinct[:50], distinct, top_k=10), nearest(distinct[:50], distinct, top_k=10)
    assert (found.rows == truth.rows).all()
    assert (found.cosines == truth.cosines).all()


@pytest.mark.parametrize("kind", ["hnsw", "ivf"])
def test_what_is_found_has_its_cosine_and_its_order(distinct: Vectors, kind: str, tmp_path: Path) -> None:
    pytest.importorskip("faiss")
    made = Approximate.build(distinct, kind)
    found = made.nearest(distinct[:50], distinct, top_k=10)
    query = np.repeat(np.arange(50), 10)
    assert (found.cosines.ravel() == pair_cosines(distinct, distinct, query, found.rows.ravel())).all()
    assert (np.diff(found.cosines, axis=1) <= 0).all()
    assert (found.rows[:, 0] == np.arange(50)).all()
    made.write(tmp_path / "faiss.index")
    again = Approximate.stored(tmp_path / "faiss.index", made.kind, made.recall_at_10)
    assert (again.nearest(distinct[:50], distinct, top_k=10).rows == found.rows).all()


def test_recall_is_the_share_of_true_neighbours(distinct: Vectors) -> None:
    pytest.importorskip("faiss")
    made = Approximate.build(distinct, "ivf")
    chosen = np.unique(np.linspace(0, 999, 200).round().astype(int))
    found = made.nearest(distinct[chosen], distinct, top_k=11).rows
    cosines = distinct[chosen].astype(float) @ distinct.astype(float).T
    hits = 0
    for number, row in enumerate(chosen):
        cosines[number, row] = -2
        hits += len(set(np.argsort(-cosines[number])[:10]) & set(found[number]))
    assert made.recall_at_10 == pytest.approx(hits / (10 * len(chosen)))
    assert 0.1 < made.recall_at_10 < 1


def test_queries_for_which_too_few_are_proposed_go_through_all_rows(distinct: Vectors) -> None:
    pytest.importorskip("faiss")
    found = Approximate.build(distinct, "ivf").nearest(distinct[:3], distinct, top_k=1000)
    assert (found.rows == nearest(distinct[:3], distinct, top_k=1000).rows).all()


def test_the_kind_goes_by_size() -> None:
    assert [kind_for(rows) for rows in (10, 20_000, 20_001, 1_000_001)] == ["flat", "flat", "hnsw", "ivf"]


def test_wrong_arguments_and_damage(distinct: Vectors, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="kind must be auto, flat, hnsw, ivf, got 'tree'"):
        Approximate.build(distinct, "tree")
    pytest.importorskip("faiss")
    (tmp_path / "faiss.index").write_bytes(b"no index")
    with pytest.raises(SentcseError, match="is damaged or of another faiss"):
        Approximate.stored(tmp_path / "faiss.index", "flat", 1.0).nearest(distinct[:1], distinct, top_k=1)
    with pytest.raises(ValueError, match="top_k must be at least 1"):
        Approximate.build(distinct, "flat").nearest(distinct[:1], distinct, top_k=0)


def test_without_faiss_a_sentence_says_what_to_install(distinct: Vectors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(SentcseError, match=r"pip install 'sentcse\[search\]'"):
        Approximate.build(distinct, "flat")
