"""What is compared: how runs are named by what tells them apart, in which order, and with which look."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sentcse.config.method_options import method_names
from sentcse.printing.figures import COLOURS
from sentcse.studies.study_run import StudyRun, setting_text

METHODS = method_names()
"""The order in which methods are shown; others follow by name."""


def name_series(runs: Sequence[StudyRun]) -> dict[str, str]:
    """Name what each run is a repetition of.

    Runs of one method and encoder are one series as long as no size has runs of different settings: a recipe may set
    the learning rate by the size of the corpus, as miCSE's do. Where a size has, the settings that differ there are
    part of the name, but for those that are null (`stay_near=null`) and those that go with one that is
    (`stay_near_weight`).

    Args:
        runs: of one part.

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
            told = [key for key in telling if _is_told(key, run)]
            words += [f"{key.rpartition('.')[2]}={setting_text(run.settings.get(key))}" for key in told]
            names[run.record.name] = ", ".join(words)
    return names


def _is_told(key: str, run: StudyRun) -> bool:
    """Whether a name gives this setting: not where it is null, nor what only goes with another one that is."""
    if run.settings.get(key) is None:
        return False
    parents = [each for each in run.settings if key.startswith(f"{each}_")]
    return all(run.settings[each] is not None for each in parents)


def in_order(series: Iterable[str]) -> tuple[str, ...]:
    """Series as they are shown: by method, then by name."""

    def place(name: str) -> tuple[int, str]:
        method = name.split(",")[0].split(" ")[0]
        return (METHODS.index(method) if method in METHODS else len(METHODS)), name

    return tuple(sorted(set(series), key=place))


def places_of(series: Iterable[str]) -> dict[str, int]:
    """The places that decide the looks of series: a method of the package has its own in every study, others follow.

    Others leave out a place whose colour the study has already, as long as there is a colour that it has not.
    """
    ours = in_order(series)
    places = {name: place for place, name in enumerate(METHODS)}
    taken = {places[name] for name in ours if name in METHODS}
    following = itertools.count(len(METHODS))
    for name in ours:
        if name not in METHODS:
            used = {place % len(COLOURS) for place in taken}
            places[name] = next(n for n in following if n % len(COLOURS) not in used or len(used) == len(COLOURS))
            taken.add(places[name])
    return places


def differing_settings(runs: Sequence[StudyRun]) -> list[str]:
    """The settings, by dotted key, that are not the same in all runs that know them: versions add settings.

    An option of a method from outside the package that a run was not given has a default that nothing here knows: it is
    another value than one that was given.
    """
    keys = dict.fromkeys(key for run in runs for key in run.settings)
    return [
        key
        for key in keys
        if len({repr(run.settings.get(key)) for run in runs if key in run.settings or run.leaves_open(key)}) > 1
    ]


def _telling_keys(runs: Sequence[StudyRun]) -> list[str]:
    by_size: dict[Any, list[StudyRun]] = defaultdict(list)
    for run in runs:
        by_size[run.size].append(run)
    return list(dict.fromkeys(key for members in by_size.values() for key in differing_settings(members)))
