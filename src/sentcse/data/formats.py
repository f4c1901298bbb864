"""Rows of a file: .txt, .csv, .tsv and .jsonl, read one at a time."""

from __future__ import annotations

import csv
import itertools
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from sentcse.data.lines import HALF_CHARACTER, MAX_LINE, iter_lines
from sentcse.errors import DataError

MAX_CHARACTERS = 10_000
MAX_COLUMNS = 3
EXTENSIONS = (".txt", ".csv", ".tsv", ".jsonl")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# fmt: off
_KNOWN_NAMES = frozenset({
    "sentence", "sentence0", "sentence1", "sentence2", "sentence_1", "sentence_2", "sentence_a", "sentence_b",
    "sent", "sent0", "sent1", "sent2", "text", "text1", "text2", "text_a", "text_b", "premise", "hypothesis", "anchor",
    "positive", "negative", "hard_neg", "hard_negative", "query", "question", "answer", "document", "passage",
    "entailment", "contradiction",
})
# fmt: on


class Record(NamedTuple):
    """A row as it stands in the source: where, its texts, and whether one of them was cut at MAX_CHARACTERS."""

    line: int
    texts: tuple[str, ...]
    cut: bool

    @property
    def is_blank(self) -> bool:
        """Whether a text of the row is empty or only white space."""
        return not all(text and not text.isspace() for text in self.texts)


class FileRows(NamedTuple):
    """What the first line of a file says: the header, where there is one, and the rows as an iterator."""

    header: tuple[str, ...]
    records: Iterator[Record]


def read_rows(path: Path, columns: Sequence[str] | None, encoding: str) -> FileRows:
    """Open a file by its extension.

    A .tsv has no quoting (a quotation mark is a character like any other); a .csv has. The first line of either is a
    header if `columns` name columns of it, or if all its fields are plain names and at least one is usual for texts,
    such as sent0, sentence1, text, premise.

    Args:
        path: file that ends in one of `EXTENSIONS`.
        columns: names of the columns to take, in the order anchor, positive, hard negative; None for all.
        encoding: encoding of the file.

    Raises:
        DataError: a wrong extension, columns that are not there, or more than three; while iterating: a row with
            another number of columns, an unclosed quotation mark, a line that is not JSON, undecodable bytes, half of a
            character.
    """
    match path.suffix.lower():
        case ".txt" if columns is not None:
            raise DataError(
                f"{path} is a .txt file, a sentence a line, without named columns: leave data.columns empty."
            )
        case ".txt":
            return FileRows((), _text_records(path, encoding))
        case ".csv" | ".tsv":
            return _table_rows(path, columns, encoding)
        case ".jsonl":
            return FileRows((), _json_records(path, columns, encoding))
        case other:
            raise DataError(f"{path} ends in {other!r}: a corpus is one of {', '.join(EXTENSIONS)}.")


def _record(line: int, texts: tuple[str, ...], cut: bool = False) -> Record:
    if any(len(text) > MAX_CHARACTERS for text in texts):
        return Record(line, tuple(text[:MAX_CHARACTERS] for text in texts), True)
    return Record(line, texts, cut)


def _text_records(path: Path, encoding: str) -> Iterator[Record]:
    for line in iter_lines(path, encoding, MAX_CHARACTERS):
        yield Record(line.number, (line.text,), line.cut)


def _fields(path: Path, encoding: str) -> Iterator[tuple[int, list[str]]]:
    """Line number and fields of each row that is not an empty line; an empty line has one empty field."""
    if path.suffix.lower() == ".tsv":
        yield from ((line.number, line.text.split("\t")) for line in iter_lines(path, encoding))
        return
    csv.field_size_limit(MAX_LINE)  # Python's own limit, 131072 characters, would make an enormous field a fault.
    reader = csv.reader((line.text + "\n" for line in iter_lines(path, encoding)), strict=True)
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


def _table_rows(path: Path, columns: Sequence[str] | None, encoding: str) -> FileRows:
    rows = _fields(path, encoding)
    first = next((row for row in rows if row[1] != [""]), None)
    if first is None:
        return FileRows((), iter(()))
    line, fields = first
    names = tuple(field.strip() for field in fields)
    if columns is not None:
        missing = [name for name in columns if name not in names]
        if missing:
            raise DataError(
                f"{path} has no column {', '.join(missing)}: its first line reads {', '.join(names)[:200]}."
            )
        return FileRows(names, _table_records(path, rows, len(names), [names.index(name) for name in columns]))
    if len(names) > MAX_COLUMNS:
        raise DataError(
            f"{path}, line {line}: {len(names)} columns, where a row has one text, a pair, or a pair with a hard "
            "negative: name up to three columns of its header in data.columns."
        )
    chosen = list(range(len(names)))
    if _is_header(names):
        return FileRows(names, _table_records(path, rows, len(names), chosen))
    return FileRows((), _table_records(path, itertools.chain([first], rows), len(names), chosen))


def _is_header(names: tuple[str, ...]) -> bool:
    plain = all(_NAME.fullmatch(name) is not None for name in names) and len(set(names)) == len(names)
    return plain and any(name.lower() in _KNOWN_NAMES for name in names)


def _table_records(
    path: Path, rows: Iterator[tuple[int, list[str]]], width: int, chosen: list[int]
) -> Iterator[Record]:
    for line, fields in rows:
        if len(fields) == width:
            yield _record(line, tuple(fields[index] for index in chosen))
        elif fields == [""]:
            yield Record(line, ("",) * len(chosen), False)
        else:
            hint = " (a text that holds a comma must stand between quotation marks)" if path.suffix == ".csv" else ""
            raise DataError(f"{path}, line {line}: {len(fields)} columns, where the first line has {width}{hint}.")


def _json_records(path: Path, columns: Sequence[str] | None, encoding: str) -> Iterator[Record]:
    names = columns
    for line in iter_lines(path, encoding):
        if line.text.strip() == "":
            yield Record(line.number, ("",) * (1 if names is None else len(names)), False)
            continue
        where = f"{path}, line {line.number}"
        row = _parse_json(line.text, where)
        names = _json_columns(row, where) if names is None else names
        yield _record(line.number, tuple(_json_text(row, name, where) for name in names))


def _parse_json(text: str, where: str) -> dict[str, object]:
    try:
        row = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where}: not JSON ({error}); a .jsonl file has one object a line.") from None
    if not isinstance(row, dict):
        raise DataError(f'{where}: {text[:60]!r} is not an object such as {{"text": "..."}}.')
    return row


def _json_columns(row: dict[str, object], where: str) -> list[str]:
    names = [name for name, value in row.items() if isinstance(value, str)]
    if not names:
        raise DataError(f"{where}: not one value is a text, in {', '.join(row)[:200]}: give texts in quotation marks.")
    if len(names) > MAX_COLUMNS:
        raise DataError(
            f"{where}: {len(names)} texts, in {', '.join(row)[:200]}: name up to three of them in data.columns."
        )
    return names


def _json_text(row: dict[str, object], name: str, where: str) -> str:
    if name not in row:
        raise DataError(f"{where}: no {name!r}, only {', '.join(row)[:200]}; data.columns chooses what is read.")
    text = row[name]
    if not isinstance(text, str):
        raise DataError(f"{where}: {name!r} is {json.dumps(text)[:60]}, where a text was expected.")
    half = HALF_CHARACTER.search(text)
    if half is not None:
        raise DataError(
            f"{where}: {name!r} holds \\u{ord(half[0]):04x}, half of a character: write the character whole, as "
            r"\ud83d\ude00 is, or remove it."
        )
    return text
