"""Rows as table, JSON lines and CSV."""

from __future__ import annotations

import csv
import io
import json

from sentcse.retrieval.printing import render

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
