"""Readers for the classification files in SentEval's layout, byte for byte as SentEval reads them; rows are counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from sentcse.errors import DataError

TREC_CLASSES = ("ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM")
MRPC_COLUMNS = 5
"""Quality, two ids, two sentences."""

R = TypeVar("R")


@dataclass(frozen=True, eq=False)
class Examples:
    """Classified sentences, or pairs of them.

    Attributes:
        columns: one tuple of sentences, or two for pairs; (rows,) each. A sentence may be empty, as some of CR's are.
        labels: int64 (rows,), the class from 0 on.

    Raises:
        ValueError: if they differ in length.
    """

    columns: tuple[tuple[str, ...], ...]
    labels: NDArray[np.int64]

    def __post_init__(self) -> None:
        lengths = {len(self.labels), *(len(column) for column in self.columns)}
        if len(lengths) != 1:
            raise ValueError(f"columns and labels must be equally long, got {sorted(lengths)}")

    def __len__(self) -> int:
        return len(self.labels)


def read_class_files(paths: Sequence[Path], *, classes: Sequence[int], rows: Sequence[int]) -> Examples:
    """Read one sentence a line, one file a class (MR, CR, SUBJ, MPQA): Latin-1, as SentEval reads them.

    Lines end where `str.splitlines` ends them, at byte 0x85 too, since SentEval does the same.

    Args:
        paths: the files.
        classes: of each file.
        rows: that each file must have.

    Raises:
        DataError: naming the file.
    """
    sentences: list[str] = []
    for path, expected in zip(paths, rows, strict=True):
        lines = _read(path, "latin-1").splitlines()
        _check_rows(path, len(lines), expected)
        sentences += [_joined(line) for line in lines]
    return Examples((tuple(sentences),), np.repeat(np.array(classes, dtype=np.int64), rows))


def read_trec(path: Path, *, rows: int) -> Examples:
    """Read `COARSE:fine question` lines in Latin-1; the class is the coarse one.

    Raises:
        DataError: naming file and line.
    """

    def parse(line: str) -> tuple[str, int]:
        coarse, rest = line.split(":", 1)
        return _joined(rest.split(" ", 1)[1]), TREC_CLASSES.index(coarse)

    parsed = _parse_rows(path, _lines(path, "latin-1"), rows, parse, "CLASS:type question")
    return Examples((tuple(question for question, _ in parsed),), _labels([label for _, label in parsed]))


def read_sst2(path: Path, *, rows: int) -> Examples:
    """Read `sentence<tab>label` lines in UTF-8; the label is 0 or 1.

    Raises:
        DataError: naming file and line.
    """

    def parse(line: str) -> tuple[str, int]:
        sentence, label = line.split("\t")
        return _joined(sentence), ("0", "1").index(label)

    parsed = _parse_rows(path, _lines(path, "utf-8"), rows, parse, "a sentence, a tab, and 0 or 1")
    return Examples((tuple(sentence for sentence, _ in parsed),), _labels([label for _, label in parsed]))


def read_mrpc(path: Path, *, rows: int) -> Examples:
    """Read tab-separated quality, two ids, two sentences in UTF-8, below a header line.

    Raises:
        DataError: naming file and line.
    """

    def parse(line: str) -> tuple[str, str, int]:
        cells = line.split("\t")
        if len(cells) != MRPC_COLUMNS:
            raise ValueError
        return _joined(cells[3]), _joined(cells[4]), ("0", "1").index(cells[0])

    lines = _lines(path, "utf-8")
    if len(lines) == 0 or "Quality" not in lines[0]:
        raise DataError(f"{path}, line 1: expected the header Quality, #1 ID, #2 ID, ...; the file is damaged.")
    parsed = _parse_rows(path, lines[1:], rows, parse, "0 or 1, two ids and two sentences between tabs", first=2)
    columns = (tuple(row[0] for row in parsed), tuple(row[1] for row in parsed))
    return Examples(columns, _labels([row[2] for row in parsed]))


def _read(path: Path, encoding: str) -> str:
    try:
        return path.read_text(encoding=encoding)
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not {encoding.upper()} at byte {error.start}; fetch the file again.") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from None


def _lines(path: Path, encoding: str) -> list[str]:
    # unlike str.splitlines, a text file is read line by line at line feeds only
    return _read(path, encoding).removesuffix("\n").split("\n")


def _parse_rows(
    path: Path, lines: list[str], rows: int, parse: Callable[[str], R], expected: str, *, first: int = 1
) -> list[R]:
    _check_rows(path, len(lines), rows)
    parsed = []
    for number, line in enumerate(lines, start=first):
        try:
            parsed.append(parse(line.strip()))
        except (ValueError, IndexError):
            raise DataError(f"{path}, line {number}: expected {expected}, got {line[:60]!r}.") from None
    return parsed


def _check_rows(path: Path, found: int, expected: int) -> None:
    if found != expected:
        raise DataError(f"{path}: expected {expected} rows, got {found}; delete the file and fetch it again.")


def _joined(sentence: str) -> str:
    return " ".join(sentence.split())


def _labels(labels: list[int]) -> NDArray[np.int64]:
    return np.array(labels, dtype=np.int64)
