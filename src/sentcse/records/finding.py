"""Which runs there are in a place: a folder of runs, one run's folder, or a sweep."""

from __future__ import annotations

from pathlib import Path

from sentcse.errors import SentcseError
from sentcse.records.layout import CONFIG_FILE, SWEEP_FILE, SWEEPS_FOLDER
from sentcse.records.run_record import RunRecord, run_at
from sentcse.records.sweep_record import SweepRecord, read_sweep


def find_runs(source: Path) -> list[RunRecord]:
    """The runs of a folder of runs, of one run's folder, or of a sweep (its folder or its sweep.json).

    A sweep's jobs that have no folder yet, or could not start, have no record here: `sweep_record` knows them.

    Returns:
        Sorted by name.

    Raises:
        SentcseError: if there is no such place, or what it holds is damaged.
    """
    if not source.exists():
        raise SentcseError(f"{source} does not exist: name a folder of runs, a run's folder, or a sweep.")
    found = map(run_at, _folders(source))
    return sorted((run for run in found if run is not None), key=lambda run: run.name)


def find_sweeps(source: Path) -> list[SweepRecord]:
    """The sweep that a source is, or those whose records lie in a folder of runs; sorted by name.

    Raises:
        SentcseError: if one is damaged or of a newer version.
    """
    if is_sweep(source):
        return [read_sweep(source)]
    return [read_sweep(file.parent) for file in sorted((source / SWEEPS_FOLDER).glob(f"*/{SWEEP_FILE}"))]


def is_sweep(source: Path) -> bool:
    """Whether a place is a sweep's folder or its sweep.json."""
    return source.name == SWEEP_FILE or (source / SWEEP_FILE).is_file()


def _folders(source: Path) -> list[Path]:
    if is_sweep(source):
        paths = [job.run.resolve() for job in read_sweep(source).jobs if job.run is not None]
        return [path for path in paths if (path / CONFIG_FILE).is_file()]
    if source.is_file():
        raise SentcseError(f"{source} is a file: name a folder of runs, a run's folder, or a sweep.")
    if (source / CONFIG_FILE).is_file():
        return [source]
    # a link to a run is not a run more; what begins with a dot is being deleted
    hidden = tuple(path for path in source.iterdir() if path.name.startswith(".") or path.is_symlink())
    return [path for path in source.iterdir() if (path / CONFIG_FILE).is_file() and path not in hidden]
