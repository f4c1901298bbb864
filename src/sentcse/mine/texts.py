"""The texts that negatives are mined from: pairs of anchor and positive, and which texts can be a negative."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sentcse.data.columns import roles
from sentcse.data.formats import open_rows
from sentcse.data.source import refuse_twice
from sentcse.errors import DataError
from sentcse.retrieval.reading import own_settings, read_sentences, require_corpus_file

logger = logging.getLogger(__name__)

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Texts:
    """Different texts, and what they are to each other, by their numbers.

    Attributes:
        texts: every text once, without the white space around it.
        anchors: of each pair, (pairs,); without pairs the sentences whose positive is still to be searched.
        positives: of each pair, (pairs,); None where they are to be searched.
        candidates: texts that can be a negative, (candidates,).
    """

    texts: list[str]
    anchors: Numbers
    positives: Numbers | None
    candidates: Numbers


def read_texts(
    path: Path,
    *,
    columns: Sequence[str] | None = None,
    corpus: Path | None = None,
    corpus_columns: Sequence[str] | None = None,
    encoding: str = "utf-8",
) -> Texts:
    """Pairs, or sentences without pairs, and a corpus beside them.

    Negatives come from the positives, or from the sentences, and from the corpus. A pair that is there twice counts
    once; a row with a blank text is left out. The log has how many there were of both, and the first pair.

    Args:
        path: a file with one column, sentences, or two, anchors and positives.
        columns: their names; None for all.
        corpus: a file of sentences.
        corpus_columns: of its sentence, joined by a space; None: there is only one.
        encoding: of both files.

    Raises:
        DataError: if a file cannot be read, has another number of columns or holds nothing, or a column is named twice.
    """
    require_corpus_file(path)
    refuse_twice("columns", columns or ())
    with own_settings():
        opened = open_rows(path, columns, encoding)
        rows = list(opened.records)
    found = [tuple(text.strip() for text in record.texts) for record in rows if not record.is_blank]
    if len(found) == 0:
        raise DataError(f"{path} holds no row with a text in each column.")
    if len(found[0]) > 2:
        raise DataError(
            f"{path} has three columns, where sentences or pairs are expected: name the anchor's and the positive's in "
            "columns=[...]."
        )
    if len(found[0]) == 2:  # whether a first line was a header cannot always be told
        logger.info("%s, the first row: %s.", path, roles(opened.header, found[0]))
    more: list[str] = []
    if corpus is not None:
        more = read_sentences(corpus, columns=corpus_columns, encoding=encoding, key="corpus_columns").sentences
    different = dict.fromkeys(found)
    for what, number in (
        ("rows with a blank text, left out", len(rows) - len(found)),
        ("rows that repeat an earlier one, left out", len(found) - len(different)),
    ):
        if number > 0:
            logger.info("%s: %s: %s", path, what, f"{number:,}")
    return made_of(different, more)


def made_of(rows: Iterable[tuple[str, ...]], corpus: Sequence[str] = ()) -> Texts:
    """The texts of rows of one or two and of a corpus."""
    number: dict[str, int] = {}
    numbers = [[number.setdefault(text, len(number)) for text in row] for row in rows]
    last = [row[-1] for row in numbers]
    others = [number.setdefault(text, len(number)) for text in corpus]
    return Texts(
        list(number),
        np.array([row[0] for row in numbers], dtype=np.int64),
        np.array(last, dtype=np.int64) if len(numbers[0]) == 2 else None,
        np.unique(np.array([*last, *others], dtype=np.int64)),
    )
