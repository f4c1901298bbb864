"""Published scores: every row of `published_rows.tsv`, to show beside a score and to measure a reproduction against."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sentcse.config.tasks import GROUPS, SUITE_COLUMNS, label_of
from sentcse.errors import ConfigError

FILE = Path(__file__).with_name("published_rows.tsv")
SPREAD_MARK = "+-"
NOT_PUBLISHED = "-"
ALL = "all"


@dataclass(frozen=True)
class PublishedFigure:
    """A published score, and its standard deviation over seeds where that is published too."""

    score: float
    std: float | None = None


@dataclass(frozen=True)
class PublishedRow:
    """What was published of one encoder.

    Attributes:
        name: key, the same as that of the experiment where there is one; unique within a suite.
        suite: "sts" (Spearman x 100, all pairs together) or "transfer" (accuracy in per cent, mode test).
        protocol: "simcse" or "mteb", which also takes the text as it is.
        label: what tables show.
        figures: by column heading; empty where only the average is published.
        average: as published; None where none is.
        seeds: number of runs that the figures are taken over.
        source: where the figures stand.
        note: what to know of them; may be empty.
    """

    name: str
    suite: str
    protocol: str
    label: str
    figures: dict[str, PublishedFigure]
    average: PublishedFigure | None
    seeds: int
    source: str
    note: str

    def record(self) -> dict[str, Any]:
        """Make an entry of "published" in `results.json`."""
        return asdict(self)


@cache
def published_rows() -> tuple[PublishedRow, ...]:
    """List every row, in the order of the file."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return tuple(_row(cells) for cells in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def scored_suites(tasks: Sequence[str]) -> list[str]:
    """List the suites of which tasks, named singly or by groups, have a column."""
    named = {label_of(member) for name in tasks for member in GROUPS.get(name, (name,))}
    return [suite for suite, columns in SUITE_COLUMNS.items() if not named.isdisjoint(columns)]


def select_rows(
    names: Sequence[str], *, protocol: str, mode: str, suites: Sequence[str], key: str = "published"
) -> list[PublishedRow]:
    """Find the rows to show beside scores.

    Args:
        names: of rows, or only "all".
        protocol: that the scores are of; rows of another one cannot stand beside them.
        mode: that the scores are of.
        suites: that are scored.
        key: the setting that holds the names, for the message.

    Raises:
        ConfigError: if a name does not exist, or its row cannot stand beside the scores.
    """
    rows = [row for row in published_rows() if row.suite in suites]
    if list(names) == [ALL]:
        return [row for row in rows if why_not_comparable(row, protocol=protocol, mode=mode) is None]
    chosen = []
    for name in names:
        matching = [row for row in rows if row.name == name]
        if len(matching) == 0:
            known = ", ".join(dict.fromkeys(row.name for row in rows)) if len(rows) > 0 else "none for these tasks"
            raise ConfigError(f"{key}: there is no published row {name!r} for the tasks scored; there are: {known}.")
        faults = [why_not_comparable(row, protocol=protocol, mode=mode) for row in matching]
        if faults[0] is not None:
            raise ConfigError(f"{key}: {faults[0]}")
        chosen += matching
    return chosen


def why_not_comparable(row: PublishedRow, *, protocol: str, mode: str) -> str | None:
    """Say in a sentence why a row cannot be compared with scores of this protocol and mode; None if it can."""
    if row.protocol != protocol:
        return (
            f"{row.name} was published by the protocol {row.protocol}, the scores are asked for by {protocol}, which "
            f"has other SICK-R pairs: set protocol={row.protocol}."
        )
    wanted = ("test",) if row.suite == "transfer" else ("test", "fasttest")
    if mode not in wanted:
        return f"{row.name} was published for mode=test, the scores are asked for by mode={mode}: set mode=test."
    return None


def _row(cells: dict[str, str]) -> PublishedRow:
    columns = SUITE_COLUMNS[cells["suite"]]
    figures = [_figure(cells[f"figure{index}"]) for index in range(1, len(columns) + 1)]
    return PublishedRow(
        name=cells["name"],
        suite=cells["suite"],
        protocol=cells["protocol"],
        label=cells["label"],
        figures={column: figure for column, figure in zip(columns, figures, strict=True) if figure is not None},
        average=_figure(cells["average"]),
        seeds=int(cells["seeds"]),
        source=cells["source"],
        note=cells["note"],
    )


def _figure(cell: str) -> PublishedFigure | None:
    if cell == NOT_PUBLISHED:
        return None
    score, _, std = cell.partition(SPREAD_MARK)
    return PublishedFigure(float(score), None if std == "" else float(std))
