"""Which tasks a command names: groups, single tasks and own files, with the split that a mode scores."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sentcse.config.section import Level
from sentcse.data.fetching.sources import LABELS, STS_TASKS, TRANSFER_LABELS, TRANSFER_TASKS
from sentcse.errors import ConfigError
from sentcse.evaluation.reports.results_tables import GEOMETRY
from sentcse.evaluation.scores.results import AVERAGE_COLUMN
from sentcse.evaluation.tasks.sts import StsTask, load_pairs, load_task, required_files, splits_of
from sentcse.evaluation.tasks.transfer import TransferTask, load_transfer_task, transfer_files

MODES = {"test": "test", "dev": "dev", "fasttest": "test"}
"""The split that each mode scores. How the classifiers of the transfer tasks are trained depends on the mode as well:
`sentcse.evaluation.scores.transfer.settings.CLASSIFIERS`."""
PROTOCOLS = ("simcse", "mteb")
"""simcse: SICK-R's test split, 4927 pairs. mteb: all of SICK-R, 9927 pairs. The text is SentEval's in both."""
GROUPS = ("sts", "transfer", "full")
"""full: sts, then transfer."""
_HEADINGS = {**LABELS, **TRANSFER_LABELS}
_NAMES = tuple(_HEADINGS)


def resolve_tasks(tasks: Sequence[str], *, mode: str, protocol: str) -> tuple[tuple[str, str], ...]:
    """List the (task, split) pairs that names and groups stand for, each once, in the order named.

    A group leaves out the tasks that have no such split: STS12-16 in mode dev. A path stands for itself.

    Raises:
        ConfigError: if a task, mode or protocol does not exist, a named task has no such split, or the name of a file
            without its ending is that of a task, of another file, or of a column of the tables.
    """
    if mode not in MODES:
        raise ConfigError(f"mode must be one of {', '.join(MODES)}, got {mode!r}.")
    if protocol not in PROTOCOLS:
        raise ConfigError(f"protocol must be one of {', '.join(PROTOCOLS)}, got {protocol!r}.")
    split = MODES[mode]
    named: list[str] = []
    for name in tasks:
        if name in GROUPS:
            named += [task for task in STS_TASKS if split in splits_of(task) and name != "transfer"]
            named += TRANSFER_TASKS if name != "sts" else ()
        elif name in _NAMES or Path(name).suffix in (".tsv", ".csv"):
            named.append(name)
        else:
            known = ", ".join((*GROUPS, *_NAMES))
            raise ConfigError(f"tasks: there is no task {name!r}; there are {known}, and .tsv or .csv files.")
    if protocol == "mteb" and split == "test":
        named = ["sickr_full" if name == "sickr" else name for name in named]
    for name in named:
        if name in LABELS and split not in splits_of(name):
            raise ConfigError(f"tasks: {name} has no split {split!r}, which mode={mode} scores.")
    headings = [_HEADINGS.get(name, name) for name in dict.fromkeys(named)]
    if len(set(headings)) != len(headings):
        raise ConfigError("tasks: sickr and sickr_full share a column; score one of them at a time.")
    _refuse_shared_names([name for name in dict.fromkeys(named) if name not in _NAMES])
    return tuple((name, split) for name in dict.fromkeys(named))


def _refuse_shared_names(files: Sequence[str]) -> None:
    # whether or not that task is scored: a file stsb.tsv would be taken for STS-B, whose geometry is measured
    taken = {name.casefold(): f"the task {heading}" for task, heading in _HEADINGS.items() for name in (task, heading)}
    taken |= {heading.casefold(): f"the column {heading}" for heading in (AVERAGE_COLUMN, *GEOMETRY)}
    for file in files:
        other = taken.setdefault(Path(file).stem.casefold(), file)
        if other != file:
            raise ConfigError(
                f"tasks: {file} would share the name of {other}, and scores are told apart by it: rename the file."
            )


def senteval_files(tasks: Sequence[str], *, mode: str, protocol: str) -> tuple[str, ...]:
    """List the files below `senteval/` that tasks need, for `sentcse.data.fetching.download`.

    Raises:
        ConfigError: as `resolve_tasks`.
    """
    files: list[str] = []
    for name, split in resolve_tasks(tasks, mode=mode, protocol=protocol):
        if name in LABELS:
            files += required_files(name, split)
        elif name in TRANSFER_TASKS:
            files += transfer_files(name)
    return tuple(dict.fromkeys(files))


def load_selected(name: str, split: str, data_root: str | Path, *, level: Level = "exact") -> StsTask | TransferTask:
    """Load a task of `resolve_tasks`.

    Args:
        name: the task, or the path of a file.
        split: the part of it.
        data_root: the folder that holds `senteval/`.
        level: how much of its files must be as published.

    Raises:
        DataError: if a file is missing, wrong, short or malformed.
    """
    if name in TRANSFER_TASKS:
        return load_transfer_task(name, data_root, level=level)
    if name not in LABELS:
        return load_pairs(name, name=Path(name).stem, split=split)
    return load_task(name, split, data_root, level=level)
