"""Files become different texts with numbers: pairs once, candidates from positives and the corpus."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentcse.errors import DataError
from sentcse.mine.texts import Texts, made_of, read_texts


def spelled(texts: Texts) -> tuple[list[tuple[str, str]], set[str]]:
    assert texts.positives is not None
    pairs = [(texts.texts[a], texts.texts[b]) for a, b in zip(texts.anchors, texts.positives, strict=True)]
    return pairs, {texts.texts[number] for number in texts.candidates}


def test_pairs_and_a_corpus(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "pairs.csv").write_text("anchor,positive\na, b\na,c\n a,b\n,d\nb,a\n", encoding="utf-8")
    (tmp_path / "corpus.txt").write_text("e\n\nb\ne\n", encoding="utf-8")
    with caplog.at_level("INFO"):
        alone = read_texts(tmp_path / "pairs.csv")
    assert "pairs.csv, the first row: anchor = anchor: 'a'; positive = positive: 'b'." in caplog.text
    assert "pairs.csv: rows with a blank text, left out: 1" in caplog.text
    assert "pairs.csv: rows that repeat an earlier one, left out: 1" in caplog.text
    assert spelled(alone) == ([("a", "b"), ("a", "c"), ("b", "a")], {"a", "b", "c"})
    both = read_texts(tmp_path / "pairs.csv", corpus=tmp_path / "corpus.txt")
    assert spelled(both) == (spelled(alone)[0], {"a", "b", "c", "e"})
    assert sorted(both.texts) == sorted(set(both.texts))


def test_what_a_first_line_was_taken_for_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "pairs.csv").write_text("q,a\nx,y\n", encoding="utf-8")
    with caplog.at_level("INFO"):
        read_texts(tmp_path / "pairs.csv")
    assert "pairs.csv, the first row: anchor: 'q'; positive: 'a'." in caplog.text


def test_an_anchor_is_no_candidate_unless_it_is_a_positive() -> None:
    assert spelled(made_of([("a", "b")], ["c"]))[1] == {"b", "c"}


def test_sentences_alone_have_positives_to_be_searched(tmp_path: Path) -> None:
    (tmp_path / "corpus.txt").write_text("x\ny\nx\n", encoding="utf-8")
    texts = read_texts(tmp_path / "corpus.txt")
    assert texts.positives is None
    assert [texts.texts[number] for number in texts.anchors] == ["x", "y"]
    assert texts.candidates.tolist() == [0, 1]


def test_named_columns_of_both_files(tmp_path: Path) -> None:
    (tmp_path / "pairs.jsonl").write_text('{"id": "1", "q": "a", "p": "b", "n": "x"}\n', encoding="utf-8")
    (tmp_path / "corpus.tsv").write_text("title\ttext\nA\tb c\n", encoding="utf-8")
    found = read_texts(
        tmp_path / "pairs.jsonl", columns=["q", "p"], corpus=tmp_path / "corpus.tsv", corpus_columns=["title", "text"]
    )
    assert spelled(found) == ([("a", "b")], {"b", "A b c"})


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("sent0,sent1,hard_neg\na,b,c\n", r"has three columns.*columns=\["),
        ("sent0,sent1\na,\n", "holds no row with a text in each column"),
        ("text,label\na,0\nb,1\n", r"set columns=\[text\]"),
    ],
)
def test_what_is_refused(content: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=sentence):
        read_texts(tmp_path / "pairs.csv")
    with pytest.raises(DataError, match="does not exist"):
        read_texts(tmp_path / "pair.csv")
