"""Scores by encoder and task, before they are the cells of a table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from sentcse.printing.tables import Table, plain_table

COLLAPSED = "*"
MISSING = "-"
FIRST = "encoder"

Value = float | tuple[float, float] | None


@dataclass(frozen=True)
class Row:
    """A line of a table.

    Attributes:
        name: what stands in the first column.
        values: by column heading: a number, an interval, None for what was not taken; nan is a collapsed encoder.
        digits: after the point, where the grid does not say otherwise for a column.
        signed: whether a plus sign is written.
    """

    name: str
    values: Mapping[str, Value]
    digits: int = 2
    signed: bool = False


@dataclass(frozen=True)
class ScoreGrid:
    """Rows under common columns.

    Attributes:
        columns: headings, after the first column's.
        rows: lines.
        digits: after the point, of columns that have their own.
    """

    columns: tuple[str, ...]
    rows: list[Row]
    digits: Mapping[str, int] = field(default_factory=dict)

    def has_collapsed(self) -> bool:
        """Tell whether a value is that of a collapsed encoder."""
        return any(isinstance(value, float) and math.isnan(value) for row in self.rows for value in row.values.values())

    def as_table(self, *, for_terminal: bool) -> Table:
        """The grid as text; in a terminal an interval takes two lines, and names are indented."""
        rows = [line for row in self.rows for line in (_split_interval(row) if for_terminal else [row])]
        lines = [
            (row.name if for_terminal else row.name.strip(), *(self._cell(row, column) for column in self.columns))
            for row in rows
        ]
        return plain_table((FIRST, *self.columns), lines, "l" + "r" * len(self.columns))

    def _cell(self, row: Row, column: str) -> str:
        value, digits = row.values.get(column), self.digits.get(column, row.digits)
        if isinstance(value, tuple):
            return " to ".join(_number(end, digits, row.signed) for end in value)
        return MISSING if value is None else _number(value, digits, row.signed)


def _split_interval(row: Row) -> list[Row]:
    intervals = {column: value for column, value in row.values.items() if isinstance(value, tuple)}
    if len(intervals) == 0:
        return [row]
    return [
        Row(f"{row.name} {word}", {column: ends[end] for column, ends in intervals.items()}, row.digits, row.signed)
        for end, word in enumerate(("from", "to"))
    ]


def _number(value: float, digits: int, signed: bool) -> str:
    if math.isnan(value):
        return COLLAPSED
    return f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
