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
    """A `table` environment that needs booktabs and nothing else."""
    shape = "l" * table.words + "r" * (len(table.columns) - table.words)
    lines = [
        "% needs \\usepackage{booktabs}",
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escape_latex('. '.join([table.title, *(note.rstrip('.') for note in table.notes)]))}.}}",
        rf"\label{{tab:{table.name.replace('_', '-')}}}",
        rf"\begin{{tabular}}{{{shape}}}",
        r"\toprule",
        _latex_row(table.columns),
    ]
    for group in table.rows:
        lines += [r"\midrule", *(_latex_row(row) for row in group)]
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", r"\end{table}"]) + "\n"


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
    return " & ".join(escape_latex(cell) for cell in cells) + r" \\"
