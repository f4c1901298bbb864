"""Tables for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

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
