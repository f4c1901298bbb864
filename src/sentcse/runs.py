"""Command: the runs that there are, and what became of a sweep.

python -m sentcse.runs list
python -m sentcse.runs compare NAME NAME
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from sentcse.command.plain import run_plain_command, settings_of
from sentcse.config.commands import RunsConfig
from sentcse.errors import BusyError, ConfigError, SentcseError
from sentcse.printing.wording import count, printable
from sentcse.records.failures import failed_jobs, failed_runs
from sentcse.records.finding import find_runs, find_sweeps
from sentcse.records.layout import SWEEPS_FOLDER
from sentcse.records.run_folder import delete_run
from sentcse.records.run_lock import is_locked
from sentcse.records.run_record import RunRecord, read_run
from sentcse.records.sweep_record import read_sweep
from sentcse.records.terminal import compare_text, jobs_by_status, list_table, show_text, sweep_table

MANY = 10**6
NAMED = {"list": (0, 0), "show": (1, 1), "compare": (2, MANY), "remove": (1, MANY), "status": (0, 0)}
"""How many runs each action takes by name; list and status look at all there are."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    return run_plain_command(runs_job, "runs", RunsConfig, settings_of(words, "runs"))


def runs_job(config: RunsConfig) -> None:
    """Do what is asked.

    Raises:
        ConfigError: if too few or too many runs are named.
        SentcseError: if one of them is not there.
    """
    least, most = NAMED[config.action]
    if not least <= len(config.runs) <= most:
        wanted = "no names" if most == 0 else "one name" if most == 1 else f"at least {least} names"
        raise ConfigError(f"{config.action} takes {wanted} of runs, got {len(config.runs)}; `list` shows them.")
    {"list": _list, "show": _show, "compare": _compare, "remove": _remove, "status": _status}[config.action](config)


def _list(config: RunsConfig) -> None:
    place = Path(config.root) if config.sweep is None else _sweep_folder(config)
    usual = RunsConfig.model_fields["root"].default
    nothing_yet = config.sweep is None and config.root == usual and not place.is_dir()
    runs, left_out = ([], []) if nothing_yet else find_runs(place)
    print(list_table(runs) if runs else f"There are no runs in {place}; root=FOLDER names another folder.")
    for sentence in (*failed_runs(runs), *(printable(f"left out: {why}") for why in left_out)):
        print(f"note: {sentence}")


def _show(config: RunsConfig) -> None:
    print(show_text(read_run(_run_folder(config, config.runs[0]))))


def _compare(config: RunsConfig) -> None:
    print(compare_text([read_run(_run_folder(config, name)) for name in config.runs]))


def _remove(config: RunsConfig) -> None:
    paths = dict.fromkeys(_run_folder(config, name) for name in config.runs)
    runs = removable(list(paths))
    for run in runs:
        print(printable(f"{run.status:<11} {size_on_disk(run.path) / 1e6:10.1f} MB  {run.path}"))
    if not config.yes and not _agreed(len(runs)):
        print("Nothing was removed.")
        return
    for run in runs:
        remove(run)
    print(f"Removed {count(len(runs), 'run')}.")


def _agreed(runs: int) -> bool:
    if not sys.stdin.isatty():
        raise ConfigError("remove asks before it deletes, and there is nobody to answer: add yes=true.")
    return input(f"Remove {'this run' if runs == 1 else f'these {runs} runs'}? [y/N] ").strip().lower() in ("y", "yes")


def _status(config: RunsConfig) -> None:
    if config.sweep is not None:
        record = read_sweep(_sweep_folder(config))
        print(sweep_table(record.states()))
        for entry in record.commands:
            print(printable(f"started {entry['started']}  {entry['command']}"))
        return
    found, left_out = find_sweeps(Path(config.root))
    for record in found:
        states = record.states()
        print("\n    ".join([f"{printable(record.name)}  {jobs_by_status(states)}", *failed_jobs(states)]))
    if len(found) == 0:
        print(f"There are no sweeps in {Path(config.root) / SWEEPS_FOLDER}.")
    for sentence in left_out:
        print(printable(f"note: left out: {sentence}"))


def _run_folder(config: RunsConfig, name: str) -> Path:
    return _place(Path(name), Path(config.root) / name, f"run {name}")


def _sweep_folder(config: RunsConfig) -> Path:
    name = str(config.sweep)
    return _place(Path(name), Path(config.root, SWEEPS_FOLDER, name), f"sweep {name}")


def _place(as_given: Path, under_root: Path, what: str) -> Path:
    for place in (under_root, as_given):
        if os.path.exists(place):  # not the path's own: a name too long for the file system is an error to it
            return place
    raise SentcseError(f"There is no {what}, neither {as_given} nor {under_root}: name another, or set root.")


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


if __name__ == "__main__":
    sys.exit(main())
