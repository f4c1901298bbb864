from __future__ import annotations

import math
import re

import pytest

from sentcse.evaluation.reports.table import Row, Table, format_table
from sentcse.evaluation.scores.results import COLUMNS, mean_of, sts_average

SCORES = dict(zip(COLUMNS, (72.374, 80.604, 75.594, 85.394, 78.994, 82.034, 77.154), strict=True))


def test_the_average_is_of_unrounded_values():
    assert sts_average(SCORES) == pytest.approx(sum(SCORES.values()) / 7)
    # rounded first, it would be 78.87
    assert f"{sts_average(SCORES):.2f}" == "78.88"
    assert sum(round(score, 2) for score in SCORES.values()) / 7 == pytest.approx(78.8743, abs=1e-4)


@pytest.mark.parametrize("missing", COLUMNS)
def test_no_average_over_missing_or_collapsed_tasks(missing):
    assert sts_average({column: score for column, score in SCORES.items() if column != missing}) is None
    assert sts_average({**SCORES, missing: math.nan}) is None
    assert sts_average({**SCORES, missing: None}) is None


def test_mean_of_takes_only_its_columns():
    assert mean_of({"a": 1.0, "b": 2.0, "c": 90.0}, ("a", "b")) == 1.5


def test_columns_are_fixed_and_aligned():
    table = Table((*COLUMNS, "avg", "mine"), [Row("a", {**SCORES, "avg": 78.88}), Row("longer name", {"mine": -3.25})])
    lines = format_table(table).split("\n")
    assert lines[0].split() == ["encoder", *COLUMNS, "avg", "mine"]
    assert lines[2].split() == ["a", "72.37", "80.60", "75.59", "85.39", "78.99", "82.03", "77.15", "78.88", "-"]
    assert lines[3].split() == ["longer", "name", *["-"] * 8, "-3.25"]
    assert len({len(line) for line in lines}) == 1


def test_an_interval_takes_two_lines_in_the_terminal_and_one_to_paste():
    table = Table(("x", "y"), [Row("95 %", {"x": (1.0, 2.0)}, signed=True)])
    lines = format_table(table).split("\n")[2:]
    assert [line.split() for line in lines] == [["95", "%", "from", "+1.00", "-"], ["95", "%", "to", "+2.00", "-"]]
    assert format_table(table, "markdown").split("\n")[2] == "| 95 % | +1.00 to +2.00 | - |"


def test_markdown_is_a_table_of_as_many_cells():
    rows = format_table(Table(("x", "y"), [Row("a", {"x": 1.005, "y": math.nan})]), "markdown").split("\n")
    assert rows == ["| encoder | x | y |", "| --- | ---: | ---: |", "| a | 1.00 | * |"]


def test_latex_escapes_and_counts_its_columns():
    text = format_table(Table(("x_1", "y"), [Row("a_b & 95 %", {"x_1": 1.0, "y": 2.0})]), "latex")
    assert text.split("\n") == [
        r"\begin{tabular}{lrr}",
        r"\toprule",
        r"encoder & x\_1 & y \\",
        r"\midrule",
        r"a\_b \& 95 \% & 1.00 & 2.00 \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]
    assert len(re.findall(r"(?<!\\)&", text)) == 4


def test_a_column_may_have_its_own_digits():
    table = Table(("x", "rank"), [Row("a", {"x": 1.0, "rank": 123.456}, digits=3)], digits={"rank": 1})
    assert format_table(table).split("\n")[2].split() == ["a", "1.000", "123.5"]


def test_collapsed_is_marked():
    table = Table(COLUMNS, [Row("x", {**SCORES, "STS-B": math.nan})])
    assert format_table(table).split("\n")[2].split() == [
        *["x", "72.37", "80.60", "75.59", "85.39", "78.99", "*", "77.15"]
    ]
    assert table.has_collapsed()
    assert not Table(COLUMNS, [Row("x", SCORES), Row("y", {"STS12": (1.0, 2.0)})]).has_collapsed()
