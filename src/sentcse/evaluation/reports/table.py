"""Tables of scores, for the terminal and to paste into Markdown and LaTeX."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

COLLAPSED = "*"
MISSING = "-"
WIDTH = 6
AVERAGE = "avg"
LATEX_SPECIAL = str.maketrans({character: f"\\{character}" for character in "&%$#_{}"})

Layout = Literal["table", "markdown", "latex"]
Value = float | tuple[float, float] | None


@dataclass(frozen=True)
class Row:
    """A line of a table.

    Attributes:
        name: what stands in the first column.
        values: by column heading: a number, an interval, None for what was not taken; nan is a collapsed encoder.
        digits: after the point, where the table does not say otherwise for a column.
        signed: whether a plus sign is written.
    """

    name: str
    values: Mapping[str, Value]
    digits: int = 2
    signed: bool = False


@dataclass(frozen=True)
class Table:
    """Rows under common columns.

    Attributes:
        columns: headings, after the first column's.
        rows: lines.
        first: heading of the first column.
        digits: after the point, of columns that have their own.
    """

    columns: tuple[str, ...]
    rows: list[Row]
    first: str = "encoder"
    digits: Mapping[str, int] = field(default_factory=dict)

    def has_collapsed(self) -> bool:
        """Tell whether a value is that of a collapsed encoder."""
        return any(isinstance(value, float) and math.isnan(value) for row in self.rows for value in row.values.values())


def format_table(table: Table, layout: Layout = "table") -> str:
    """Lay a table out; columns are equally wide in the terminal's layout, an interval takes two lines there."""
    if layout == "table":
        return _terminal(table)
    head = [table.first, *table.columns]
    lines = [[row.name.strip(), *(_cell(row, column, table) for column in table.columns)] for row in table.rows]
    if layout == "markdown":
        rule = ["---", *["---:"] * len(table.columns)]
        return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, rule, *lines))
    escaped = [" & ".join(cell.translate(LATEX_SPECIAL) for cell in cells) + r" \\" for cells in (head, *lines)]
    begin = rf"\begin{{tabular}}{{l{'r' * len(table.columns)}}}"
    return "\n".join([begin, r"\toprule", escaped[0], r"\midrule", *escaped[1:], r"\bottomrule", r"\end{tabular}"])


def _terminal(table: Table) -> str:
    rows = [line for row in table.rows for line in _split_interval(row)]
    cells = [[_cell(row, column, table) for column in table.columns] for row in rows]
    first = max(len(table.first), *(len(row.name) for row in rows))
    widths = [max(WIDTH, len(column)) for column in table.columns]
    head = _line(table.first, table.columns, first, widths)
    body = [_line(row.name, line, first, widths) for row, line in zip(rows, cells, strict=True)]
    return "\n".join([head, "-" * len(head), *body])


def _split_interval(row: Row) -> list[Row]:
    intervals = {column: value for column, value in row.values.items() if isinstance(value, tuple)}
    if len(intervals) == 0:
        return [row]
    return [
        Row(f"{row.name} {word}", {column: ends[end] for column, ends in intervals.items()}, row.digits, row.signed)
        for end, word in enumerate(("from", "to"))
    ]


def _cell(row: Row, column: str, table: Table) -> str:
    value, digits = row.values.get(column), table.digits.get(column, row.digits)
    if isinstance(value, tuple):
        return f"{_number(value[0], digits, row.signed)} to {_number(value[1], digits, row.signed)}"
    return MISSING if value is None else _number(value, digits, row.signed)


def _number(value: float, digits: int, signed: bool) -> str:
    if math.isnan(value):
        return COLLAPSED
    return f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"


def _line(name: str, cells: Sequence[str], first: int, widths: Sequence[int]) -> str:
    return "  ".join([name.ljust(first), *(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))])
