"""The page has the words and the figures, escapes what is not its own, and asks for nothing."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest
from made_findings import change, findings, outcome

from sentcse.worth.corpus import NearDuplicates
from sentcse.worth.findings import Findings
from sentcse.worth.page import LEFT, WIDTH, corpus_table, judgement, picture, render, score_tables
from sentcse.worth.scores import Change
from sentcse.worth.verdict import verdict
from sentcse.worth.words import over_the_command

NAN = float("nan")


def page(found: Findings) -> str:
    words = {"corpus": ["A word on the text."], "cost": ["It took long."], "unknown": ["Much."]}
    judged = verdict(found)
    return render(found, judged, next_=(over_the_command(found, judged), "python -m sentcse.train"), **words)


class Whole(HTMLParser):
    """Every element that is opened is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in ("meta", "link"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_says_what_the_terminal_says() -> None:
    text = page(findings([outcome(change(1.0, p=0.001))] * 4))
    for part in (
        "Is training on mine.txt worth it?",
        "Train with simcse for 10 steps, which gained 1.00 points on your pairs.",
        "A word on the text.",
        "It took long.",
        "Much.",
        "python -m sentcse.worth encoder=some/model",
        "your pairs",
        "The training",
    ):
        assert part in text
    parser = Whole()
    parser.feed(text)
    assert parser.open == []
    assert "http" not in text.replace("http-equiv", "")
    assert "<script" not in text


def test_texts_of_the_corpus_are_escaped() -> None:
    found = findings([outcome()] * 4)
    found.corpus.faults.add("<img src=x onerror=alert(1)>")
    text = page(replace(found, near=NearDuplicates(2, 6, [("<b>a", "b</b>")])))
    assert "<img" not in text
    assert "&lt;img src=x onerror=alert(1)&gt;" in text
    assert "&lt;b&gt;a  |  b&lt;/b&gt;" in text
    assert "If you train all the same" in text


def test_own_pairs_have_a_table_where_there_are_some() -> None:
    own, general, free = score_tables(findings([outcome(change(1.0, p=0.001)), outcome(change(-1.0, p=0.001))]))
    assert own.lines[0] == ("simcse", "10", "70.00 \u2192 71.00", "+1.00", "[0.50, 1.50]", "0.001", "better")
    assert own.lines[1][-1] == "worse"
    assert general.lines[0][2:4] == ("70.00 \u2192 70.10", "+0.10")
    assert free.lines[0] == (
        "simcse",
        "10",
        "1.5 \u2192 1.3",
        "\u22123.00 \u2192 \u22123.20",
        "95.0",
        "20 s",
    )
    assert [len(table.columns) == len(table.align) == len(table.lines[0]) for table in (own, general, free)] == [
        True
    ] * 3
    assert [table.title for table in score_tables(findings([outcome()]))] == [general.title, free.title]


def test_the_picture_keeps_the_order_of_figures() -> None:
    changes = [change(1.0, p=0.001), change(-0.7), Change(70.0, NAN, NAN, NAN, NAN, NAN), change(0.0)]
    drawn = picture(findings([outcome(each) for each in changes]))
    assert [bar.name for bar in drawn.bars] == ["simcse, 10 steps", "micse, 10 steps", "micse, 40 steps"]
    for bar, each in zip(drawn.bars, [changes[0], changes[1], changes[3]], strict=True):
        assert LEFT <= bar.low < bar.at < bar.high <= WIDTH
        assert (bar.at - drawn.zero) == pytest.approx(
            each.difference * (drawn.bars[0].high - drawn.bars[1].low) / 2.7, abs=0.2
        )
    assert drawn.bars[0].kind == "good"
    assert picture(findings([outcome()])).title == "Points gained or lost on general pairs"


def test_counts_of_the_corpus_and_their_shares() -> None:
    rows = {row[0]: row[1:] for row in corpus_table(findings([outcome()])).lines}
    assert rows["rows that can be trained on"] == ("1,000", "")
    assert rows["repeated token by token"] == ("0", "0.00%")
    assert rows["script: Latin"] == ("6", "100.00%")
    assert rows["test sentences of STS-B"] == ("0", "0.00%")


def test_judgements() -> None:
    assert [judgement(each) for each in (change(1, p=0.01), change(-1, p=0.01), change(1, p=0.05))] == [
        "better",
        "worse",
        "not told apart",
    ]
