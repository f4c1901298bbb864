"""Where the sentences of a run come from: whatever gives rows of one to three texts, and a hash that names them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

from sentcse.data.formats import MAX_COLUMNS, Record
from sentcse.data.hashing import sha256_of
from sentcse.errors import DataError


class Source(ABC):
    """A corpus, read row by row and never held in memory; the token cache needs no more of it than this."""

    @property
    @abstractmethod
    def name(self) -> str:
        """Where it is, for messages."""

    @property
    @abstractmethod
    def sha256(self) -> str:
        """A hash of the content and of the way it is read; of a plain .txt file it is the file's own SHA-256."""

    @property
    @abstractmethod
    def header(self) -> tuple[str, ...]:
        """Names of the columns that are read, where the source has them."""

    @abstractmethod
    def iter_records(self) -> Iterator[Record]:
        """All rows, blank ones included, with the place of each."""

    def iter_rows(self) -> Iterator[tuple[str, ...]]:
        """Texts of the rows that are not blank.

        Raises:
            DataError: the source cannot be read, or holds no text at all.
        """
        empty = True
        for record in self.iter_records():
            if not record.is_blank:
                empty = False
                yield record.texts
        if empty:
            raise nothing_to_read(self.name)

    def fetch(self) -> None:  # noqa: B027 - most have nothing to fetch
        """Bring it onto this machine; nothing is done where it needs no fetching.

        Raises:
            DataError: it cannot be had.
        """

    def check_rows(self, found: int) -> None:  # noqa: B027 - of most, no number is known
        """Refuse another number of rows, blank ones included, than it is known to have.

        Raises:
            DataError: it has another one.
        """


class Prompted(Source):
    """A corpus with a prompt before every text, as an encoder that has one reads it.

    Args:
        source: the corpus.
        prompt: put before each text of a row that is not blank.
    """

    def __init__(self, source: Source, prompt: str) -> None:
        self.source, self.prompt = source, prompt

    @property
    def name(self) -> str:
        """That of the corpus."""
        return self.source.name

    @property
    def sha256(self) -> str:
        """Of the prompt and the corpus's hash: with another prompt it is another corpus."""
        return sha256_of(f"prompt {self.prompt}", self.source.sha256)

    @property
    def header(self) -> tuple[str, ...]:
        """That of the corpus."""
        return self.source.header

    def iter_records(self) -> Iterator[Record]:
        """All rows; blank ones stay blank."""
        for record in self.source.iter_records():
            texts = tuple(f"{self.prompt}{text}" for text in record.texts)
            yield record if record.is_blank else record._replace(texts=texts)

    def fetch(self) -> None:
        """Fetch the corpus; raises as it does."""
        self.source.fetch()

    def check_rows(self, found: int) -> None:
        """Compare with what the corpus is known to have; raises as it does."""
        self.source.check_rows(found)


def nothing_to_read(name: str) -> DataError:
    """Make the fault of a source without a single text."""
    return DataError(f"{name} is empty: not one row with text in it; it should hold a sentence a line.")


def checked_columns(columns: Sequence[str] | None) -> tuple[str, ...] | None:
    """The names of the columns to read; None for all.

    Raises:
        DataError: they are not one to three names, or one stands there twice.
    """
    if columns is not None and not 1 <= len(columns) <= MAX_COLUMNS:
        raise DataError(
            f"data.columns has {len(columns)} names: one (sentences), two (pairs) or three (with hard negatives)."
        )
    refuse_twice("data.columns", columns or ())
    return None if columns is None else tuple(columns)


def refuse_twice(key: str, columns: Sequence[str]) -> None:
    """Refuse a setting that names a column twice.

    Raises:
        DataError: naming it.
    """
    twice = next((name for name in columns if columns.count(name) > 1), None)
    if twice is not None:
        raise DataError(f"{key}=[{','.join(columns)}] names {twice!r} twice: name each column once.")
