from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sentcse.data.formats import MAX_CHARACTERS, Record
from sentcse.data.in_memory import OpenDataset, TextRows, as_source
from sentcse.data.text_file import TextFile
from sentcse.errors import DataError


def test_sentences_pairs_and_hard_negatives() -> None:
    assert list(TextRows(["a", "b"]).iter_records()) == [Record(1, ("a",), False), Record(2, ("b",), False)]
    assert [each.texts for each in TextRows([("a", "b"), ["c", "d"]]).iter_records()] == [("a", "b"), ("c", "d")]
    assert [each.texts for each in TextRows([("a", "b", "c")]).iter_records()] == [("a", "b", "c")]
    assert TextRows(["a"] * 1234).name == "1,234 rows in memory"


def test_long_texts_are_cut_as_those_of_a_file() -> None:
    (record,) = TextRows(["a" * (MAX_CHARACTERS + 1)]).iter_records()
    assert record == Record(1, ("a" * MAX_CHARACTERS,), True)


def test_the_hash_is_of_the_content() -> None:
    known = TextRows(["ab", "c"]).sha256
    assert TextRows(("ab", "c")).sha256 == known
    others = [TextRows(each).sha256 for each in (["a", "bc"], ["c", "ab"], [("ab", "c")], ["ab"])]
    assert len({known, *others}) == 5


@pytest.mark.parametrize(
    ("rows", "number"),
    [(["a", ("b", "c")], 2), ([("a", "b"), ("c",)], 2), ([("a", "b", "c", "d")], 1), (["a", (3,)], 2), ([()], 1)],
)
def test_rows_that_do_not_fit(rows: Any, number: int) -> None:
    with pytest.raises(DataError, match=f"Row {number} of the texts in memory is .*: each must be a sentence"):
        TextRows(rows)


def test_no_row() -> None:
    with pytest.raises(DataError, match="0 rows in memory is empty"):
        list(TextRows([]).iter_rows())


def test_a_dataset_is_read_where_it_is() -> None:
    datasets = pytest.importorskip("datasets")
    table = datasets.Dataset.from_dict({"text": ["one sentence", "", "another"], "n": [1, 2, 3]})
    source = as_source(table.select_columns("text"))
    assert isinstance(source, OpenDataset)
    assert [record.texts for record in source.iter_records()] == [("one sentence",), ("",), ("another",)]
    assert source.header == ("text",)
    again = datasets.Dataset.from_dict({"text": ["one sentence", "", "another"]})
    other = datasets.Dataset.from_dict({"text": ["one sentence", "", "other"]})
    assert as_source(other).sha256 != as_source(again).sha256
    with pytest.raises(DataError, match=r"row 1: '1', where a text was expected"):
        list(OpenDataset(table, columns=["n"]).iter_records())


def test_whatever_a_program_holds(tmp_path: Path) -> None:
    source = TextRows(["a"])
    assert as_source(source) is source
    for path in (tmp_path / "x.txt", str(tmp_path / "x.txt")):
        found = as_source(path)
        assert isinstance(found, TextFile)
        assert found.path == tmp_path / "x.txt"
    assert isinstance(as_source(("a", "b")), TextRows)
    datasets = pytest.importorskip("datasets")
    splits = datasets.DatasetDict({"train": datasets.Dataset.from_dict({"text": ["a"]})})
    for strange in (splits, iter(["a"]), {"a": 1}, None):
        with pytest.raises(DataError, match="source must be a file's path, a list of texts"):
            as_source(strange)
