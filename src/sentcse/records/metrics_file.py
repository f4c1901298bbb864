"""metrics.csv: every logged value of a run, a row a call, kept across restarts."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from sentcse.errors import SentcseError
from sentcse.machine.files import written_whole
from sentcse.records.layout import STEP, VALIDATION

LONGEST_STEP = 18
"""Digits."""
Curve = Mapping[int, float]
"""A metric by optimiser step."""
ADVICE = "restore it, or move it away; a run that continues begins a new one."

Row = tuple[int, dict[str, float]]
"""A step, and its values by metric."""


class MetricsFile:
    """Appends rows at once, so that a killed run loses none.

    Args:
        path: the file; its folder exists.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.columns, _ = _read(path)

    def append(self, metrics: Mapping[str, float], step: int | None) -> None:
        """Append a row; a metric that was not there before gets a column."""
        row = {STEP: step, **metrics}
        new = [name for name in row if name not in self.columns]
        if new:
            self.columns += new
            self._rewrite(_read(self.path)[1])
        header_needed = not self.path.exists()
        with self.path.open("a", encoding="utf-8", newline="") as lines:
            writer = csv.DictWriter(lines, self.columns, restval="")
            if header_needed:
                writer.writeheader()
            writer.writerow(row)

    def forget_after(self, step: int) -> None:
        """Drop rows of steps that a continued run will make again."""
        if self.path.is_file():
            _, rows = _read(self.path)
            self._rewrite([row for row in rows if _is_step(row[STEP]) and int(row[STEP]) <= step])

    def _rewrite(self, rows: Sequence[Mapping[str, str]]) -> None:
        with (
            written_whole(self.path, alone=True) as partial,
            partial.open("w", encoding="utf-8", newline="") as lines,
        ):
            writer = csv.DictWriter(lines, self.columns, restval="")
            writer.writeheader()
            writer.writerows(rows)


def read_rows(path: Path) -> list[Row]:
    """Every whole row of a metrics.csv, without what is empty or no number; none where there is no file."""
    return [(int(row[STEP]), _numbers(row)) for row in _read(path)[1] if _is_step(row[STEP])]


def last_step(path: Path) -> int | None:
    """The optimiser step of the last row; None where there is none, or the file is something else."""
    try:
        return max((step for step, _ in read_rows(path)), default=None)
    except SentcseError:
        return None


def read_series(path: Path) -> dict[str, dict[int, float]]:
    """Every metric of a metrics.csv by optimiser step; the last value where a step has several."""
    series: dict[str, dict[int, float]] = {}
    for step, values in read_rows(path):
        for name, value in values.items():
            series.setdefault(name, {})[step] = value
    return series


def read_dev_curves(path: Path) -> dict[str, Curve]:
    """The metrics of evaluations while training, without values that are not finite."""
    finite = {
        name: {step: value for step, value in curve.items() if math.isfinite(value)}
        for name, curve in read_series(path).items()
        if name.startswith(VALIDATION)
    }
    return {name: curve for name, curve in finite.items() if curve}


def _read(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Columns and rows as they stand there, without a row that a kill has cut.

    Raises:
        SentcseError: if it is something else than a metrics.csv.
    """
    if not path.is_file():
        return [STEP], []
    try:
        text = path.read_bytes().decode("utf-8", errors="replace")
    except OSError as error:
        raise SentcseError(f"{path} cannot be read: {error.strerror}.") from error
    # behind the last line break stands what a kill has cut: of a number its first digits look like another one
    reader = csv.DictReader(io.StringIO(text[: text.rfind("\n") + 1], newline=""))
    try:
        rows = [row for row in reader if None not in row and None not in row.values() and row.get(STEP) is not None]
    except csv.Error as error:
        raise SentcseError(f"{path} is damaged ({error}): {ADVICE}") from error
    if reader.fieldnames is not None and STEP not in reader.fieldnames:
        raise SentcseError(f"{path} is damaged (its first line has no column {STEP}): {ADVICE}")
    return [STEP] if reader.fieldnames is None else list(reader.fieldnames), rows


def _is_step(text: str) -> bool:
    # not isdigit, which takes a superscript for one
    return text.isdecimal() and len(text) <= LONGEST_STEP


def _numbers(row: Mapping[str, str]) -> dict[str, float]:
    values = {}
    for name, text in row.items():
        if name != STEP:
            with suppress(ValueError):  # empty, or no number
                values[name] = float(text)
    return values
