"""Which runs there are in a place: a folder of runs, one run's folder, or a sweep."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from sentcse.errors import SentcseError
from sentcse.records.layout import CONFIG_FILE, ENCODER_FOLDER, RESULTS_FILE, SWEEP_FILE, SWEEPS_FOLDER
from sentcse.records.run_record import RunRecord, run_at
from sentcse.records.sweep_record import SweepRecord, read_sweep

R = TypeVar("R")


def find_runs(source: Path) -> tuple[list[RunRecord], list[str]]:
    """The runs of a folder of runs, of one run's folder, or of a sweep (its folder or its sweep.json).

    A sweep's jobs that have no folder yet, or could not start, have no record here: `sweep_record` knows them.

    Returns:
        The runs, sorted by name; and for each that cannot be read, the sentence why.

    Raises:
        SentcseError: if there is no such place, or it is a run or a sweep that is damaged.
    """
    try:
        if not source.exists():
            raise SentcseError(f"{source} does not exist: name a folder of runs, a run's folder, or a sweep.")
        folders = _folders(source)
    except OSError as error:
        raise SentcseError(f"{source} cannot be read: {error.strerror}.") from error
    runs, left_out = _readable(run_at, folders, alone=folders == [source])
    return sorted((run for run in runs if run is not None), key=lambda run: run.name), left_out


def find_sweeps(source: Path) -> tuple[list[SweepRecord], list[str]]:
    """The sweep that a source is, or those whose records lie in a folder of runs; sorted by name.

    Returns:
        The sweeps; and for each that cannot be read, or is of a newer version, the sentence why.

    Raises:
        SentcseError: if the source is a sweep that cannot be read.
    """
    if is_sweep(source):
        return [read_sweep(source)], []
    folder = source / SWEEPS_FOLDER
    files = sorted(folder.glob(f"*/{SWEEP_FILE}")) if os.path.isdir(folder) else []
    return _readable(read_sweep, [file.parent for file in files], alone=False)


def is_sweep(source: Path) -> bool:
    """Whether a place is a sweep's folder or its sweep.json."""
    # not the path's own: a name too long for the file system is an error to it
    return source.name == SWEEP_FILE or os.path.isfile(source / SWEEP_FILE)


def _readable(read: Callable[[Path], R], folders: Iterable[Path], *, alone: bool) -> tuple[list[R], list[str]]:
    """What can be read; and the sentences why the others cannot, lest one of them hide all."""
    found, left_out = [], []
    for folder in folders:
        try:
            found.append(read(folder))
        except SentcseError as fault:
            if alone:
                raise
            left_out.append(str(fault))
    return found, left_out


def _folders(source: Path) -> list[Path]:
    if is_sweep(source):
        paths = [job.run.resolve() for job in read_sweep(source).jobs if job.run is not None]
        return [path for path in paths if os.path.isfile(path / CONFIG_FILE)]
    if source.is_file():
        raise SentcseError(f"{source} is a file: name a folder of runs, a run's folder, or a sweep.")
    if (source / CONFIG_FILE).is_file():
        return [source]
    # a link to a run is not a run more; what begins with a dot is being deleted
    hidden = tuple(path for path in source.iterdir() if path.name.startswith(".") or path.is_symlink())
    return [path for path in source.iterdir() if path not in hidden and _is_a_run(path)]


def _is_a_run(path: Path) -> bool:
    """Whether a folder is a run's, or was before its config.yaml went, which must not go unsaid."""
    finished = (path / RESULTS_FILE).is_file() and (path / ENCODER_FOLDER).is_dir()
    return finished or (path / CONFIG_FILE).is_file()
