from __future__ import annotations

import math

from sentcse.config.tasks import SUITE_COLUMNS
from sentcse.evaluation.reports.score_grid import Row, ScoreGrid
from sentcse.printing.tables import to_latex, to_markdown, to_text

COLUMNS = SUITE_COLUMNS["sts"]
SCORES = dict(zip(COLUMNS, (72.374, 80.604, 75.594, 85.394, 78.994, 82.034, 77.154), strict=True))


def shown(grid):
    return to_text(grid.as_table(for_terminal=True), rule=True).split("\n")


def pasted(grid):
    return to_markdown(grid.as_table(for_terminal=False)).split("\n")


def test_columns_are_fixed_and_aligned():
    table = ScoreGrid(
        (*COLUMNS, "avg", "mine"), [Row("a", {**SCORES, "avg": 78.88}), Row("longer name", {"mine": -3.25})]
    )
    lines = shown(table)
    assert lines[0].split() == ["encoder", *COLUMNS, "avg", "mine"]
    assert lines[2].split() == ["a", "72.37", "80.60", "75.59", "85.39", "78.99", "82.03", "77.15", "78.88", "-"]
    assert lines[3].split() == ["longer", "name", *["-"] * 8, "-3.25"]
    assert len({len(line) for line in lines}) == 1


def test_an_interval_takes_two_lines_in_the_terminal_and_one_to_paste():
    table = ScoreGrid(("x", "y"), [Row("95 %", {"x": (1.0, 2.0)}, signed=True)])
    lines = shown(table)[2:]
    assert [line.split() for line in lines] == [["95", "%", "from", "+1.00", "-"], ["95", "%", "to", "+2.00", "-"]]
    assert pasted(table)[2] == "| 95 % | +1.00 to +2.00 | - |"


def test_markdown_is_a_table_of_as_many_cells():
    rows = pasted(ScoreGrid(("x", "y"), [Row("a", {"x": 1.005, "y": math.nan})]))
    assert rows == ["| encoder | x | y |", "|---|---:|---:|", "| a | 1.00 | * |"]


def test_latex_escapes_and_counts_its_columns():
    grid = ScoreGrid(("x_1", "y"), [Row("  a_b & 95 %", {"x_1": 1.0, "y": 2.0})])
    assert to_latex(grid.as_table(for_terminal=False)).split("\n") == [
        r"% needs \usepackage{booktabs,adjustbox}",
        r"\begin{adjustbox}{max width=\linewidth}",
        r"\begin{tabular}{lrr}",
        r"\toprule",
        r"encoder & x\_1 & y \\",
        r"\midrule",
        r"a\_b \& 95 \% & 1.00 & 2.00 \\",
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{adjustbox}",
    ]


def test_a_column_may_have_its_own_digits():
    table = ScoreGrid(("x", "rank"), [Row("a", {"x": 1.0, "rank": 123.456}, digits=3)], digits={"rank": 1})
    assert shown(table)[2].split() == ["a", "1.000", "123.5"]


def test_collapsed_is_marked():
    table = ScoreGrid(COLUMNS, [Row("x", {**SCORES, "STS-B": math.nan})])
    assert shown(table)[2].split() == [*["x", "72.37", "80.60", "75.59", "85.39", "78.99", "*", "77.15"]]
    assert table.has_collapsed()
    assert not ScoreGrid(COLUMNS, [Row("x", SCORES), Row("y", {"STS12": (1.0, 2.0)})]).has_collapsed()
