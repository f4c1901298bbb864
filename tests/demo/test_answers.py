from __future__ import annotations

import re
from html import unescape

import numpy as np
import pytest
from demo_parts import HOSTILE, SENTENCES, make_answers, make_model

from sentcse.demo.answers import LONGEST, MOST, SHADES, note

OURS = {"div", "section", "h3", "ol", "li", "span", "small", "p", "table", "thead", "tbody", "tr", "th", "td"}
"""Tags of our own."""


def test_a_search_shows_sentences_and_cosines_best_first() -> None:
    html = make_answers(top_k=3).search("  the dog sits ")
    hits = make_model().search("the dog sits", top_k=3)
    assert [unescape(text) for text in re.findall(r"<span>(.*?)</span></li>", html)] == [
        SENTENCES[hit.row] for hit in hits
    ]
    assert re.findall(r'class="cosine">(.*?)<', html) == [f"{hit.cosine:.3f}" for hit in hits]
    assert "other model" not in html


def test_of_two_models_each_says_where_the_other_has_it() -> None:
    html = make_answers(2, top_k=2).search("the dog sits")
    assert re.findall(r"<h3>(.*?)</h3>", html) == ["tiny 0", "tiny 1"]
    rows = [[hit.row for hit in make_model(seed=seed).search("the dog sits", top_k=2)] for seed in (0, 1)]
    expected = []
    for mine, other in ((rows[0], rows[1]), (rows[1], rows[0])):
        for row in mine:
            rank = f"rank {other.index(row) + 1} with" if row in other else "not found by"
            expected.append(f"{rank} the other model")
    assert re.findall(r"<small>(.*?)</small>", html) == expected


def test_a_heat_map_is_the_cosines() -> None:
    html = make_answers().compare("the dog runs\n\n  the dog sits \na woman plays\n")
    cosines = make_model().similarities(["the dog runs", "the dog sits", "a woman plays"])
    cells = re.findall(r'<td class="shade-(\d+)">(.*?)</td>', html)
    np.testing.assert_allclose([float(text) for _, text in cells], cosines.ravel(), atol=0.0051)
    assert [int(shade) for shade, _ in cells] == [
        round(min(max(round(value, 2), 0), 1) * SHADES) for value in cosines.ravel().tolist()
    ]
    assert "-0.00" not in html


def test_text_is_never_html() -> None:
    answers = make_answers(2)
    searched, compared = answers.search(HOSTILE[0]), answers.compare("\n".join(HOSTILE))
    for html in (searched, compared, note(HOSTILE[1])):
        tags = set(re.findall(r"<\s*/?\s*(\w+)", html))
        assert tags <= OURS
        assert "'broken'" not in html
    for sentence in HOSTILE:
        assert sentence in unescape(searched)
        assert sentence in unescape(compared)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (" \n", f"{len(SENTENCES)} sentences are searched"),
        ("x" * (LONGEST + 1), "At most 1,000 characters are searched for: these are 1,001."),
        ("half \ud800 of one", "half of a character"),
    ],
)
def test_a_search_that_cannot_be_done_is_a_sentence(question: str, said: str) -> None:
    html = make_answers().search(question)
    assert html.startswith('<p class="note"')
    assert said in html


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "two sentences or more"),
        ("one\n\n", "two sentences or more"),
        ("a\n" * (MOST + 1), "At most 20 sentences are compared: these are 21."),
        ("a\n" + "x" * (LONGEST + 1), "At most 1,000 characters of a sentence"),
        ("a\n\udfff", "half of a character"),
    ],
)
def test_a_comparison_that_cannot_be_made_is_a_sentence(text: str, said: str) -> None:
    html = make_answers().compare(text)
    assert html.startswith('<p class="note"')
    assert said in html


def test_the_longest_is_answered() -> None:
    answers = make_answers(2)
    assert "cosine" in answers.search("x" * LONGEST)
    assert answers.compare("\n".join(["x" * LONGEST] * MOST)).count("<td class") == 2 * MOST * MOST
