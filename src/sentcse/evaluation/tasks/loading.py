"""Tasks out of their files: the one way for training and for the evaluation command."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sentcse.config.section import Level
from sentcse.config.tasks import TASKS
from sentcse.evaluation.tasks.selection import SelectedTask
from sentcse.evaluation.tasks.sts import StsTask, load_pairs, load_task
from sentcse.evaluation.tasks.transfer import TransferTask, load_transfer_task


def load_sts(selected: Iterable[SelectedTask], data_root: str | Path, *, level: Level = "exact") -> list[StsTask]:
    """Load the tasks of sentence pairs among those selected, own pairs included.

    Args:
        selected: tasks of any kind.
        data_root: the folder that holds `senteval/`.
        level: how much of its files must be as published.

    Raises:
        DataError: if a file is missing, wrong, short or malformed.
    """
    return [
        load_task(task.name, task.split, data_root, level=level)
        if task.pairs is None
        else load_pairs(task.pairs, name=task.name, split=task.split)
        for task in selected
        if task.pairs is not None or TASKS[task.name].suite == "sts"
    ]


def load_transfer(
    selected: Iterable[SelectedTask], data_root: str | Path, *, level: Level = "exact"
) -> list[TransferTask]:
    """Load the tasks of classification among those selected; arguments and errors as `load_sts`."""
    return [
        load_transfer_task(task.name, data_root, level=level)
        for task in selected
        if task.pairs is None and TASKS[task.name].suite == "transfer"
    ]
