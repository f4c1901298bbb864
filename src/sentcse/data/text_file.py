"""A file of sentences, pairs or pairs with hard negatives as a source."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from sentcse.data.formats import FileRows, Record, file_form, open_rows
from sentcse.data.hashing import sha256_of, sha256_of_file
from sentcse.data.source import Source, checked_columns
from sentcse.errors import DataError


class TextFile(Source):
    r"""Sentences, pairs or pairs with hard negatives from a file of one of `formats.EXTENSIONS`.

    Args:
        path: the file; see `formats.open_rows` for the forms.
        columns: names of one to three columns; None for all.
        encoding: encoding of the file. A byte order mark and \r\n are taken care of.

    Raises:
        DataError: `columns` are not one to three names.
    """

    def __init__(self, path: str | Path, *, columns: Sequence[str] | None = None, encoding: str = "utf-8") -> None:
        self.path = Path(path).expanduser()
        self.columns = checked_columns(columns)
        self.encoding = encoding

    @property
    def name(self) -> str:
        """The path."""
        return str(self.path)

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of a .txt file in UTF-8; else of the file's and of what decides how it is read."""
        require_file(self.path)
        packed = ".gz" if self.path.suffix.lower() == ".gz" else ""
        content, suffix = sha256_of_file(self.path), file_form(self.path) + packed
        if self.columns is not None:
            return sha256_of(content, self.encoding, *self.columns)
        if suffix != ".txt":
            # the same bytes are sentences in a .txt and pairs in a .tsv
            return sha256_of(content, suffix, self.encoding)
        return content if self.encoding == "utf-8" else sha256_of(content, self.encoding)

    @property
    def header(self) -> tuple[str, ...]:
        """Names of the columns that are read, where they have some."""
        return self._open().header

    def iter_records(self) -> Iterator[Record]:
        """All rows, blank ones included; raises DataError when the file changes meanwhile."""
        require_file(self.path)
        before = self._stamp()
        yield from self._open().records
        if self._stamp() != before:
            raise DataError(f"{self.path} changed while it was read: start again when it is complete.")

    def _stamp(self) -> tuple[int, int]:
        status = self.path.stat()
        return status.st_size, status.st_mtime_ns

    def _open(self) -> FileRows:
        require_file(self.path)
        return open_rows(self.path, self.columns, self.encoding)


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
    # a link that leads nowhere has the very name
    nearby = sorted({file.name for file in path.parent.iterdir()} - {path.name}) if path.parent.is_dir() else []
    return next(iter(difflib.get_close_matches(path.name, nearby, 1)), None)
