"""What an index knows of a sentence beside its vector: in memory a list, on disk JSON lines read one by one."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, overload

import numpy as np

from sentcse.errors import DataError


class Document(NamedTuple):
    """A sentence with its id and what else belongs to it: anything that JSON can hold."""

    id: str
    sentence: str
    payload: Mapping[str, Any]


def refuse_repeated(known: Collection[str], names: Iterable[str]) -> None:
    """Refuse ids of which one is known already or occurs twice.

    Raises:
        DataError: naming it.
        ValueError: if one is not a string.
    """
    seen = set(known)
    for name in names:
        if not isinstance(name, str):
            raise ValueError(f"ids must be strings, got {name!r}")
        if name in seen:
            raise DataError(f"The id {name!r} occurs twice, or is in the index already: ids must differ.")
        seen.add(name)


def write_documents(documents: Iterable[Document], lines: Path, offsets: Path) -> None:
    """Write one JSON object a line, and beside it where each line begins, as int64 of (rows + 1,)."""
    places = [0]
    with lines.open("wb") as file:
        for document in documents:
            written = file.write(json.dumps(document._asdict(), ensure_ascii=False).encode() + b"\n")
            places.append(places[-1] + written)
    np.save(offsets, np.array(places, dtype=np.int64))


class StoredDocuments(Sequence[Document]):
    """The documents of two files that `write_documents` wrote; nothing is read before it is asked for.

    Args:
        lines: the JSON lines.
        offsets: where they begin.

    Raises:
        OSError, ValueError: if a file is missing or damaged.
    """

    def __init__(self, lines: Path, offsets: Path) -> None:
        self._path = lines
        self._lines = np.memmap(lines, dtype=np.uint8, mode="r")
        self._offsets = np.load(offsets, mmap_mode="r", allow_pickle=False)
        if self._offsets.ndim != 1 or len(self._offsets) == 0 or self._offsets[-1] != len(self._lines):
            raise ValueError(f"{offsets.name} does not belong to {lines.name}")

    def __len__(self) -> int:
        return len(self._offsets) - 1

    @overload
    def __getitem__(self, row: int) -> Document: ...

    @overload
    def __getitem__(self, row: slice) -> list[Document]: ...

    def __getitem__(self, row: int | slice) -> Document | list[Document]:
        if isinstance(row, slice):
            return [self[i] for i in range(*row.indices(len(self)))]
        row = range(len(self))[row]
        start, end = self._offsets[row], self._offsets[row + 1]
        try:
            return Document(**json.loads(self._lines[start:end].tobytes()))
        except (ValueError, TypeError, RecursionError) as error:
            raise DataError(f"{self._path}, line {row + 1}, is damaged ({error}): build the index again.") from error

    def __iter__(self) -> Iterator[Document]:
        return (self[row] for row in range(len(self)))
