"""Sentence pairs with a gold similarity, and the user's own files of them."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sentcse.errors import DataError

PAIR_COLUMNS = ("score", "sentence1", "sentence2")
STSB_COLUMNS = 7
"""Genre, file, year, id, score, sentence 1, sentence 2."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Scored pairs of one source, row by row.

    Attributes:
        source: what the pairs are called in results.
        sentences1: (pairs,) first sentences.
        sentences2: (pairs,) second sentences.
        gold: float64 (pairs,), the similarity that people gave; 0 to 5 in every published task.

    Raises:
        ValueError: if the three differ in length.
    """

    source: str
    sentences1: tuple[str, ...]
    sentences2: tuple[str, ...]
    gold: NDArray[np.float64]

    def __post_init__(self) -> None:
        lengths = (len(self.sentences1), len(self.sentences2), len(self.gold))
        if len(set(lengths)) != 1:
            raise ValueError(f"sentences1, sentences2 and gold must be equally long, got {lengths}")

    def __len__(self) -> int:
        return len(self.gold)


def make_pairs(source: str, rows: list[tuple[float, str, str]]) -> Pairs:
    """Pairs of rows (gold, sentence 1, sentence 2)."""
    gold = np.array([row[0] for row in rows], dtype=np.float64)
    return Pairs(source, tuple(row[1] for row in rows), tuple(row[2] for row in rows), gold)


def read_text(path: Path) -> str:
    """Read a UTF-8 file without its byte order mark.

    Raises:
        DataError: if the file is missing, unreadable or not UTF-8; the last with the line.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"{path} does not exist: name a .tsv or .csv of score, sentence1 and sentence2.") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}, line {line}: not UTF-8 (byte 0x{raw[error.start]:02x}); save it as UTF-8.") from None


def read_lines(path: Path) -> list[str]:
    """Lines of a UTF-8 file, split at line feeds only: str.splitlines also splits at U+0085 and U+2028.

    Raises:
        DataError: as `read_text`.
    """
    lines = read_text(path).split("\n")
    if lines[-1] == "":
        lines.pop()
    return [line.removesuffix("\r") for line in lines]


def parse_row(path: Path, line: int, gold: str, sentence1: str, sentence2: str) -> tuple[float, str, str]:
    """One pair, its white space made single as the published evaluation does by splitting and joining.

    Raises:
        DataError: if gold is no finite number or a sentence is empty.
    """
    try:
        score = float(gold)
    except ValueError:
        raise DataError(f"{path}, line {line}: expected a number as score, got {gold!r}.") from None
    if not math.isfinite(score):
        raise DataError(f"{path}, line {line}: expected a finite score, got {gold!r}.")
    first, second = " ".join(sentence1.split()), " ".join(sentence2.split())
    if first == "" or second == "":
        raise DataError(f"{path}, line {line}: a sentence of the pair is empty.")
    return score, first, second


def read_pairs_file(path: Path, source: str) -> Pairs:
    """Pairs of a .tsv or .csv file with the columns score, sentence1, sentence2, or of a file as STS-B's.

    A header that names the three columns is recognised, and then they may stand in any order beside others. Without
    one there are three columns in this order, or STS-B's seven tab-separated ones. In tab-separated files a
    quotation mark is a character like any other. Blank lines are skipped.

    Raises:
        DataError: naming file and line, if the file cannot be read so, or holds fewer than two different scores.
    """
    text = read_text(path)
    tabs = path.suffix.lower() != ".csv" or text.split("\n", 1)[0].count("\t") >= STSB_COLUMNS - 1
    table = _tab_separated(text) if tabs else _comma_separated(path, text)
    rows = list(_pair_rows(path, table))
    if len({row[0] for row in rows}) < 2:
        found = "no pairs" if len(rows) == 0 else f"{len(rows)} pairs with one score"
        raise DataError(f"{path}: {found}; a rank correlation needs two different scores at least.")
    return make_pairs(source, rows)


def _tab_separated(text: str) -> Iterator[tuple[int, list[str]]]:
    for line, content in enumerate(text.split("\n"), start=1):
        if content.strip() != "":
            yield line, content.removesuffix("\r").split("\t")


def _comma_separated(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for cells in reader:
            if any(cell.strip() != "" for cell in cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: not valid CSV: {error}.") from None


def _pair_rows(path: Path, table: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[float, str, str]]:
    columns: tuple[int, ...] | None = None
    width = 0
    for line, cells in table:
        if columns is None:
            width = len(cells)
            names = [cell.strip().lower() for cell in cells]
            if set(PAIR_COLUMNS) <= set(names):
                columns = tuple(names.index(column) for column in PAIR_COLUMNS)
                continue
            columns = (4, 5, 6) if width >= STSB_COLUMNS else (0, 1, 2)
        # lines of STS-B may carry a licence after the seventh column
        if len(cells) <= max(columns) or (len(cells) != width and width < STSB_COLUMNS):
            expected = max(width, len(PAIR_COLUMNS))
            raise DataError(
                f"{path}, line {line}: expected {expected} columns ({', '.join(PAIR_COLUMNS)}), got {len(cells)}."
            )
        score, first, second = columns
        yield parse_row(path, line, cells[score], cells[first], cells[second])
