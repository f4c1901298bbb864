"""Documents on disk: each is what was written, and nothing is read before it is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentcse.errors import DataError
from sentcse.retrieval.documents import Document, StoredDocuments, refuse_repeated, write_documents

WRITTEN = [
    Document("a", "line\nbreak", {"n": 1}),
    Document("ü", "", {}),
    Document("c", "x", {"deep": [None, {"y": 2}]}),
]


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    write_documents(WRITTEN, tmp_path / "lines", tmp_path / "offsets.npy")
    return tmp_path / "lines", tmp_path / "offsets.npy"


def test_they_come_back(files: tuple[Path, Path]) -> None:
    stored = StoredDocuments(*files)
    assert list(stored) == WRITTEN
    assert (stored[-1], stored[:2], len(stored)) == (WRITTEN[-1], WRITTEN[:2], 3)
    with pytest.raises(IndexError):
        stored[3]


def test_a_damaged_line_is_named_when_it_is_read(files: tuple[Path, Path]) -> None:
    content = files[0].read_bytes()
    files[0].write_bytes(b"x" + content[1:])
    stored = StoredDocuments(*files)
    assert stored[1] == WRITTEN[1]
    with pytest.raises(DataError, match="line 1, is damaged"):
        stored[0]


def test_offsets_of_other_lines(files: tuple[Path, Path]) -> None:
    files[0].write_bytes(files[0].read_bytes() + b"{}\n")
    with pytest.raises(ValueError, match="does not belong"):
        StoredDocuments(*files)


def test_ids_differ() -> None:
    refuse_repeated(["a"], iter(["b", "c"]))
    for known, names in ((["b"], ["a", "b"]), ([], ["b", "b"])):
        with pytest.raises(DataError, match="The id 'b' occurs twice, or is in the index already"):
            refuse_repeated(known, names)
    with pytest.raises(ValueError, match="ids must be strings, got 7"):
        refuse_repeated([], [7])  # type: ignore[list-item]
