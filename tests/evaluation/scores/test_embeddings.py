from __future__ import annotations

import math

import numpy as np
import pytest

from sentcse.errors import SentcseError
from sentcse.evaluation.scores.embeddings import distinct_sentences, embed_tasks


def vector(sentence: str) -> list[float]:
    return [len(sentence), sentence.count("a")]


def test_each_sentence_is_encoded_once_over_all_tasks_longest_first(make_encoder, make_task):
    one = make_task("one", [("aa", "a bbb", 1.0), ("aa", "cc", 2.0)])
    two = make_task("two", [("cc", "aa", 0.0), ("dddd", "cc", 3.0)])
    encoder = make_encoder(vector)
    table = embed_tasks(encoder, [one, two], batch_size=7, max_length=9)
    assert encoder.calls == [
        {"sentences": ["a bbb", "dddd", "aa", "cc"], "batch_size": 7, "precision": "float32", "max_length": 9}
    ]
    assert len(table) == 4
    np.testing.assert_array_equal(table.rows(["cc", "aa", "cc"]), [[2, 0], [2, 2], [2, 0]])


def test_order_of_equally_long_sentences_is_that_of_appearance(make_task):
    assert distinct_sentences([make_task("x", [("b", "a", 1.0), ("d", "c", 2.0)])]) == ["b", "d", "a", "c"]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_vector_that_is_not_finite_stops_with_its_sentence(make_encoder, make_task, bad):
    encoder = make_encoder({"fine": [1, 2], "broken one": [1, bad]})
    with pytest.raises(SentcseError, match=r"1 of 2 sentences hold NaN or infinity, first for 'broken one'"):
        embed_tasks(encoder, [make_task("x", [("fine", "broken one", 1.0)])], batch_size=2, max_length=9)


def test_truncated_sentences_are_counted(make_encoder, make_task):
    fits, cut = "word " * 18 + "w", "word " * 18 + "w w"
    table = embed_tasks(make_encoder(vector), [make_task("x", [(fits, cut, 1.0)])], batch_size=2, max_length=21)
    assert table.truncated == {cut}


def test_a_prompt_takes_its_tokens(make_encoder, make_task):
    encoder = make_encoder(vector)
    encoder.prompt = "a b c d "
    encoder.tokenize = lambda sentences, max_length: [[0] * (len(each.split()) + 4) for each in sentences]
    table = embed_tasks(encoder, [make_task("x", [("w w w", "w", 1.0)])], batch_size=2, max_length=6)
    assert table.truncated == {"w w w"}


def test_an_unknown_sentence_is_no_row(make_encoder, make_task):
    table = embed_tasks(make_encoder(vector), [make_task("x", [("a", "b", 1.0)])], batch_size=2, max_length=9)
    with pytest.raises(KeyError):
        table.rows(["c"])


def test_leading_values_of_the_same_sentences(make_encoder, make_task):
    task = make_task("x", [("aa", "bbb", 1.0)])
    table = embed_tasks(make_encoder(vector), [task], batch_size=2, max_length=2)
    first = table.leading(1)
    np.testing.assert_array_equal(first.rows(["aa", "bbb"]), [[2], [3]])
    np.testing.assert_array_equal(table.leading(None).rows(["aa"]), table.rows(["aa"]))
    assert (len(first), first.truncated) == (2, table.truncated)
