from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from corpora import texts

from sentcse.data.formats import MAX_CHARACTERS, open_rows
from sentcse.errors import DataError


def test_text_keeps_every_line_as_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    assert texts(path, 'a, "b"\n  c\td \n\n') == [('a, "b"',), ("  c\td ",), ("",)]
    path.write_text("a\n \t\nb\n")
    assert [record.is_blank for record in open_rows(path, None, "utf-8").records] == [False, True, False]


def test_published_nli_file_has_a_header_and_hard_negatives(tmp_path: Path) -> None:
    path = tmp_path / "nli.csv"
    content = 'sent0,sent1,hard_neg\n"One, of ""them"".",Two.,Three.\nA\nB'.replace("A\nB", '"A\nB",C,D\n')
    assert texts(path, content) == [('One, of "them".', "Two.", "Three."), ("A\nB", "C", "D")]
    assert open_rows(path, None, "utf-8").header == ("sent0", "sent1", "hard_neg")


@pytest.mark.parametrize(
    ("first", "is_header"),
    [("sentence", True), ("text", True), ("Hello", False), ("A text.", False), ("premise,hypothesis", True)],
)
def test_a_header_is_recognised_by_usual_names_alone(tmp_path: Path, first: str, is_header: bool) -> None:
    row = ",".join("x" for _ in first.split(","))
    found = texts(tmp_path / "a.csv", f"{first}\n{row}\n")
    assert found == [tuple(row.split(","))] if is_header else [tuple(first.split(",")), tuple(row.split(","))]


def test_columns_choose_by_name_and_in_order(tmp_path: Path) -> None:
    table = "id,score,b,a\n1,0.5,bb,aa\n"
    assert texts(tmp_path / "a.csv", table, ["a", "b"]) == [("aa", "bb")]
    assert texts(tmp_path / "a.tsv", table.replace(",", "\t"), ["b"]) == [("bb",)]
    with pytest.raises(DataError, match=r"a\.csv has no column c: its first line reads id, score, b, a"):
        texts(tmp_path / "a.csv", table, ["a", "c"])
    with pytest.raises(DataError, match=r"line 1: 4 columns.* name up to three .* data\.columns"):
        texts(tmp_path / "a.csv", table)


def test_blank_lines_of_a_table_are_blank_rows(tmp_path: Path) -> None:
    for name, mark in (("a.csv", ","), ("a.tsv", "\t")):
        content = f"\na{mark}b\n\nc{mark}\n"
        assert texts(tmp_path / name, content) == [("a", "b"), ("", ""), ("c", "")]


@pytest.mark.parametrize(("name", "mark"), [("a.csv", ","), ("a.tsv", "\t")])
def test_wrong_column_count_names_file_and_line(tmp_path: Path, name: str, mark: str) -> None:
    with pytest.raises(DataError, match=rf"{name}, line 3: 3 columns, where the first line has 2"):
        texts(tmp_path / name, f"a{mark}b\nc{mark}d\ne{mark}f{mark}g\n")


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.txt", "{}"), ("a.csv", "{},x"), ("a.tsv", "x\t{}"), ("a.jsonl", '{{"text": "{}"}}')],
)
def test_enormous_texts_are_cut_in_every_form(tmp_path: Path, name: str, content: str) -> None:
    path = tmp_path / name
    path.write_text(content.format("y" * 300_000) + "\n")
    (record,) = open_rows(path, None, "utf-8").records
    assert record.cut
    assert max(len(text) for text in record.texts) == MAX_CHARACTERS


def test_other_extensions_and_columns_of_a_text_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"ends in '\.pdf': a corpus is one of \.txt, .* \.parquet"):
        open_rows(tmp_path / "a.pdf", None, "utf-8")
    with pytest.raises(DataError, match="without named columns"):
        open_rows(tmp_path / "a.txt", ["text"], "utf-8")


def test_a_null_is_a_blank_row(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    assert texts(path, '{"a": "x", "b": null}\n{"a": null, "b": "y"}\n{"a": "x", "b": "y"}\n') == [
        ("x", ""),
        ("", "y"),
        ("x", "y"),
    ]
    assert [record.is_blank for record in open_rows(path, None, "utf-8").records] == [True, True, False]


def test_parquet_rows_and_what_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"n": [1, 2, 3], "a": ["x", None, "z"], "b": ["u", "v", "w"]}), path)
    assert open_rows(path, None, "utf-8").header == ("a", "b")
    assert [record.texts for record in open_rows(path, None, "utf-8").records] == [("x", "u"), ("", "v"), ("z", "w")]
    assert [record.texts for record in open_rows(path, ["b"], "utf-8").records] == [("u",), ("v",), ("w",)]
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(DataError, match=r"a\.parquet is not a whole \.parquet file"):
        open_rows(path, None, "utf-8")


def test_packed_forms(tmp_path: Path) -> None:
    for name, content in (("a.txt.gz", "one\n"), ("a.csv.gz", "text\none\n"), ("a.JSONL.GZ", '{"text": "one"}\n')):
        (tmp_path / name).write_bytes(gzip.compress(content.encode()))
        assert [record.texts for record in open_rows(tmp_path / name, None, "utf-8").records] == [("one",)]
