"""A table as Markdown, as LaTeX with booktabs, and as CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"$<$",
    ">": r"$>$",
    "±": r"$\pm$",
    "\u2212": r"$-$",
    "\u2013": "--",
    "…": r"\dots{}",
}

WITH_SPREAD = re.compile(r"(?P<mean>\S+) ± (?P<spread>[\d.,]+)(?P<rest>.*)")

COLUMN, PAGE = 219, 455
"""Points: the width of a column and of a page in the ACL's style."""
LONGEST = 50
"""Lines that fit a page."""
SEPARATION = 3
"""Points on either side of a column."""
SAFETY = 1.08
"""Widths are estimates."""
SMALLEST = r"\scriptsize"
TYPE_SIZES = ((r"\normalsize", 10), (r"\small", 9), (r"\footnotesize", 8), (SMALLEST, 7))
CHARACTER_WIDTHS = (
    dict.fromkeys(".,[]{}:;'|!ijl", 2.9)
    | dict.fromkeys("()t", 3.9)
    | {" ": 3.4, "m": 8.0, "w": 7.2, "±": 7.8, "\u2212": 7.8}
)
"""Points in Computer Modern of 10 points; others are about 5, capitals 7.5."""


@dataclass(frozen=True)
class Table:
    """A table for people, and the same figures unrounded.

    Attributes:
        name: of its files.
        title: what is in it, a sentence without a full stop.
        columns: headings.
        rows: cells as text, in groups that a rule divides.
        words: how many of the first columns hold words; the others hold figures and are set to the right.
        notes: sentences below it.
        records: the rows of the CSV file: unrounded, by name; None is an empty cell.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[tuple[str, ...], ...], ...]
    words: int
    notes: tuple[str, ...]
    records: tuple[Mapping[str, Any], ...]


def to_markdown(table: Table) -> str:
    """The table between blank lines, its title above and its notes below."""
    marks = ["---" if index < table.words else "---:" for index in range(len(table.columns))]
    rows = [table.columns, *(row for group in table.rows for row in group)]
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    lines.insert(1, "|" + "|".join(marks) + "|")
    notes = [f"\n{' '.join(table.notes)}"] if table.notes else []
    return "\n".join([f"{table.title}.\n", *lines, *notes]) + "\n"


def to_latex(table: Table) -> str:
    """A float that needs booktabs, in the largest type that fits a page; a `longtable` where the rows do not fit one.

    Widths are those of the ACL's style (a column of 219 pt, a page of 455 pt); one column is used where it is enough.
    """
    shape = "l" * table.words + "r" * (len(table.columns) - table.words)
    caption = escape_latex(". ".join([table.title, *(note.rstrip(".") for note in table.notes)]))
    heading = [rf"\caption{{{caption}.}}", rf"\label{{tab:{table.name.replace('_', '-')}}}"]
    rows = [line for group in table.rows for line in (r"\midrule", *map(_latex_row, group))]
    environment, size = "table", _type_size(table, COLUMN)
    if size is None:
        environment, size = "table*", _type_size(table, PAGE)
    type_ = rf"{size or SMALLEST}\setlength{{\tabcolsep}}{{{SEPARATION}pt}}"
    if len(rows) > LONGEST:
        lines = _longtable(shape, heading, _latex_row(table.columns), rows, type_)
    else:
        lines = [
            r"% needs \usepackage{booktabs}",
            rf"\begin{{{environment}}}",
            r"\centering",
            type_,
            rf"\begin{{tabular}}{{{shape}}}",
            r"\toprule",
            _latex_row(table.columns),
            *rows,
            r"\bottomrule",
            r"\end{tabular}",
            *heading,
            rf"\end{{{environment}}}",
        ]
    return "\n".join(lines) + "\n"


def _longtable(shape: str, heading: Sequence[str], columns: str, rows: Sequence[str], type_: str) -> list[str]:
    """For an appendix: it goes over several pages, and not into a page of two columns."""
    return [
        r"% needs \usepackage{booktabs,longtable}, and a page of one column",
        rf"{{{type_}",
        rf"\begin{{longtable}}{{{shape}}}",
        rf"{''.join(heading)}\\",
        r"\toprule",
        columns,
        r"\midrule\endhead",
        r"\bottomrule\endfoot",
        *rows[1:],
        r"\end{longtable}}",
    ]


def _type_size(table: Table, room: float) -> str | None:
    """The largest type in which a table is not wider than `room` points; None where the smallest is too large."""
    rows = [table.columns, *(row for group in table.rows for row in group)]
    text = SAFETY * sum(max(map(_width, column)) for column in zip(*rows, strict=True))
    gaps = 2 * SEPARATION * len(table.columns)
    return next((name for name, size in TYPE_SIZES if text * size / 10 + gaps <= room), None)


def _width(cell: str) -> float:
    """About how wide a cell is in type of 10 points; what stands after ± is set as an index."""
    head, mark, tail = cell.partition(" ± ")
    wide = sum(CHARACTER_WIDTHS.get(character, 7.5 if character.isupper() else 5.1) for character in head)
    return wide + (0.75 * (7.8 + _width(tail)) if mark else 0.0)


def to_csv(table: Table) -> str:
    """The records, with a heading, floats in full."""
    columns = list(dict.fromkeys(name for record in table.records for name in record))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: "" if value is None else value for key, value in each.items()} for each in table.records)
    return text.getvalue()


def escape_latex(text: str) -> str:
    """Text that LaTeX prints as it stands."""
    return re.sub("|".join(map(re.escape, LATEX)), lambda found: LATEX[found[0]], text)


def _latex_row(cells: Sequence[str]) -> str:
    return " & ".join(_latex_cell(cell) for cell in cells) + r" \\"


def _latex_cell(cell: str) -> str:
    """A cell as LaTeX; a standard deviation becomes an index, as tables of scores have it."""
    found = WITH_SPREAD.fullmatch(cell)
    if found is None:
        return escape_latex(cell)
    return rf"{escape_latex(found['mean'])}$_{{\pm {found['spread']}}}${escape_latex(found['rest'])}"


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


GAP = "  "


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> str:
    """Columns of equal width, a line a row.

    Args:
        header: names of the columns.
        rows: cells as text, as many as columns.
        right: names of the columns that are aligned to the right.
    """
    widths = [max(len(cell) for cell in column) for column in zip(header, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.rjust(width) if name in right else cell.ljust(width)
            for name, cell, width in zip(header, cells, widths, strict=True)
        ]
        return GAP.join(padded).rstrip()

    return "\n".join(line(cells) for cells in (header, *rows))


def score(value: float | None) -> str:
    """A Spearman x 100 with two decimals; a hyphen where there is none."""
    return "-" if value is None else f"{value:.2f}"
