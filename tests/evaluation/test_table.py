from __future__ import annotations

import math

import pytest

from sentcse.evaluation.table import COLUMNS, format_table, sts_average

SCORES = dict(zip(COLUMNS, (72.374, 80.604, 75.594, 85.394, 78.994, 82.034, 77.154), strict=True))


def test_the_average_is_of_unrounded_values():
    assert sts_average(SCORES) == pytest.approx(sum(SCORES.values()) / 7)
    # rounded first, it would be 78.87
    assert "78.88" in format_table({"x": SCORES})


@pytest.mark.parametrize("missing", COLUMNS)
def test_no_average_over_missing_or_collapsed_tasks(missing):
    assert sts_average({column: score for column, score in SCORES.items() if column != missing}) is None
    assert sts_average({**SCORES, missing: math.nan}) is None


def test_columns_are_fixed_and_aligned():
    lines = format_table({"a": SCORES, "longer name": {"STS12": 1.0, "mine": -3.25}}).split("\n")
    assert lines[0].split() == [
        "encoder",
        "STS12",
        "STS13",
        "STS14",
        "STS15",
        "STS16",
        "STS-B",
        "SICK-R",
        "avg",
        "mine",
    ]
    assert lines[2].split() == ["a", "72.37", "80.60", "75.59", "85.39", "78.99", "82.03", "77.15", "78.88", "-"]
    assert lines[3].split() == ["longer", "name", "1.00", *["-"] * 7, "-3.25"]
    assert len({len(line) for line in lines}) == 1


def test_collapsed_is_marked_and_explained():
    table = format_table({"x": {**SCORES, "STS-B": math.nan}})
    assert table.split("\n")[2].split() == ["x", "72.37", "80.60", "75.59", "85.39", "78.99", "*", "77.15", "-"]
    assert "* collapsed" in table
