"""The published test sentences that are on this machine: none of them should be trained on."""

from __future__ import annotations

from pathlib import Path

from sentcse.config.tasks import TASKS
from sentcse.evaluation.tasks.loading import load_sts
from sentcse.evaluation.tasks.selection import SelectedTask, senteval_files
from sentcse.evaluation.tasks.sts import StsTask

OTHER_FORMS = ("sickr_full", "stsb_en")
"""Tasks that are another one in other words: SICK-R with its training part, STS-B as people wrote it."""


def published_tests(data_root: str | Path) -> list[StsTask]:
    """The test part of each STS task whose files lie under `data_root`; nothing is fetched.

    Raises:
        DataError: if a file that is there cannot be read.
    """
    sts = [name for name, task in TASKS.items() if task.suite == "sts" and name not in OTHER_FORMS]
    tasks = [SelectedTask(name, "test") for name in sts]
    senteval = Path(data_root) / "senteval"
    there = [task for task in tasks if all((senteval / file).is_file() for file in senteval_files([task]))]
    return load_sts(there, data_root, level="none")
