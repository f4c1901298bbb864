"""The names of what a study compares: the method, and only as much more as tells two of them apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sentcse.studies.study_run import StudyRun, setting_text

METHODS = ("simcse", "diffcse", "micse")
"""The order in which methods are shown; others follow by name."""


def name_series(runs: Sequence[StudyRun]) -> dict[str, str]:
    """Name what each run is a repetition of.

    Runs of one method and encoder are one series as long as no size has runs of different settings: a recipe may set
    the learning rate by the size of the corpus, as miCSE's do. Where a size has, the settings that differ there are
    part of the name.

    Args:
        runs: of one budget.

    Returns:
        Series by the run's name, such as "micse" or "micse, ami_weight=0.001".
    """
    groups: dict[tuple[str, str], list[StudyRun]] = defaultdict(list)
    for run in runs:
        groups[run.record.method, run.record.encoder].append(run)
    several = len({encoder for _, encoder in groups}) > 1
    names = {}
    for (method, encoder), members in groups.items():
        telling = _telling_keys(members)
        for run in members:
            words = [f"{method} on {encoder}" if several else method]
            words += [f"{key.rpartition('.')[2]}={setting_text(run.settings.get(key))}" for key in telling]
            names[run.record.name] = ", ".join(words)
    return names


def in_order(series: Iterable[str]) -> tuple[str, ...]:
    """Series as they are shown: by method, then by name."""

    def place(name: str) -> tuple[int, str]:
        method = name.split(",")[0].split(" ")[0]
        return (METHODS.index(method) if method in METHODS else len(METHODS)), name

    return tuple(sorted(set(series), key=place))


def differing_settings(runs: Sequence[StudyRun]) -> list[str]:
    """The settings, by dotted key, that are not the same in all runs that know them: versions add settings."""
    keys = dict.fromkeys(key for run in runs for key in run.settings)
    return [key for key in keys if len({repr(run.settings[key]) for run in runs if key in run.settings}) > 1]


def _telling_keys(runs: Sequence[StudyRun]) -> list[str]:
    by_size: dict[Any, list[StudyRun]] = defaultdict(list)
    for run in runs:
        by_size[run.size].append(run)
    return list(dict.fromkeys(key for members in by_size.values() for key in differing_settings(members)))
