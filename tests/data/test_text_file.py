from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from sentcse.data.text_file import TextFile
from sentcse.errors import DataError


def test_rows_are_streamed_without_the_blank_ones(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("one\n\n  \ntwo\n")
    rows = TextFile(path).iter_rows()
    assert next(rows) == ("one",)
    assert list(rows) == [("two",)]


def test_hash_of_a_plain_file_is_the_files_own(tmp_path: Path) -> None:
    for name in ("a.txt", "b.TXT", "a.csv", "a.tsv"):
        (tmp_path / name).write_text("a,text\n1,2\n")
    own = hashlib.sha256((tmp_path / "a.txt").read_bytes()).hexdigest()
    assert TextFile(tmp_path / "a.txt").sha256 == TextFile(tmp_path / "b.TXT").sha256 == own
    others = {
        TextFile(tmp_path / "a.txt", encoding="latin-1").sha256,
        TextFile(tmp_path / "a.tsv").sha256,
        TextFile(tmp_path / "a.csv").sha256,
        TextFile(tmp_path / "a.csv", encoding="latin-1").sha256,
        TextFile(tmp_path / "a.csv", columns=("a",)).sha256,
        TextFile(tmp_path / "a.csv", columns=("text",)).sha256,
    }
    assert len(others - {own}) == 6


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff", " \r\n"])
def test_empty_file(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=r"a\.txt is empty: not one row with text"):
        list(TextFile(path).iter_rows())


def test_missing_file_says_where_and_what_lies_nearby(tmp_path: Path) -> None:
    (tmp_path / "wiki_sentences.txt").write_text("x\n")
    with pytest.raises(
        DataError, match=r"wiki_sentence\.txt does not exist\. Did you mean wiki_sentences\.txt\? .*SENTCSE_DATA"
    ):
        list(TextFile(tmp_path / "wiki_sentence.txt").iter_rows())
    with pytest.raises(DataError, match="is a folder"):
        TextFile(tmp_path).sha256  # noqa: B018
    with pytest.raises(DataError, match="does not exist"):
        TextFile(tmp_path / "no" / "such" / "folder.txt").sha256  # noqa: B018


def test_a_file_that_grows_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("one\ntwo\n")
    rows = TextFile(path).iter_rows()
    next(rows)
    with path.open("a") as file:
        file.write("three\n")
    with pytest.raises(DataError, match="changed while it was read"):
        list(rows)


def test_more_columns_than_a_row_has_texts() -> None:
    with pytest.raises(DataError, match=r"data\.columns has 4 names"):
        TextFile("a.csv", columns=["a", "b", "c", "d"])


def test_a_path_from_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.txt").write_text("one\n")
    assert list(TextFile("~/a.txt").iter_rows()) == [("one",)]
