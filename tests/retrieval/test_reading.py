"""Sentences, ids and payloads of files."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentcse.errors import ConfigError, DataError
from sentcse.retrieval.reading import (
    Sentence,
    Sentences,
    iter_sentences,
    read_relevance,
    read_sentences,
    refuse_repeated_ids,
)


def written(folder: Path, name: str, content: str) -> Path:
    (folder / name).write_text(content, encoding="utf-8")
    return folder / name


def test_a_text_file(tmp_path: Path) -> None:
    path = written(tmp_path, "a.txt", "one\n\n two \n")
    assert read_sentences(path) == Sentences(["one", "two"], None, [{}, {}])


def test_the_form_of_beir(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "corpus.jsonl",
        '{"_id": "d1", "title": "Sun", "text": "It is hot.", "metadata": {}}\n'
        '{"_id": "d2", "title": "", "text": "No title."}\n{"_id": "d3", "title": "", "text": " "}\n',
    )
    found = read_sentences(path, columns=["title", "text"], id_column="_id", payload_columns=["title"])
    assert found == Sentences(["Sun It is hot.", "No title."], ["d1", "d2"], [{"title": "Sun"}, {"title": ""}])


def test_what_is_refused(tmp_path: Path) -> None:
    pairs = written(tmp_path, "pairs.tsv", "a\tb\n")
    with pytest.raises(DataError, match=r"pairs.tsv, line 1: 2 texts, where one sentence was expected"):
        read_sentences(pairs)
    with pytest.raises(DataError, match=r"name its column in corpus_columns\."):
        read_sentences(pairs, key="corpus_columns")
    with pytest.raises(DataError, match=r"a sentence a line, without named columns: leave columns empty\."):
        read_sentences(written(tmp_path, "lines.txt", "a\n"), columns=["text"])
    with pytest.raises(DataError, match=r"corpus's encoding as encoding \("):
        read_sentences(written(tmp_path, "lines.txt", "caf\u00e9\n"), encoding="ascii")
    with pytest.raises(DataError, match=r"only a; columns chooses what is read"):
        read_sentences(written(tmp_path, "rows.jsonl", '{"a": "b"}\n'), columns=["text"])
    with pytest.raises(ConfigError, match="id_column and payload need columns"):
        read_sentences(pairs, id_column="a")
    with pytest.raises(DataError, match=r"empty.txt is empty"):
        read_sentences(written(tmp_path, "empty.txt", "\n\n"))
    with pytest.raises(DataError, match=r"pairs.tsx does not exist. Did you mean pairs.tsv?"):
        read_sentences(tmp_path / "pairs.tsx")
    with pytest.raises(DataError, match="is a folder"):
        read_sentences(tmp_path)


def test_relevance(tmp_path: Path) -> None:
    path = written(tmp_path, "test.tsv", "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\nq2\td1\t1\n")
    assert read_relevance(path) == {"q1": {"d1": 2, "d2": 0}, "q2": {"d1": 1}}
    with pytest.raises(DataError, match=r"bad.tsv, line 2: the score 'high' is not a whole number"):
        read_relevance(written(tmp_path, "bad.tsv", "query-id\tcorpus-id\tscore\nq1\td1\thigh\n"))
    with pytest.raises(DataError, match="is empty"):
        read_relevance(written(tmp_path, "none.tsv", "query-id\tcorpus-id\tscore\n"))


def test_one_sentence_at_a_time(tmp_path: Path) -> None:
    """What stands behind a fault has not been read."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"one\n\n two\n\xff\n")
    sentences = iter_sentences(path)
    assert [next(sentences), next(sentences)] == [Sentence("one", None, {}), Sentence("two", None, {})]
    with pytest.raises(DataError, match="line 4: byte 0xff"):
        next(sentences)


def test_blank_rows_are_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = written(tmp_path, "rows.jsonl", '{"t": "a", "i": "x"}\n{"t": null, "i": "y"}\n{"t": " ", "i": "z"}\n')
    assert [each.text for each in iter_sentences(path, columns=["t"])] == ["a"]
    assert caplog.messages == [f"{path}: rows without a sentence, left out of the numbering, too: 2"]
    caplog.clear()
    assert [each.id for each in iter_sentences(path, columns=["t"], id_column="i")] == ["x"]
    assert caplog.messages == [f"{path}: rows without a sentence, left out: 2"]


def test_a_blank_id(tmp_path: Path) -> None:
    path = written(tmp_path, "rows.tsv", "i\tt\nx\ta\n \t \n \tb\n")  # the first blank one is of no sentence
    said = r"rows\.tsv, line 4: the id is blank, where each sentence needs its own: mend it, or leave out id_column"
    with pytest.raises(DataError, match=said):
        list(iter_sentences(path, columns=["t"], id_column="i"))
    with pytest.raises(DataError, match=said):
        refuse_repeated_ids(path, "i", columns=["t"])


def test_repeated_ids(tmp_path: Path) -> None:
    path = written(tmp_path, "rows.tsv", "i\tt\nx\ta\ny\tb\nz\tc\n")
    refuse_repeated_ids(path, "i", columns=["t"])
    path = written(tmp_path, "rows.tsv", "i\tt\nx\ta\ny\tb\nx\t \ny\tc\n")  # the second x has no sentence
    with pytest.raises(DataError, match=r"rows\.tsv, line 5: the id 'y' is that of line 3, too: ids must differ\.$"):
        refuse_repeated_ids(path, "i", columns=["t"])


def test_a_column_named_twice(tmp_path: Path) -> None:
    path = written(tmp_path, "rows.tsv", "i\tt\nx\ta\n")
    with pytest.raises(DataError, match=r"columns=\[t,t\] names 't' twice: name each column once\."):
        next(iter_sentences(path, columns=["t", "t"]))
