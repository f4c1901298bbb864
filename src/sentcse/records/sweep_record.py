"""sweep.json: which jobs a sweep has, written before the first of them begins; and what became of each."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Literal

from sentcse.config.generator_schema import RunConfig
from sentcse.errors import SentcseError
from sentcse.machine.files import write_json, writing
from sentcse.records.checked_json import read_checked
from sentcse.records.contents import SWEEP, Start, StoredSweep
from sentcse.records.layout import CONFIG_FILE, SWEEP_FILE, SWEEP_FORMAT, SWEEPS_FOLDER
from sentcse.records.outcomes import Outcomes
from sentcse.records.run_folder import RunFolder
from sentcse.records.run_lock import is_locked
from sentcse.records.run_record import RunRecord, read_run

LONGEST_NAME = 60

JobStatus = Literal["done", "failed", "running", "interrupted", "missing"]


@dataclass(frozen=True)
class RecordedJob:
    """A job as sweep.json has it.

    Attributes:
        number: from 1.
        settings: the axes' values by key.
        run: the folder of its run; None where its configuration cannot run.
        fault: why it cannot, one sentence; else None.
    """

    number: int
    settings: dict[str, str]
    run: Path | None
    fault: str | None


@dataclass(frozen=True)
class JobState:
    """What became of a job.

    Attributes:
        job: which.
        status: done; failed; running in some process; interrupted: begun, and stopped or killed; missing: not begun.
        reason: why it failed, one sentence; else None.
        run: its run, where that has a folder.
    """

    job: RecordedJob
    status: JobStatus
    reason: str | None
    run: RunRecord | None


@dataclass(frozen=True)
class SweepRecord:
    """A sweep.

    Attributes:
        folder: where sweep.json lies.
        commands: the command lines that started or continued it, with the time (UTC).
        jobs: all of them.
    """

    folder: Path
    commands: list[Start]
    jobs: list[RecordedJob]

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.resolve().name

    def states(self) -> list[JobState]:
        """What became of each job, as the folders say it now."""
        outcomes = Outcomes(self.folder)
        return [job_state(job, outcomes) for job in self.jobs]


def sweep_folder(root: Path, name: str, jobs: Sequence[Job]) -> Path:
    """Where a sweep's record lies: a function of its jobs' runs, as a run's folder is one of its configuration."""
    runs = sorted(" ".join(job.overrides) if job.run is None else job.run.name for job in jobs)
    return root / f"{name[:LONGEST_NAME]}_{hashlib.sha256(json.dumps(runs).encode()).hexdigest()[:8]}"


def write_sweep(folder: Path, jobs: Sequence[Job], *, command: str) -> SweepRecord:
    """Write sweep.json, and add this command to those that are in it.

    Raises:
        SentcseError: if the folder cannot be written, or holds a sweep of a newer version.
    """
    file = folder / SWEEP_FILE
    before = _read(file)["commands"] if file.is_file() else []
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    content: StoredSweep = {
        "format": SWEEP_FORMAT,
        "commands": [*before, {"started": now, "command": command}],
        "jobs": [
            {
                "number": job.number,
                "settings": job.settings,
                "overrides": list(job.overrides),
                # relative, so that a folder of runs may be moved as a whole
                "run": None if job.run is None else os.path.relpath(job.run, folder),
                "fault": None if job.fault is None else " ".join(job.fault.splitlines()),
            }
            for job in jobs
        ],
    }
    with writing(folder, "set runs.root to a folder that can"):
        folder.mkdir(parents=True, exist_ok=True)
        write_json(file, content)
    return read_sweep(folder)


def read_sweep(place: Path) -> SweepRecord:
    """Read a sweep from its folder or its sweep.json.

    Raises:
        SentcseError: if there is none, or it is damaged or of a newer version.
    """
    folder = place.parent if place.name == SWEEP_FILE else place
    if not (folder / SWEEP_FILE).is_file():
        raise SentcseError(f"{place} is not a sweep: there is no {SWEEP_FILE}; sweeps lie in runs/{SWEEPS_FOLDER}/.")
    content = _read(folder / SWEEP_FILE)
    jobs = [
        RecordedJob(
            number=job["number"],
            settings=job["settings"],
            run=None if job["run"] is None else Path(os.path.normpath(folder / job["run"])),
            fault=job["fault"],
        )
        for job in content["jobs"]
    ]
    return SweepRecord(folder, content["commands"], jobs)


def _read(file: Path) -> StoredSweep:
    return read_checked(file, SWEEP, newest=SWEEP_FORMAT)


def job_state(job: RecordedJob, outcomes: Outcomes) -> JobState:
    """What became of a job, as its run's folder and its outcome say."""
    if job.run is None:
        return JobState(job, "failed", job.fault, None)
    try:
        run = read_run(job.run) if os.path.isfile(job.run / CONFIG_FILE) else None
    except SentcseError as fault:
        return JobState(job, "failed", str(fault), None)
    if run is not None and run.status == "done":
        return JobState(job, "done", None, run)
    if run is not None and is_locked(job.run):
        return JobState(job, "running", None, run)
    ended = outcomes.read(job.run.name)
    if ended is not None and ended.status == "failed":
        return JobState(job, "failed", ended.reason, run)
    if run is None:
        return JobState(job, "missing", None, None)
    return JobState(job, run.status, run.reason, run)


@dataclass(frozen=True)
class Job:
    """One combination of a sweep's axes.

    Attributes:
        number: from 1.
        overrides: as Hydra takes them.
        settings: the axes' values, by key, as they stand on the command line.
        config: the checked configuration; None where it cannot run.
        folder: of its run; None where there is no configuration.
        fault: why the configuration cannot run, a sentence a line; else None.
    """

    number: int
    overrides: tuple[str, ...]
    settings: dict[str, str]
    config: RunConfig | None
    folder: RunFolder | None
    fault: str | None

    @property
    def run(self) -> Path | None:
        """Where its run's folder lies."""
        return None if self.folder is None else self.folder.path
