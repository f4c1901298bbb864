"""Which tasks a command names: groups, single tasks and own files, with the split that a mode scores."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from sentcse.config.tasks import AVERAGE_COLUMN, GROUPS, TASKS, hint_at_list, label_of
from sentcse.errors import ConfigError
from sentcse.evaluation.tasks.headings import GEOMETRY
from sentcse.evaluation.tasks.pairs import PAIRS_ENDINGS
from sentcse.evaluation.tasks.sts import required_files
from sentcse.evaluation.tasks.transfer import transfer_files

MODES = {"test": "test", "dev": "dev", "fasttest": "test"}
"""The split that each mode scores. How the classifiers of the transfer tasks are trained depends on the mode as well:
`sentcse.evaluation.scores.classifiers.settings.CLASSIFIERS`."""
PROTOCOLS = ("simcse", "mteb")
"""simcse: SICK-R's test split, 4927 pairs. mteb: all of SICK-R, 9927 pairs. The text is SentEval's in both."""


class SelectedTask(NamedTuple):
    """A task to load.

    Attributes:
        name: of the task in results.
        split: "dev" or "test".
        pairs: the file of own pairs; None for a published task.
    """

    name: str
    split: str
    pairs: str | Path | None = None


def resolve_tasks(tasks: Sequence[str], *, mode: str, protocol: str) -> tuple[SelectedTask, ...]:
    """List what names and groups stand for, each task once, in the order named.

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
    named = list(_expanded(tasks, split))
    if protocol == "mteb" and split == "test":
        named = ["sickr_full" if name == "sickr" else name for name in named]
    named = list(dict.fromkeys(named))
    for name in named:
        if name in TASKS and split not in TASKS[name].parts:
            raise ConfigError(f"tasks: {name} has no split {split!r}, which mode={mode} scores.")
    if {"sickr", "sickr_full"} <= set(named):
        raise ConfigError("tasks: sickr and sickr_full share a column; score one of them at a time.")
    _refuse_shared_names([name for name in named if name not in TASKS])
    return tuple(
        SelectedTask(name, split) if name in TASKS else SelectedTask(Path(name).stem, split, name) for name in named
    )


def _expanded(tasks: Sequence[str], split: str) -> Iterable[str]:
    for name in tasks:
        if name in GROUPS:
            yield from (task for task in GROUPS[name] if split in TASKS[task].parts)
        elif name in TASKS or Path(name).suffix.lower() in PAIRS_ENDINGS:
            yield name
        else:
            known = ", ".join((*GROUPS, *TASKS))
            raise ConfigError(
                f"tasks: there is no task {name!r}; there are {known}, and files ending in {', '.join(PAIRS_ENDINGS)}."
                f"{hint_at_list('tasks', name)}"
            )


def _refuse_shared_names(files: Sequence[str]) -> None:
    # whether or not that task is scored: a file stsb.tsv would be taken for STS-B, whose geometry is measured
    taken = {name.casefold(): f"the task {label_of(task)}" for task in TASKS for name in (task, label_of(task))}
    taken |= {heading.casefold(): f"the column {heading}" for heading in (AVERAGE_COLUMN, *GEOMETRY)}
    for file in files:
        other = taken.setdefault(Path(file).stem.casefold(), file)
        if other != file:
            raise ConfigError(
                f"tasks: {file} would share the name of {other}, and scores are told apart by it: rename the file."
            )


def senteval_files(selected: Iterable[SelectedTask]) -> tuple[str, ...]:
    """List the files below `senteval/` that tasks are read from; own pairs lie elsewhere."""
    files: list[str] = []
    for task in selected:
        if task.pairs is None:
            is_sts = TASKS[task.name].suite == "sts"
            files += required_files(task.name, task.split) if is_sts else transfer_files(task.name)
    return tuple(dict.fromkeys(files))
