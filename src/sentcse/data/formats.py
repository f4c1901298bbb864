"""Rows of a file of sentences, pairs or pairs with hard negatives, read one at a time."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from sentcse.data.columns import SAMPLE_ROWS, refuse_other_columns
from sentcse.data.lines import iter_lines
from sentcse.data.objects import Object, iter_objects, names_of, text_of
from sentcse.data.tables import Fields, iter_fields
from sentcse.errors import DataError

MAX_CHARACTERS = 10_000
MAX_COLUMNS = 3
EXTENSIONS = (".txt", ".csv", ".tsv", ".jsonl", ".json", ".parquet")
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
    """Names of the columns that are read, where they have some, and the rows as an iterator."""

    header: tuple[str, ...]
    records: Iterator[Record]


def file_form(path: Path) -> str:
    """The form of a corpus by the end of its name, without .gz.

    Raises:
        DataError: it ends in none of `EXTENSIONS`.
    """
    packed = path.suffix.lower() == ".gz"
    form = (path.with_suffix("") if packed else path).suffix.lower()
    if form not in EXTENSIONS or (packed and form == ".parquet"):
        raise DataError(
            f"{path} ends in {path.suffix!r}: a corpus is one of {', '.join(EXTENSIONS)}; all but the last also as .gz."
        )
    return form


def open_rows(path: Path, columns: Sequence[str] | None, encoding: str, *, trained_on: bool = True) -> FileRows:
    """Open a file by its extension.

    A .tsv has no quoting (a quotation mark is a character like any other); a .csv has. The first line of either is a
    header if `columns` name columns of it, or if all its fields are plain names and at least one is usual for texts,
    such as sent0, sentence1, text, premise.

    Args:
        path: file that ends in one of `EXTENSIONS`, or in one of them and .gz.
        columns: names of the columns to take, in the order anchor, positive, hard negative; None for all.
        encoding: encoding of the file.
        trained_on: whether every column is to be a text that is trained on, if none is named.

    Raises:
        DataError: a wrong extension, columns that are not there, more than three, or one that nobody named and that
            holds no texts; then or while iterating: a row with another number of columns, an unclosed quotation mark, a
            line that is not JSON, undecodable bytes, half of a character.
    """
    form = file_form(path)
    if form == ".txt":
        if columns is not None:
            raise DataError(
                f"{path} is a .txt file, a sentence a line, without named columns: leave data.columns empty."
            )
        return FileRows((), _text_records(path, encoding))
    if form in (".csv", ".tsv"):
        rows = _table_rows(path, columns, iter_fields(path, encoding, quoted=form == ".csv"))
    else:
        rows = _object_rows(columns, iter_objects(path, encoding, form))
    return rows if columns is not None or not trained_on else without_doubt(str(path), rows)


def without_doubt(name: str, rows: FileRows) -> FileRows:
    """The same rows, where each column looks like texts; raises DataError as `refuse_other_columns`."""
    first = list(itertools.islice(rows.records, SAMPLE_ROWS))
    refuse_other_columns(name, rows.header, [record.texts for record in first if not record.is_blank])
    return FileRows(rows.header, itertools.chain(first, rows.records))


def _record(line: int, texts: tuple[str, ...], cut: bool = False) -> Record:
    if any(len(text) > MAX_CHARACTERS for text in texts):
        return Record(line, tuple(text[:MAX_CHARACTERS] for text in texts), True)
    return Record(line, texts, cut)


def _text_records(path: Path, encoding: str) -> Iterator[Record]:
    for line in iter_lines(path, encoding, MAX_CHARACTERS):
        yield Record(line.number, (line.text,), line.cut)


def _table_rows(path: Path, columns: Sequence[str] | None, rows: Iterator[Fields]) -> FileRows:
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
        return FileRows(tuple(columns), _table_records(path, rows, len(names), [names.index(name) for name in columns]))
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
    # pandas writes its index as a column without a name
    plain = all(_NAME.fullmatch(name) is not None for name in (names[1:] if names[0] == "" else names))
    return plain and len(set(names)) == len(names) and any(name.lower() in _KNOWN_NAMES for name in names)


def _table_records(path: Path, rows: Iterator[Fields], width: int, chosen: list[int]) -> Iterator[Record]:
    for line, fields in rows:
        if len(fields) == width:
            yield _record(line, tuple(fields[index] for index in chosen))
        elif fields == [""]:
            yield Record(line, ("",) * len(chosen), False)
        else:
            hint = " (a text that holds a comma must stand between quotation marks)" if ".csv" in path.name else ""
            raise DataError(f"{path}, line {line}: {len(fields)} columns, where the first line has {width}{hint}.")


def _object_rows(columns: Sequence[str] | None, rows: Iterator[Object]) -> FileRows:
    start: list[Object] = []
    for row in rows:
        start.append(row)
        if row.values is not None:
            break
    if not start or start[-1].values is None:
        return FileRows((), (Record(row.number, ("",), False) for row in start))
    names = _texts_of(start[-1], start[-1].values) if columns is None else tuple(columns)
    return FileRows(names, _object_records(itertools.chain(start, rows), names))


def _object_records(rows: Iterator[Object], names: tuple[str, ...]) -> Iterator[Record]:
    for row in rows:
        blank = row.values is None
        yield _record(row.number, ("",) * len(names) if blank else tuple(text_of(row, name) for name in names))


def _texts_of(row: Object, values: dict[str, object]) -> tuple[str, ...]:
    # a null may stand for a text
    names = tuple(name for name, value in values.items() if value is None or isinstance(value, str))
    if not any(isinstance(values[name], str) for name in names):
        raise DataError(f"{row.where}: not one value is a text, in {names_of(values)}: give texts in quotation marks.")
    if len(names) > MAX_COLUMNS:
        raise DataError(
            f"{row.where}: {len(names)} texts, in {names_of(values)}: name up to three of them in data.columns."
        )
    return names
