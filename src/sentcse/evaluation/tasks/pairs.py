"""Sentence pairs with a gold similarity, and the user's own files of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sentcse.data.lines import iter_lines
from sentcse.data.objects import OBJECT_FORMS, Object, iter_objects, names_of, text_of
from sentcse.data.tables import Fields, iter_fields
from sentcse.errors import DataError

PAIR_COLUMNS = ("score", "sentence1", "sentence2")
PAIRS_ENDINGS = (".tsv", ".csv", *OBJECT_FORMS)
"""Of a file that the command can tell from the name of a task."""
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


def read_lines(path: Path) -> list[str]:
    """Lines of a UTF-8 file, split at line feeds only: str.splitlines also splits at U+0085 and U+2028.

    Raises:
        DataError: if the file is missing, unreadable or not UTF-8; the last with the line.
    """
    _require(path)
    return [line.text for line in iter_lines(path)]


def _require(path: Path) -> None:
    if not path.exists():
        raise DataError(f"{path} does not exist: name a .tsv or .csv of {', '.join(PAIR_COLUMNS)}.")


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
    """Pairs of a file with the columns score, sentence1, sentence2, or of a file as STS-B's.

    It is read as a corpus is: .csv with quotation marks, .jsonl, .json and .parquet by the names of their values, and
    all else as .tsv, where a quotation mark is a character like any other. A header that names the three columns is
    recognised, and then they may stand in any order beside others. Without one there are three columns in this order,
    or STS-B's seven tab-separated ones. Blank lines are skipped.

    Raises:
        DataError: naming file and line, if the file cannot be read so, or holds fewer than two different scores.
    """
    _require(path)
    form = (path.with_suffix("") if path.suffix.lower() == ".gz" else path).suffix.lower()
    if form in OBJECT_FORMS:
        rows = list(_rows_of_objects(path, iter_objects(path, "utf-8", form)))
    else:
        quoted = form == ".csv" and not _is_stsb(path)
        rows = list(_rows_of_fields(path, iter_fields(path, "utf-8", quoted=quoted)))
    if len({row[0] for row in rows}) < 2:
        found = "no pairs" if len(rows) == 0 else f"{len(rows)} pairs with one score"
        raise DataError(f"{path}: {found}; a rank correlation needs two different scores at least.")
    return make_pairs(source, rows)


def _is_stsb(path: Path) -> bool:
    first = next(iter_lines(path), None)
    return first is not None and first.text.count("\t") >= STSB_COLUMNS - 1


def _rows_of_objects(path: Path, rows: Iterator[Object]) -> Iterator[tuple[float, str, str]]:
    for row in rows:
        if row.values is None:
            continue
        names = {name.strip().lower(): name for name in row.values}
        missing = [name for name in PAIR_COLUMNS if name not in names]
        if missing:
            raise DataError(f"{row.where}: no {missing[0]!r}, only {names_of(row.values)}.")
        score, first, second = (names[name] for name in PAIR_COLUMNS)
        yield parse_row(path, row.number, str(row.values[score]), text_of(row, first), text_of(row, second))


def _rows_of_fields(path: Path, table: Iterator[Fields]) -> Iterator[tuple[float, str, str]]:
    columns: tuple[int, ...] | None = None
    width = 0
    for line, cells in table:
        if all(cell.strip() == "" for cell in cells):
            continue
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
