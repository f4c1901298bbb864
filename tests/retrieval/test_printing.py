"""Rows as table, JSON lines and CSV."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from sentcse.retrieval.printing import render, write_rows

ROWS = [
    {"cosine": 0.5, "id": "a", "sentence": "two\nlines, a comma", "payload": {"k": "ü"}},
    {"cosine": 0.25, "id": "bb", "sentence": "x", "payload": {}},
]


def test_json_lines_hold_everything() -> None:
    assert [json.loads(line) for line in render(ROWS, "jsonl").splitlines()] == ROWS


def test_csv_holds_everything() -> None:
    first, second = csv.DictReader(io.StringIO(render(ROWS, "csv"), newline=""))
    assert (first["sentence"], json.loads(first["payload"])) == ("two\nlines, a comma", {"k": "ü"})
    assert (second["cosine"], second["id"]) == ("0.25", "bb")


def test_a_table_has_a_line_a_row_and_leaves_out_what_is_always_empty() -> None:
    assert render(ROWS, "table").splitlines()[1] == '0.5000  a   two lines, a comma  {"k": "ü"}'
    bare = [{**row, "payload": {}} for row in ROWS]
    assert render(bare, "table").splitlines() == [
        "cosine  id  sentence",
        "0.5000  a   two lines, a comma",
        "0.2500  bb  x",
    ]


def test_nothing() -> None:
    assert render([], "csv") == ""


@pytest.mark.parametrize(
    ("form", "name", "begins"),
    [(None, "a.csv", "x,y"), (None, "a.jsonl", '{"x"'), (None, "a.txt", "x"), ("jsonl", "a.csv", '{"x"')],
)
def test_a_file_has_the_form_that_is_named_else_that_of_its_ending(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], form: Any, name: str, begins: str
) -> None:
    path = tmp_path / "new" / name
    write_rows([{"x": 1, "y": "b"}], form, path)
    assert path.read_text(encoding="utf-8").startswith(begins)
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", f"wrote {path}\n")
