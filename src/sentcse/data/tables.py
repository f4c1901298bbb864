"""Fields of a .csv or .tsv file, row by row, whatever mark stands between them."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator
from pathlib import Path

from sentcse.data.lines import MAX_LINE, iter_lines
from sentcse.errors import DataError

_SAMPLE = 20

Fields = tuple[int, list[str]]
"""Number of the line that a row begins in, and the row."""


def iter_fields(path: Path, encoding: str, *, quoted: bool) -> Iterator[Fields]:
    """The rows of a table; an empty line is one with one empty field.

    Args:
        path: the file.
        encoding: its encoding.
        quoted: whether texts may stand between quotation marks, and commas between fields, as in a .csv; else a
            quotation mark is a character like any other, and tabs stand between fields. Semicolons and tabs are
            recognised in the place of commas where the first rows have one field by commas and equally many by them.

    Raises:
        DataError: while iterating: undecodable bytes, or an unclosed quotation mark, with its line.
    """
    if not quoted:
        yield from ((line.number, line.text.split("\t")) for line in iter_lines(path, encoding))
        return
    csv.field_size_limit(MAX_LINE)  # Python's own limit, 131072 characters, would make an enormous field a fault.
    lines = iter_lines(path, encoding)
    first = list(itertools.islice(lines, _SAMPLE))
    mark = _mark([line.text for line in first])
    reader = csv.reader((line.text + "\n" for line in itertools.chain(first, lines)), strict=True, delimiter=mark)
    start = 1
    try:
        for fields in reader:
            yield start, fields if fields else [""]
            start = reader.line_num + 1
    except csv.Error as error:
        raise DataError(
            f"{path}, line {start}: not a row of a .csv file ({error}); a text that holds a comma, a line break or a "
            'quotation mark stands between quotation marks, and those in it are doubled ("").'
        ) from None


def _mark(lines: list[str]) -> str:
    by_comma = _widths(lines, ",")
    if by_comma[:1] == [1]:
        for mark in ";\t":
            widths = _widths(lines, mark)
            if len(widths) > 1 and widths[0] > 1 and len(set(widths)) == 1:
                return mark
    return ","


def _widths(lines: list[str], mark: str) -> list[int]:
    """Fields in each of the first rows that are not blank; the last row may go on after the sample."""
    try:
        rows = [row for row in csv.reader((f"{line}\n" for line in lines), delimiter=mark) if row != []]
    except csv.Error:
        return []
    return [len(row) for row in (rows[:-1] if len(lines) == _SAMPLE else rows)]
