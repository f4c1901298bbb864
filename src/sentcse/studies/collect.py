"""From folders to a study: every run read once, in its part, each with the name of its method."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from sentcse.errors import SentcseError
from sentcse.printing.wording import count, listed
from sentcse.records.finding import find_runs, find_sweeps
from sentcse.records.layout import METRICS_FILE, RUNS_FOLDER, SWEEP_FILE, SWEEPS_FOLDER
from sentcse.records.metrics_file import Curve, read_dev_curves
from sentcse.records.run_record import RunRecord
from sentcse.records.sweep_record import JobState, SweepRecord
from sentcse.studies.part import Part, in_order_of_length
from sentcse.studies.series import name_series, places_of
from sentcse.studies.study import Study
from sentcse.studies.study_run import StudyRun, shortened

R = TypeVar("R")
LEFT_OUT = "Left out: "
"""Begins the note on a run or sweep that cannot be read."""


def collect(sources: Sequence[Path], *, apart: bool = True) -> Study:
    """Read all runs of folders, run folders and sweeps.

    Args:
        sources: where they are.
        apart: whether each budget is a part of its own; else how long a run trains is a setting among others.

    Raises:
        SentcseError: if a source does not exist, or none holds a run of an encoder that is done.
    """
    notes: list[str] = []
    sweeps = {sweep.folder.resolve(): sweep for sweep in _all_of(find_sweeps, sources, notes)}
    states = {folder: sweep.states() for folder, sweep in sweeps.items()}
    found = _each_once(_all_of(find_runs, sources, notes), notes)
    records = with_reasons(found, [state for jobs in states.values() for state in jobs])
    notes += [note for folder, sweep in sweeps.items() for note in sweep_notes(sweep, states[folder])]
    encoders = [record for record in records if record.method != "generator"]
    if len(encoders) < len(records):
        notes.append(f"Left out, as it trains a generator: {count(len(records) - len(encoders), 'run')}.")
    curves = [_curves(record, notes) for record in encoders]
    runs = _with_sizes([StudyRun(run, of_run, run.sentences) for run, of_run in zip(encoders, curves, strict=True)])
    if not any(run.done for run in runs):
        damaged = [note for note in notes if note.startswith(LEFT_OUT)]
        damaged += [str(record.reason) for record in encoders if record.is_damaged]
        nothing = (
            f"There is nothing to report in {', '.join(map(str, sources))}: of {len(runs)} runs none is done; "
            "`python -m sentcse.runs list root=FOLDER` lists them."
        )
        raise SentcseError("\n".join([nothing, *damaged]))
    runs = _one_a_replicate(runs, notes)
    parts = [[run for run in runs if run.budget == budget] for budget in in_order_of_length(runs)] if apart else [runs]
    names = [name_series(part) for part in parts]
    places = places_of(series for each in names for series in each.values())
    with_results = _with_results(
        [Part.of(part, named, places) for part, named in zip(parts, names, strict=True)], notes
    )
    return Study(parts=tuple(with_results), notes=tuple(notes))


def _curves(record: RunRecord, notes: list[str]) -> Mapping[str, Curve]:
    try:
        return read_dev_curves(record.path / METRICS_FILE)
    except SentcseError as fault:
        notes.append(f"{record.name} counts without its curve: {fault}")
        return {}


def find_source(name: str) -> Path:
    """The folder or file of this name; else the sweep of this name in `runs/sweeps`."""
    given, sweep = Path(name), Path(RUNS_FOLDER, SWEEPS_FOLDER, name)
    return sweep if not os.path.exists(given) and os.path.isfile(sweep / SWEEP_FILE) else given


def _all_of(find: Callable[[Path], tuple[list[R], list[str]]], sources: Sequence[Path], notes: list[str]) -> list[R]:
    """What all sources hold; of what cannot be read there is a note."""
    found = []
    for source in sources:
        readable, left_out = find(source)
        found += readable
        notes += [f"{LEFT_OUT}{sentence}" for sentence in left_out]
    return found


def _each_once(records: Sequence[RunRecord], notes: list[str]) -> list[RunRecord]:
    """Of folders with one name, which have one configuration, the first that is done."""
    kept: dict[str, RunRecord] = {}
    for record in sorted(records, key=lambda record: record.status != "done"):
        if record.name in kept and kept[record.name].path.resolve() != record.path.resolve():
            notes.append(f"{record.name} is there twice; it counts once.")
        kept.setdefault(record.name, record)
    return sorted(kept.values(), key=lambda record: record.name)


def _with_sizes(runs: Sequence[StudyRun]) -> list[StudyRun]:
    """Give a run that has not counted its sentences the number of those that asked for the same share of the corpus."""
    known: dict[tuple[object, ...], set[int]] = {}
    for run in runs:
        if run.size is not None:
            known.setdefault(_share(run.record), set()).add(run.size)
    return [run if run.size is not None else _with_size(run, known.get(_share(run.record), set())) for run in runs]


def _with_size(run: StudyRun, known: Collection[int]) -> StudyRun:
    # of two numbers, as when the corpus grew between runs, either may be wrong
    return StudyRun(run.record, run.curves, next(iter(known))) if len(known) == 1 else run


def _share(record: RunRecord) -> tuple[object, ...]:
    data: Mapping[str, Any] = record.config["data"]
    low_shot = data["low_shot"]
    return (record.corpus, data.get("dataset_config"), data.get("split"), low_shot["size"], low_shot["percent"])


def _one_a_replicate(runs: Sequence[StudyRun], notes: list[str]) -> list[StudyRun]:
    """Of runs that differ only in which tests they score, the one with the most scores."""
    kept: dict[str, StudyRun] = {}
    for run in sorted(runs, key=lambda run: -len(run.scores)):
        same = repr((sorted(run.settings.items(), key=str), run.size, run.replicate))
        if same in kept:
            notes.append(f"{run.record.name} trains as {kept[same].record.name} does; it counts once.")
        kept.setdefault(same, run)
    return sorted(kept.values(), key=lambda run: run.record.name)


def _with_results(parts: Sequence[Part], notes: list[str]) -> list[Part]:
    """The parts that have anything to show; of the others, what became of their runs."""
    for part in parts:
        if not part.done():
            names = listed([f"{run.record.name} ({run.record.status})" for run in part.runs])
            notes.append(f"Left out, as none of its runs is done: {part.label}, {names}.")
        elif not part.score_keys():
            names = listed([run.record.name for run in part.done()])
            notes.append(f"Left out, as its runs scored no task: {part.label}, {names}.")
    return [part for part in parts if part.score_keys()]


def with_reasons(records: Sequence[RunRecord], states: Iterable[JobState]) -> list[RunRecord]:
    """The runs, those of failed jobs with the reason that the sweep has."""
    failed = {state.run.name: state.reason for state in states if state.status == "failed" and state.run is not None}
    return [
        replace(record, status="failed", reason=failed[record.name])
        if record.status == "interrupted" and record.name in failed
        else record
        for record in records
    ]


def sweep_notes(sweep: SweepRecord, states: Sequence[JobState]) -> list[str]:
    """What is to be said of a sweep: when and by what it was started, which jobs could not start or have not begun."""
    started = f"Sweep {sweep.name}: {count(len(states), 'job')}, started {count(len(sweep.commands), 'time')}."
    given = [
        f"Sweep {sweep.name} was started on {listed(times)} (UTC) by: {command}"
        for command, times in starts(sweep).items()
    ]
    refused = [
        f"Sweep {sweep.name}: {', '.join(f'{key}={value}' for key, value in state.job.settings.items())} "
        f"could not start: {state.reason}"
        for state in states
        if state.status == "failed" and state.run is None
    ]
    missing = sum(state.status == "missing" for state in states)
    waiting = [f"Sweep {sweep.name}: {count(missing, 'job')} not begun."] if missing > 0 else []
    return [started, *given, *refused, *waiting]


def starts(sweep: SweepRecord) -> dict[str, list[str]]:
    """The commands that started or continued a sweep, each with its times, to the minute, in UTC.

    Of what was named by an absolute path only the last two parts are told.
    """
    found: dict[str, list[str]] = {}
    for entry in sweep.commands:
        found.setdefault(_portable(entry["command"]), []).append(entry["started"][:16].replace("T", " "))
    return found


def _portable(command: str) -> str:
    try:
        words = [word.partition("=") for word in shlex.split(command)]
    except ValueError:  # a quotation mark that nobody closed
        return command
    return shlex.join(f"{key}{sign}{shortened(value)}" for key, sign, value in words)
