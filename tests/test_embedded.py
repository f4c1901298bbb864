"""The text that ships with the project is what the README says of it."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from sentcse.evaluation.tasks.sts import load_pairs
from sentcse.machine.locate import locate

FOLDER = Path(locate("package:sentcse/embedded"))


def test_sentences_are_distinct_and_of_many_topics() -> None:
    with (FOLDER / "sentences.tsv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert len(rows) == len({row["sentence"].casefold() for row in rows}) == 1800
    topics = Counter(row["topic"] for row in rows)
    assert len(topics) == 20
    assert set(topics.values()) == {90}
    assert all(row["sentence"][-1] in ".?!" for row in rows)


def test_pairs_cover_the_whole_scale_and_share_no_sentence() -> None:
    dev, test = (load_pairs(FOLDER / f"pairs_{part}.tsv", name="pairs", split=part) for part in ("dev", "test"))
    assert dev.pairs == test.pairs == 150
    sentences = [s for task in (dev, test) for pairs in task.sources for s in (*pairs.sentences1, *pairs.sentences2)]
    assert len(set(sentences)) == 600
    for task in (dev, test):
        gold = task.sources[0].gold
        assert (gold.min(), gold.max()) == (0, 5)
        assert all(((low <= gold) & (gold <= low + 1)).sum() >= 20 for low in range(5))


@pytest.mark.parametrize("part", ["dev", "test"])
def test_word_overlap_does_not_solve_the_pairs(part: str) -> None:
    from scipy.stats import spearmanr

    (pairs,) = load_pairs(FOLDER / f"pairs_{part}.tsv", name="pairs", split=part).sources
    words = [
        (set(a.lower().split()), set(b.lower().split()))
        for a, b in zip(pairs.sentences1, pairs.sentences2, strict=True)
    ]
    overlap = [len(a & b) / len(a | b) for a, b in words]
    assert spearmanr(overlap, pairs.gold).statistic < 0.5
