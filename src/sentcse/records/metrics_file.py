"""metrics.csv: every logged value of a run, one row a call, kept across restarts."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytorch_lightning.loggers.logger import Logger
from pytorch_lightning.utilities import rank_zero_only

from sentcse.records.run_record import RunRecord


class MetricsFile(Logger):
    """Appends rows at once, so that a killed run loses none.

    Lightning's own CSVLogger deletes the rows of an earlier process when a run is continued.

    Args:
        path: the file; its folder exists.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.columns: list[str] = ["step"]
        if path.is_file():
            with path.open(encoding="utf-8", newline="") as lines:
                self.columns = next(csv.reader(lines), ["step"])

    @property
    def name(self) -> str:
        """What Lightning asks every logger for."""
        return "metrics"

    @property
    def version(self) -> str:
        """What Lightning asks every logger for."""
        return ""

    @rank_zero_only
    def log_hyperparams(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: config.yaml holds them."""

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Append a row; a metric that was not there before gets a column."""
        row = {"step": step, **{name: value for name, value in metrics.items() if name != "epoch"}}
        new = [name for name in row if name not in self.columns]
        if new:
            self.columns += new
            self._rewrite(self._rows())
        header_needed = not self.path.exists()
        with self.path.open("a", encoding="utf-8", newline="") as lines:
            writer = csv.DictWriter(lines, self.columns, restval="")
            if header_needed:
                writer.writeheader()
            writer.writerow(row)

    def rows(self) -> list[tuple[int, dict[str, float]]]:
        """Every row that has been written: its step, and its values by metric."""
        return [
            (int(row["step"]), {name: float(value) for name, value in row.items() if name != "step" and value != ""})
            for row in self._rows()
            if row["step"].isdigit()
        ]

    @rank_zero_only
    def forget_after(self, step: int) -> None:
        """Drop rows of steps that a continued run will make again."""
        if self.path.is_file():
            self._rewrite([row for row in self._rows() if row["step"].isdigit() and int(row["step"]) <= step])

    def _rows(self) -> list[dict[str, str]]:
        if not self.path.is_file():
            return []
        with self.path.open(encoding="utf-8", newline="") as lines:
            # the last row may have been cut by a kill
            return [row for row in csv.DictReader(lines) if None not in row and None not in row.values()]

    def _rewrite(self, rows: list[dict[str, str]]) -> None:
        temporary = self.path.with_suffix(".tmp")
        with temporary.open("w", encoding="utf-8", newline="") as lines:
            writer = csv.DictWriter(lines, self.columns, restval="")
            writer.writeheader()
            writer.writerows(rows)
        os.replace(temporary, self.path)


def read_series(metrics: Path) -> dict[str, tuple[list[int], list[float]]]:
    """Steps and values of every metric in a metrics.csv."""
    series: dict[str, tuple[list[int], list[float]]] = {}
    with metrics.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            step = int(row.pop("step"))
            for name, value in row.items():
                if value:
                    steps, values = series.setdefault(name, ([], []))
                    steps.append(step)
                    values.append(float(value))
    return series


METRICS_FILE = "metrics.csv"


def read_curves(record: RunRecord) -> dict[str, Curve]:
    """The metrics of a run's metrics.csv that begin with "val/"; empty where there is no such file."""
    path = record.path / METRICS_FILE
    if not path.is_file():
        return {}
    curves: dict[str, dict[int, float]] = {}
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            # the last row may have been cut by a kill
            values = {name: _number(value) for name, value in row.items() if str(name).startswith("val/") and value}
            for name, value in values.items():
                if math.isfinite(value):
                    curves.setdefault(name, {})[int(row["step"])] = value
    return dict(curves)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:  # cut behind its sign
        return math.nan


Curve = Mapping[int, float]
"""A metric by optimiser step."""
