"""Texts that a program holds already, as a source: a list of them, or an open `datasets.Dataset`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from sentcse.data.formats import MAX_CHARACTERS, MAX_COLUMNS, Record
from sentcse.data.hashing import sha256_of
from sentcse.data.hub_dataset import HubDataset
from sentcse.data.source import Source
from sentcse.data.text_file import TextFile
from sentcse.errors import DataError


class TextRows(Source):
    """Sentences, or tuples of two or three: pairs, or pairs with hard negatives.

    Raises:
        DataError: if a row is neither, or another has more or fewer texts.
    """

    def __init__(self, rows: Sequence[str | Sequence[str]]) -> None:
        self.rows = [(row,) if isinstance(row, str) else tuple(row) for row in rows]
        width = len(self.rows[0]) if self.rows else 1
        for number, row in enumerate(self.rows, start=1):
            if len(row) != width or not 1 <= width <= MAX_COLUMNS or not all(isinstance(text, str) for text in row):
                raise DataError(
                    f"Row {number} of the texts in memory is {row!r:.100}: each must be a sentence, or all must be "
                    "tuples of two or three texts."
                )

    @property
    def name(self) -> str:
        """How many they are."""
        return f"{len(self.rows):,} rows in memory"

    @cached_property
    def sha256(self) -> str:
        """Hash of all texts and of how many make a row."""
        return sha256_of(
            f"rows of {len(self.rows[0]) if self.rows else 0}", *(text for row in self.rows for text in row)
        )

    @property
    def header(self) -> tuple[str, ...]:
        """There is none."""
        return ()

    def iter_records(self) -> Iterator[Record]:
        """All rows, texts cut as those of a file are."""
        for number, row in enumerate(self.rows, start=1):
            cut = tuple(text[:MAX_CHARACTERS] for text in row)
            yield Record(number, cut, cut != row)


class OpenDataset(HubDataset):
    """An open `datasets.Dataset`, whose texts stay where they are.

    Args:
        table: one split.
        columns: names of one to three columns; None takes all, if all are texts and not more than three.
    """

    def __init__(self, table: Any, *, columns: Sequence[str] | None = None) -> None:
        super().__init__("a dataset in memory", split=str(table.split), columns=columns)
        self._table = table


def as_source(given: Source | str | Path | Sequence[str | Sequence[str]] | Any) -> Source:
    """What `SentenceDataModule` is given, as a source: a file by its path, texts, a dataset.

    Raises:
        DataError: if it is nothing of these, or texts that are none.
    """
    if isinstance(given, Source):
        return given
    if isinstance(given, (str, Path)):
        return TextFile(given)
    # whoever has one has imported the library, which takes long
    datasets = sys.modules.get("datasets")
    if datasets is not None and isinstance(given, datasets.Dataset):
        return OpenDataset(given)
    if isinstance(given, Sequence):
        return TextRows(given)
    raise DataError(
        f"source must be a file's path, a list of texts, a datasets.Dataset or a Source of sentcse, got a "
        f"{type(given).__name__}: of several splits choose one, and of what is read only once make a list."
    )
