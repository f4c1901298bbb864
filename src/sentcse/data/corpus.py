"""A corpus: where the sentences come from, read row by row and never held in memory."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from sentcse.data.formats import FileRows, Record, read_rows
from sentcse.data.hashing import sha256_of, sha256_of_file
from sentcse.errors import DataError


class Corpus(Protocol):
    """What the token cache needs to know of a source."""

    @property
    def name(self) -> str:
        """Where it is, for messages."""
        ...

    @property
    def sha256(self) -> str:
        """A hash of the content and of the way it is read; of a plain .txt file it is the file's own SHA-256."""
        ...

    @property
    def header(self) -> tuple[str, ...]:
        """Names of the columns, where the source has them."""
        ...

    def iter_records(self) -> Iterator[Record]:
        """All rows, blank ones included, with the place of each."""
        ...

    def iter_rows(self) -> Iterator[tuple[str, ...]]:
        """Yield the texts of the rows that are not blank."""
        ...


@dataclass(frozen=True)
class FileCorpus:
    r"""Sentences, pairs or pairs with hard negatives from a .txt, .csv, .tsv or .jsonl file.

    Attributes:
        path: the file; see `formats.read_rows` for the forms.
        columns: names of the columns to take; None for all.
        encoding: encoding of the file. A byte order mark and \r\n are taken care of.
    """

    path: Path
    columns: tuple[str, ...] | None = None
    encoding: str = "utf-8"

    @property
    def name(self) -> str:
        """The path."""
        return str(self.path)

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of a .txt file in UTF-8; else of the file's and of what decides how it is read."""
        require_file(self.path)
        content, suffix = sha256_of_file(self.path), self.path.suffix.lower()
        if self.columns is not None:
            return sha256_of(content, self.encoding, *self.columns)
        if suffix != ".txt":
            # the same bytes are sentences in a .txt and pairs in a .tsv
            return sha256_of(content, suffix, self.encoding)
        return content if self.encoding == "utf-8" else sha256_of(content, self.encoding)

    @property
    def header(self) -> tuple[str, ...]:
        """Names in the first line, where it is a header."""
        return self._open().header

    def iter_records(self) -> Iterator[Record]:
        """All rows, blank ones included; raises DataError when the file changes meanwhile."""
        records = self._open().records
        before = self._stamp()
        yield from records
        if self._stamp() != before:
            raise DataError(f"{self.path} changed while it was read: start again when it is complete.")

    def _stamp(self) -> tuple[int, int]:
        status = self.path.stat()
        return status.st_size, status.st_mtime_ns

    def iter_rows(self) -> Iterator[tuple[str, ...]]:
        """Texts of the rows that are not blank.

        Raises:
            DataError: the file is missing, or of the wrong form, or holds no text at all.
        """
        yield from rows_of(self)

    def _open(self) -> FileRows:
        require_file(self.path)
        return read_rows(self.path, self.columns, self.encoding)


def rows_of(corpus: Corpus) -> Iterator[tuple[str, ...]]:
    """Texts of the rows of a corpus that are not blank; raises DataError when there are none."""
    empty = True
    for record in corpus.iter_records():
        if not record.is_blank:
            empty = False
            yield record.texts
    if empty:
        raise nothing_to_read(corpus.name)


def nothing_to_read(name: str) -> DataError:
    """Make the fault of a corpus without a single text."""
    return DataError(f"{name} is empty: not one row with text in it; it should hold a sentence a line.")


def require_file(path: Path) -> None:
    """Raise a DataError that says what was looked for, and what lies nearby, unless `path` is a file."""
    if path.is_file():
        return
    if path.is_dir():
        raise DataError(f"{path} is a folder: data.path names one file (data.dataset takes a dataset's folder).")
    similar = similar_file(path)
    hint = f" Did you mean {similar}?" if similar else ""
    raise DataError(
        f"{path.absolute()} does not exist.{hint} Give a .txt file with a sentence a line as data.path, or point "
        "SENTCSE_DATA at the folder that holds the data."
    )


def similar_file(path: Path) -> str | None:
    """The name in the folder of `path` that is most like its own, if there is one."""
    nearby = sorted(file.name for file in path.parent.iterdir()) if path.parent.is_dir() else []
    return next(iter(difflib.get_close_matches(path.name, nearby, 1)), None)


def open_corpus(
    *,
    path: str | Path | None = None,
    dataset: str | None = None,
    dataset_config: str | None = None,
    split: str = "train",
    columns: Sequence[str] | None = None,
    encoding: str = "utf-8",
) -> Corpus:
    """Open the corpus of a file or of a Hugging Face dataset.

    Args:
        path: a .txt, .csv, .tsv or .jsonl file.
        dataset: name on the hub, or local folder, of a Hugging Face dataset.
        dataset_config: configuration of the dataset; None for its only one.
        split: split of the dataset.
        columns: names of one to three columns.
        encoding: encoding of the file.

    Raises:
        DataError: both or none of `path` and `dataset`, or columns that are not one to three names.
    """
    if (path is None) == (dataset is None):
        raise DataError(
            "A corpus is either a file (data.path) or a Hugging Face dataset (data.dataset): give one of them."
        )
    names = None if columns is None else tuple(columns)
    if names is not None and not 1 <= len(names) <= 3:
        raise DataError(
            f"data.columns has {len(names)} names: one (sentences), two (pairs) or three (with hard negatives)."
        )
    if dataset is not None:
        from sentcse.data.hub_corpus import HubCorpus

        return HubCorpus(dataset, split, names, dataset_config)
    return FileCorpus(Path(str(path)), names, encoding)
