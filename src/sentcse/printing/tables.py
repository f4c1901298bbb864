"""A table, and how it is written: for the terminal, as Markdown, as LaTeX and as CSV, each escaping in one place.

The page writes it as HTML (`page_files/page.html`), where the template engine escapes.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sentcse.printing.wording import printable

GAP = "  "
"""Between two columns in the terminal."""
LONGEST = 50
"""Lines that fit a page."""
PACKAGES = r"% needs \usepackage{booktabs,adjustbox}"
FLOAT = "; table* spans the columns of a page that has two: table takes one"
LONG_PACKAGES = r"% needs \usepackage{booktabs,longtable}, and a page of one column"
LONG_TYPE = r"{\footnotesize\setlength{\tabcolsep}{3pt}"
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
    "\n": " ",
}
MARKDOWN = re.compile(r"[\\`|~]|\*(?=\S)|(?<=\S)\*|\](?=[(\[:])|<(?=[A-Za-z/!?])|&(?=#?\w+;)|(?<![^\W_])_|_(?![^\W_])")
"""What Markdown takes for more than a letter: an underscore inside a word it does not, nor a lone star, nor `<` before
a figure, nor brackets that no address follows."""
WITH_SPREAD = re.compile(r"(?P<mean>\S+) ± (?P<spread>[\d.,]+)(?P<rest>.*)")

Cells = tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table for people and, where a file of it is wanted, the same figures unrounded.

    Attributes:
        columns: headings.
        rows: cells as text, in groups that a rule divides.
        align: "l" or "r" a column, as LaTeX has it: words to the left, figures to the right.
        name: of its files.
        title: what is in it, a sentence without a full stop; a table without one is pasted into a text that says it.
        notes: sentences below it.
        records: the rows of the CSV file: unrounded, by name; None is an empty cell.
    """

    columns: Cells
    rows: tuple[tuple[Cells, ...], ...]
    align: str
    name: str = ""
    title: str = ""
    notes: tuple[str, ...] = ()
    records: tuple[Mapping[str, Any], ...] = ()

    @property
    def lines(self) -> list[Cells]:
        """The rows of all groups, one after another."""
        return [row for group in self.rows for row in group]


def plain_table(columns: Sequence[str], rows: Sequence[Sequence[str]], align: str) -> Table:
    """A table of one group, without title and file."""
    return Table(tuple(columns), (tuple(map(tuple, rows)),), align)


def to_text(table: Table, *, rule: bool = False) -> str:
    """Columns and rows for the terminal, columns of equal width, a line a row.

    Args:
        table: what to write.
        rule: whether a line of hyphens stands below the headings.
    """
    lines = [tuple(map(printable, cells)) for cells in table.lines]
    widths = [max(map(len, column)) for column in zip(table.columns, *lines, strict=True)]

    def line(cells: Cells) -> str:
        sides = zip(cells, widths, table.align, strict=True)
        return GAP.join(cell.rjust(width) if side == "r" else cell.ljust(width) for cell, width, side in sides).rstrip()

    ruled = ["-" * (sum(widths) + len(GAP) * (len(widths) - 1))] if rule else []
    return "\n".join([line(table.columns), *ruled, *map(line, lines)])


def to_markdown(table: Table, *, marked_up: bool = False) -> str:
    """The table, its title above and its notes below, with blank lines between.

    Args:
        table: what to write.
        marked_up: whether the cells are Markdown already, of which only what would end a cell is escaped.
    """
    escape = _escape_cell if marked_up else escape_markdown
    rule = "|".join({"l": "---", "r": "---:"}[side] for side in table.align)
    lines = ["| " + " | ".join(map(escape, cells)) + " |" for cells in (table.columns, *table.lines)]
    lines.insert(1, f"|{rule}|")
    title = [f"{escape_markdown(table.title)}.\n"] if table.title else []
    notes = [f"\n{escape_markdown(' '.join(table.notes))}"] if table.notes else []
    return "\n".join([*title, *lines, *notes])


def to_latex(table: Table) -> str:
    """A float that needs booktabs, and adjustbox, which makes it smaller where it is wider than its place.

    What has no title is the bare tabular; what has more rows than fit a page is a `longtable`, which no box may hold.
    """
    rows = [line for group in table.rows for line in (r"\midrule", *map(_latex_row, group))]
    caption = escape_latex(". ".join([table.title, *(note.rstrip(".") for note in table.notes)]))
    heading = [rf"\caption{{{caption}.}}", rf"\label{{tab:{table.name.replace('_', '-')}}}"]
    if table.title and len(rows) > LONGEST:
        return "\n".join(_longtable(table, heading, rows))
    tabular = [
        r"\begin{adjustbox}{max width=\linewidth}",
        rf"\begin{{tabular}}{{{table.align}}}",
        r"\toprule",
        _latex_row(table.columns),
        *rows,
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{adjustbox}",
    ]
    if not table.title:
        return "\n".join([PACKAGES, *tabular])
    return "\n".join(
        [PACKAGES + FLOAT, r"\begin{table*}", r"\centering", *tabular, *heading, r"\end{table*}"],
    )


def to_csv(table: Table) -> str:
    """The records, with a heading, floats in full."""
    columns = list(dict.fromkeys(name for record in table.records for name in record))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: "" if value is None else value for key, value in each.items()} for each in table.records)
    return text.getvalue().removesuffix("\n")


def escape_markdown(text: str) -> str:
    """Text that Markdown shows as it stands, on one line, also as a cell of a table."""
    return MARKDOWN.sub(r"\\\g<0>", printable(text.replace("\n", " ")))


def _escape_cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def escape_latex(text: str) -> str:
    """Text that LaTeX prints as it stands."""
    return re.sub("|".join(map(re.escape, LATEX)), lambda found: LATEX[found[0]], text)


def _longtable(table: Table, heading: Sequence[str], rows: Sequence[str]) -> list[str]:
    """For an appendix: it goes over several pages, and not into a page of two columns."""
    return [
        LONG_PACKAGES,
        LONG_TYPE,
        rf"\begin{{longtable}}{{{table.align}}}",
        rf"{''.join(heading)}\\",
        r"\toprule",
        _latex_row(table.columns),
        r"\midrule\endhead",
        r"\bottomrule\endfoot",
        *rows[1:],
        r"\end{longtable}}",
    ]


def _latex_row(cells: Cells) -> str:
    return " & ".join(_latex_cell(cell) for cell in cells) + r" \\"


def _latex_cell(cell: str) -> str:
    """A cell as LaTeX; a standard deviation becomes an index, as tables of scores have it."""
    found = WITH_SPREAD.fullmatch(cell)
    if found is None:
        return escape_latex(cell)
    return rf"{escape_latex(found['mean'])}$_{{\pm {found['spread']}}}${escape_latex(found['rest'])}"
