"""Sentences with ids and payloads, and what is relevant to a query, from the files that the DataModule reads."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sentcse.data.formats import Record, open_rows
from sentcse.data.source import nothing_to_read, refuse_twice
from sentcse.data.text_file import similar_file
from sentcse.errors import ConfigError, DataError

logger = logging.getLogger(__name__)

RELEVANCE_COLUMNS = ("query-id", "corpus-id", "score")
"""Of a file of relevance, as BEIR and MTEB have them."""


class Sentences(NamedTuple):
    """Sentences of a file; `ids` is None where no column of ids was named."""

    sentences: list[str]
    ids: list[str] | None
    payloads: list[dict[str, str]]


class Sentence(NamedTuple):
    """A sentence of a file; `id` is None where no column of ids was named."""

    text: str
    id: str | None
    payload: dict[str, str]


@contextmanager
def own_settings(columns: str = "columns") -> Iterator[None]:
    """Have faults of reading name a command's own settings, where training's are data.columns and data.encoding."""
    try:
        yield
    except DataError as fault:
        said = str(fault).replace("data.columns", columns).replace("data.encoding", "encoding")
        raise DataError(said) from fault


def read_sentences(
    path: Path,
    *,
    columns: Sequence[str] | None = None,
    id_column: str | None = None,
    payload_columns: Sequence[str] = (),
    encoding: str = "utf-8",
    key: str = "columns",
) -> Sentences:
    """All that `iter_sentences` gives, in memory; see there for arguments and errors."""
    found = Sentences([], None if id_column is None else [], [])
    for sentence in iter_sentences(
        path, columns=columns, id_column=id_column, payload_columns=payload_columns, encoding=encoding, key=key
    ):
        found.sentences.append(sentence.text)
        if found.ids is not None and sentence.id is not None:
            found.ids.append(sentence.id)
        found.payloads.append(sentence.payload)
    return found


def iter_sentences(
    path: Path,
    *,
    columns: Sequence[str] | None = None,
    id_column: str | None = None,
    payload_columns: Sequence[str] = (),
    encoding: str = "utf-8",
    key: str = "columns",
) -> Iterator[Sentence]:
    """Rows of a file of one of `sentcse.data.formats.EXTENSIONS` whose sentence is not blank, one at a time.

    At the end the log has how many were blank.

    Args:
        path: the file.
        columns: of the sentence; several are joined by a space (a title and a text). None: the only one there is.
        id_column: of the ids.
        payload_columns: of what is kept beside the sentence.
        encoding: of the file.
        key: the setting that `columns` is, for messages.

    Raises:
        DataError: while iterating, if the file is missing, of the wrong form, or without a sentence, a row has
            several texts and `columns` is None, or an id is blank; if `columns` names one twice.
        ConfigError: if ids or payloads are asked for and `columns` is None.
    """
    require_corpus_file(path)
    extra = [*([] if id_column is None else [id_column]), *payload_columns]
    if columns is None and extra:
        raise ConfigError("id_column and payload need columns as well: the columns of the sentence.")
    names = None if columns is None else (*columns, *extra)
    width = 1 if columns is None else len(columns)
    refuse_twice(key, columns or ())
    found, blank = 0, 0
    for record in _records(path, names, encoding, key):
        if columns is None and len(record.texts) > 1:
            raise DataError(
                f"{path}, line {record.line}: {len(record.texts)} texts, where one sentence was expected: name its "
                f"column in {key}."
            )
        sentence = " ".join(text.strip() for text in record.texts[:width] if text.strip())
        if sentence == "":
            blank += 1
            continue
        found += 1
        name = None if id_column is None else _id(path, record, record.texts[width])
        payload = dict(zip(payload_columns, record.texts[len(record.texts) - len(payload_columns) :], strict=True))
        yield Sentence(sentence, name, payload)
    if found == 0:
        raise nothing_to_read(str(path))
    if blank > 0:
        numbered = "" if id_column is not None else " of the numbering, too"
        logger.warning("%s: rows without a sentence, left out%s: %s", path, numbered, f"{blank:,}")


def _id(path: Path, record: Record, name: str) -> str:
    if name.strip() == "":
        raise DataError(
            f"{path}, line {record.line}: the id is blank, where each sentence needs its own: mend it, or leave out "
            "id_column to have sentences numbered."
        )
    return name


def refuse_repeated_ids(path: Path, id_column: str, *, columns: Sequence[str], encoding: str = "utf-8") -> None:
    """Read a file once, and refuse an id that is blank or that two sentences have; eight bytes a sentence are held.

    Raises:
        DataError: naming the first such id and its line or lines, or as `iter_sentences`.
    """

    def ids() -> Iterator[tuple[int, str]]:
        for record in _records(path, (*columns, id_column), encoding):
            if any(text.strip() for text in record.texts[:-1]):
                yield record.line, _id(path, record, record.texts[-1])

    hashes = np.sort(np.fromiter((hash(name) for _, name in ids()), np.int64))
    twice = set(hashes[1:][hashes[1:] == hashes[:-1]].tolist())
    if len(twice) == 0:
        return
    lines: dict[str, int] = {}
    for line, name in ids():
        if hash(name) not in twice:
            continue
        if name in lines:
            raise DataError(
                f"{path}, line {line}: the id {name!r} is that of line {lines[name]}, too: ids must differ."
            )
        lines[name] = line


def read_relevance(path: Path, encoding: str = "utf-8") -> dict[str, dict[str, int]]:
    """Grades by query id and sentence id, from a .tsv or .csv with the columns query-id, corpus-id and score.

    Raises:
        DataError: if the file is missing or of the wrong form, or a score is not a whole number.
    """
    require_corpus_file(path)
    grades: dict[str, dict[str, int]] = {}
    for record in _records(path, RELEVANCE_COLUMNS, encoding):
        query, name, score = (text.strip() for text in record.texts)
        if record.is_blank:
            continue
        try:
            grades.setdefault(query, {})[name] = int(score)
        except ValueError:
            raise DataError(f"{path}, line {record.line}: the score {score!r} is not a whole number.") from None
    if len(grades) == 0:
        raise nothing_to_read(str(path))
    return grades


def _records(path: Path, columns: Sequence[str] | None, encoding: str, key: str = "columns") -> Iterator[Record]:
    with own_settings(key):
        yield from open_rows(path, columns, encoding, trained_on=False).records


def require_corpus_file(path: Path) -> None:
    """Raise a DataError that says what lies nearby, unless `path` is a file."""
    if path.is_dir():
        raise DataError(f"{path} is a folder, where a file was expected.")
    if not path.is_file():
        similar = similar_file(path)
        hint = "" if similar is None else f" Did you mean {similar}?"
        raise DataError(f"{path.absolute()} does not exist.{hint}")
