from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from demo_parts import SENTENCES, make_model

from sentcse.demo.models import names_of


def test_search_is_the_largest_cosines() -> None:
    model = make_model()
    cosines = model.similarities([*SENTENCES, "the dog sits"])[-1, :-1]
    found = model.search("the dog sits", top_k=3)
    assert [hit.row for hit in found] == np.argsort(-cosines)[:3].tolist()
    np.testing.assert_allclose([hit.cosine for hit in found], np.sort(cosines)[::-1][:3], atol=1e-6)
    assert len(model.search("the dog sits", top_k=99)) == len(SENTENCES)


def test_a_sentence_of_the_corpus_finds_itself() -> None:
    model = make_model()
    for row, sentence in enumerate(SENTENCES):
        (first,) = model.search(sentence, top_k=1)
        assert (first.row, round(first.cosine, 5)) == (row, 1.0)


def test_many_at_a_time_get_what_one_would() -> None:
    model = make_model()
    questions = [f"the dog {'runs ' * (number % 9)}" for number in range(64)]
    with ThreadPoolExecutor(8) as executor:
        found = list(executor.map(lambda question: model.search(question, top_k=2), questions))
    assert found == [model.search(question, top_k=2) for question in questions]


@pytest.mark.parametrize(
    ("sources", "poolers", "names"),
    [
        (["runs/mine/encoder"], ["avg"], ["mine/encoder (avg)"]),
        (["package:gt_model/model"], ["avg"], ["gt_model/model (avg)"]),
        (["bert-base-uncased"], ["cls"], ["bert-base-uncased (cls)"]),
        (["x", "x"], ["cls", "avg"], ["x (cls)", "x (avg)"]),
        (["a/runs/m/e", "b/runs/m/e"], ["avg", "avg"], ["a/runs/m/e (avg)", "b/runs/m/e (avg)"]),
        (["x", "x"], ["avg", "avg"], ["A: x (avg)", "B: x (avg)"]),
    ],
)
def test_two_models_have_two_names(sources: list[str], poolers: list[str], names: list[str]) -> None:
    assert names_of(sources, poolers) == names
