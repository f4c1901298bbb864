"""The tasks that a run is scored on."""

from __future__ import annotations

from pathlib import Path

from sentcse.config import TrainConfig
from sentcse.data.fetching.senteval_download import ensure_senteval
from sentcse.evaluation.tasks.loading import load_sts
from sentcse.evaluation.tasks.selection import SelectedTask, senteval_files
from sentcse.evaluation.tasks.sts import StsTask
from sentcse.machine.locate import find_file

OWN_PAIRS = "pairs"


def selected_tasks(config: TrainConfig, part: str) -> list[SelectedTask]:
    """The configured tasks of `dev` or `test`."""
    evaluation, root = config.evaluation, Path(config.data_root)
    names, pairs = (evaluation.dev, evaluation.pairs_dev) if part == "dev" else (evaluation.test, evaluation.pairs_test)
    return [SelectedTask(name, part, find_file(str(pairs), root) if name == OWN_PAIRS else None) for name in names]


def configured_tasks(config: TrainConfig, part: str) -> list[StsTask]:
    """The configured tasks of `dev` or `test`, fetched first if they are not here.

    Raises:
        DataError: if a file is missing and cannot be fetched, or is damaged.
    """
    selected, root = selected_tasks(config, part), Path(config.data_root)
    ensure_senteval(root, senteval_files(selected), level=config.evaluation.verify)
    return load_sts(selected, root, level=config.evaluation.verify)
