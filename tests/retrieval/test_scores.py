"""Retrieval scores against values worked out by hand."""

from __future__ import annotations

from math import log2

import pytest

from sentcse.encoder import SentenceEncoder
from sentcse.errors import DataError
from sentcse.retrieval.index import Index
from sentcse.retrieval.scores import retrieval_scores, score_index


def test_by_hand() -> None:
    ranked = [["a", "b", "c", "d"], ["x", "y"]]
    relevant = [{"b": 1, "d": 2}, {"x": 1, "gone": 1}]
    scores = retrieval_scores(ranked, relevant)
    first = (1 / log2(3) + 2 / log2(5)) / (2 / log2(2) + 1 / log2(3))
    second = 1 / (1 + 1 / log2(3))  # the best order would have both
    assert scores["ndcg@10"] == pytest.approx((first + second) / 2)
    assert scores["mrr@10"] == pytest.approx((1 / 2 + 1) / 2)
    assert scores["recall@1"] == pytest.approx((0 + 1 / 2) / 2)
    assert scores["recall@10"] == scores["recall@100"] == pytest.approx((1 + 1 / 2) / 2)


def test_the_eleventh_place() -> None:
    ranked = [[str(place) for place in range(1, 101)]]
    scores = retrieval_scores(ranked, [{"11": 1, "100": 1}])
    assert (scores["ndcg@10"], scores["mrr@10"], scores["recall@10"], scores["recall@100"]) == (0, 0, 0, 1)


def test_a_grade_of_zero_or_less_is_not_relevant() -> None:
    scores = retrieval_scores([["a", "b"]], [{"a": 0, "b": 1, "c": -1}])
    assert scores["mrr@10"] == 0.5
    assert scores["recall@10"] == 1
    with pytest.raises(ValueError, match="every query must have something relevant"):
        retrieval_scores([["a"]], [{"a": 0}])


def test_many_queries_keep_their_own_hits() -> None:
    """Query n has its one relevant id at place n mod 10 + 1."""
    ranked = [[str(place) for place in range(10)] for _ in range(300)]
    scores = retrieval_scores(ranked, [{str(n % 10): 1} for n in range(300)])
    assert scores["mrr@10"] == pytest.approx(sum(1 / place for place in range(1, 11)) / 10)
    assert scores["ndcg@10"] == pytest.approx(sum(1 / log2(place + 1) for place in range(1, 11)) / 10)
    assert scores["recall@1"] == pytest.approx(0.1)


def test_an_index_is_scored_and_unknown_ids_are_refused(encoder: SentenceEncoder) -> None:
    index = Index.build(encoder, ["a man", "music", "the city"], ids=["m", "u", "c"])
    queries = {"q1": "music", "q2": "a man", "q3": "nobody asks"}
    scores = score_index(index, encoder, queries, {"q1": {"u": 1}, "q2": {"m": 2, "u": 0}})
    assert scores == {"ndcg@10": 1, "mrr@10": 1, "recall@1": 1, "recall@10": 1, "recall@100": 1, "queries": 2}
    with pytest.raises(DataError, match="the query 'q9', which is not among"):
        score_index(index, encoder, queries, {"q9": {"u": 1}})
    with pytest.raises(DataError, match="the relevant id 'x', which the index does not hold"):
        score_index(index, encoder, queries, {"q1": {"x": 1}})
    with pytest.raises(DataError, match="Nothing is relevant"):
        score_index(index, encoder, queries, {"q1": {"u": 0}})
