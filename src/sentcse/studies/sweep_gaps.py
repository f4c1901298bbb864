"""What the sweeps beside a study's runs know of jobs that have no folder, or whose folder does not say why."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from sentcse.studies.run_record import SWEEP_FILE, SWEEPS_FOLDER, RunRecord
from sentcse.studies.study_run import shortened
from sentcse.studies.sweep_record import JobState, SweepRecord, read_sweep
from sentcse.studies.wording import count, listed


def find_sweeps(source: Path) -> list[SweepRecord]:
    """The sweep that a source is, or those whose records lie in a folder of runs; sorted by name."""
    if source.name == SWEEP_FILE or (source / SWEEP_FILE).is_file():
        return [read_sweep(source)]
    return [read_sweep(file.parent) for file in sorted((source / SWEEPS_FOLDER).glob(f"*/{SWEEP_FILE}"))]


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
    words = (word.partition("=") for word in shlex.split(command))
    return shlex.join(f"{key}{sign}{shortened(value)}" for key, sign, value in words)
