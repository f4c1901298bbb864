"""Delete runs: nothing that is not a run's folder, nothing that is being trained."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sentcse.errors import BusyError, SentcseError
from sentcse.studies.run_record import RunRecord, read_run
from sentcse.training.run_folder import delete_run, is_locked


def removable(paths: Sequence[Path]) -> list[RunRecord]:
    """The runs of these folders, all of which may be deleted.

    Raises:
        SentcseError: if one of them is not a run's folder, or a link to one.
        BusyError: if one is being trained.
    """
    runs = [read_run(path) for path in paths]
    for run in runs:
        if run.path.is_symlink():
            raise SentcseError(f"{run.path} is a link: name the folder that it leads to.")
        if is_locked(run.path):
            raise BusyError(f"{run.path} is being trained: stop it first.")
    return runs


def remove(run: RunRecord) -> None:
    """Delete a run's folder.

    Raises:
        SentcseError: if another process has begun to train it, or a file cannot be deleted.
    """
    try:
        delete_run(run.path)
    except OSError as error:
        raise SentcseError(f"{run.path} cannot be deleted whole ({error.strerror}: {error.filename}).") from error


def size_on_disk(path: Path) -> int:
    """Bytes of all files of a folder."""
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file() and not file.is_symlink())
