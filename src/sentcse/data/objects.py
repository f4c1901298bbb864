"""Rows with named values: .jsonl, .json and .parquet."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from sentcse.data.lines import HALF_CHARACTER, iter_lines
from sentcse.errors import DataError

OBJECT_FORMS = (".jsonl", ".json", ".parquet")
_READ_ROWS = 1000


class Object(NamedTuple):
    """A row: where it stands in words, its number, and its values by name; None for a blank line."""

    where: str
    number: int
    values: dict[str, object] | None


def iter_objects(path: Path, encoding: str, form: str) -> Iterator[Object]:
    """Rows of a file of objects.

    Args:
        path: the file.
        encoding: its encoding; a .parquet has none.
        form: .jsonl has an object a line; .json an array of objects or of texts, which is held in memory, or an object
            a line; .parquet has rows.

    Raises:
        DataError: while iterating: what is no row, with its place.
    """
    if form == ".parquet":
        return _parquet_rows(path)
    if form == ".json" and _is_array(path, encoding):
        return _array_rows(path, encoding)
    return _line_rows(path, encoding)


def text_of(row: Object, name: str) -> str:
    """A value that is a text; a null is an empty one.

    Raises:
        DataError: if there is no such value, or it is no text.
    """
    values = {} if row.values is None else row.values
    if name not in values:
        raise DataError(f"{row.where}: no {name!r}, only {names_of(values)}; data.columns chooses what is read.")
    text = values[name]
    if text is None:
        return ""
    if not isinstance(text, str):
        raise DataError(f"{row.where}: {name!r} is {str(text)[:60]}, where a text was expected.")
    half = HALF_CHARACTER.search(text)
    if half is not None:
        raise DataError(
            f"{row.where}: {name!r} holds \\u{ord(half[0]):04x}, half of a character: write the character whole, as "
            r"\ud83d\ude00 is, or remove it."
        )
    return text


def names_of(values: dict[str, object]) -> str:
    """The names of a row's values, for a message."""
    return ", ".join(values)[:200]


def _line_rows(path: Path, encoding: str) -> Iterator[Object]:
    for line in iter_lines(path, encoding):
        where = f"{path}, line {line.number}"
        if line.text.strip() == "":
            yield Object(where, line.number, None)
            continue
        row = _parse(line.text, where, "a .jsonl file has one object a line; an array of them is named .json")
        if not isinstance(row, dict):
            raise DataError(
                f'{where}: {line.text[:60]!r} is not an object such as {{"text": "..."}}; an array of them is named '
                ".json."
            )
        yield Object(where, line.number, row)


def _is_array(path: Path, encoding: str) -> bool:
    starts = (line.text.lstrip()[:1] for line in iter_lines(path, encoding))
    return next((start for start in starts if start != ""), "") == "["


def _array_rows(path: Path, encoding: str) -> Iterator[Object]:
    lines = []
    for line in iter_lines(path, encoding):
        if line.cut:
            raise DataError(f"{path} is too large for an array of JSON: write it as .jsonl, an object a line.")
        lines.append(line.text)
    for number, row in enumerate(_parse("\n".join(lines), str(path), "a .json file is an array of objects"), start=1):
        where = f"{path}, element {number}"
        if isinstance(row, str):
            yield Object(where, number, {"text": row})
        elif isinstance(row, dict):
            yield Object(where, number, row)
        else:
            raise DataError(f'{where}: {str(row)[:60]} is neither a text nor an object such as {{"text": "..."}}.')


def _parse(text: str, where: str, expected: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where}: not JSON ({error}); {expected}.") from None


def _parquet_rows(path: Path) -> Iterator[Object]:
    import pyarrow
    import pyarrow.parquet

    number = 0
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=_READ_ROWS):
                for values in batch.to_pylist():
                    number += 1
                    yield Object(f"{path}, row {number}", number, values)
    except (OSError, ValueError, pyarrow.ArrowException) as error:
        reason = str(error).split("\n")[0].rstrip(".")
        raise DataError(f"{path} is not a whole .parquet file ({reason}): write or fetch it again.") from None
