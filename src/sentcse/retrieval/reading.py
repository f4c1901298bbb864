"""Sentences with ids and payloads, and what is relevant to a query, from the files that the DataModule reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from sentcse.data.formats import open_rows
from sentcse.data.source import nothing_to_read
from sentcse.data.text_file import similar_file
from sentcse.errors import ConfigError, DataError

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


def read_sentences(
    path: Path,
    *,
    columns: Sequence[str] | None = None,
    id_column: str | None = None,
    payload_columns: Sequence[str] = (),
    encoding: str = "utf-8",
) -> Sentences:
    """All that `iter_sentences` gives, in memory; see there for arguments and errors."""
    found = Sentences([], None if id_column is None else [], [])
    for sentence in iter_sentences(
        path, columns=columns, id_column=id_column, payload_columns=payload_columns, encoding=encoding
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
) -> Iterator[Sentence]:
    """Rows of a file of one of `sentcse.data.formats.EXTENSIONS` whose sentence is not blank, one at a time.

    Args:
        path: the file.
        columns: of the sentence; several are joined by a space (a title and a text). None: the only one there is.
        id_column: of the ids.
        payload_columns: of what is kept beside the sentence.
        encoding: of the file.

    Raises:
        DataError: while iterating, if the file is missing, of the wrong form, or without a sentence, or a row has
            several texts and `columns` is None.
        ConfigError: if ids or payloads are asked for and `columns` is None.
    """
    require_corpus_file(path)
    extra = [*([] if id_column is None else [id_column]), *payload_columns]
    if columns is None and extra:
        raise ConfigError("id_column and payload need columns as well: the columns of the sentence.")
    names = None if columns is None else (*columns, *extra)
    width = 1 if columns is None else len(columns)
    empty = True
    for record in open_rows(path, names, encoding, trained_on=False).records:
        if columns is None and len(record.texts) > 1:
            raise DataError(
                f"{path}, line {record.line}: {len(record.texts)} texts, where one sentence was expected: name its "
                "column in columns."
            )
        sentence = " ".join(text.strip() for text in record.texts[:width] if text.strip())
        if sentence == "":
            continue
        empty = False
        payload = dict(zip(payload_columns, record.texts[len(record.texts) - len(payload_columns) :], strict=True))
        yield Sentence(sentence, None if id_column is None else record.texts[width], payload)
    if empty:
        raise nothing_to_read(str(path))


def read_relevance(path: Path, encoding: str = "utf-8") -> dict[str, dict[str, int]]:
    """Grades by query id and sentence id, from a .tsv or .csv with the columns query-id, corpus-id and score.

    Raises:
        DataError: if the file is missing or of the wrong form, or a score is not a whole number.
    """
    require_corpus_file(path)
    grades: dict[str, dict[str, int]] = {}
    for record in open_rows(path, RELEVANCE_COLUMNS, encoding).records:
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


def require_corpus_file(path: Path) -> None:
    """Raise a DataError that says what lies nearby, unless `path` is a file."""
    if path.is_dir():
        raise DataError(f"{path} is a folder, where a file was expected.")
    if not path.is_file():
        similar = similar_file(path)
        hint = "" if similar is None else f" Did you mean {similar}?"
        raise DataError(f"{path.absolute()} does not exist.{hint}")
