"""The transfer tasks: which files they are made of, how many rows those hold, how they are divided, and loading."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from sentcse.config.section import Level
from sentcse.config.tasks import TASKS, TRANSFER_TASKS
from sentcse.errors import DataError
from sentcse.evaluation.tasks.senteval_files import require_senteval
from sentcse.evaluation.tasks.transfer_files import Examples, read_class_files, read_mrpc, read_sst2, read_trec

Division = Literal["nested", "folds", "split"]
"""nested: folds for testing, and in the rest of each fold folds for choosing. folds: a test part, and folds of the
training part for choosing. split: a training, a dev and a test part."""


# file -> (class, rows): classes in SentEval's order, which is the order before sorting
_CLASS_FILES: dict[str, dict[str, tuple[int, int]]] = {
    "mr": {"MR/rt-polarity.pos": (1, 5331), "MR/rt-polarity.neg": (0, 5331)},
    "cr": {"CR/custrev.pos": (1, 2407), "CR/custrev.neg": (0, 1368)},
    "subj": {"SUBJ/subj.objective": (1, 5000), "SUBJ/subj.subjective": (0, 5000)},
    "mpqa": {"MPQA/mpqa.pos": (1, 3312), "MPQA/mpqa.neg": (0, 7294)},
}
# part -> (file, rows)
_PART_FILES: dict[str, dict[str, tuple[str, int]]] = {
    "sst2": {
        "train": ("SST/binary/sentiment-train", 67349),
        "dev": ("SST/binary/sentiment-dev", 872),
        "test": ("SST/binary/sentiment-test", 1821),
    },
    "trec": {"train": ("TREC/train_5500.label", 5452), "test": ("TREC/TREC_10.label", 500)},
    "mrpc": {"train": ("MRPC/msr_paraphrase_train.txt", 4076), "test": ("MRPC/msr_paraphrase_test.txt", 1725)},
}
_READERS = {"sst2": read_sst2, "trec": read_trec, "mrpc": read_mrpc}


@dataclass(frozen=True, eq=False)
class TransferTask:
    """A classification task.

    Attributes:
        name: key, such as "mr".
        label: column heading, such as "MR".
        classes: number of classes.
        division: how the rows are divided into what is trained on, chosen with and tested on.
        parts: "all" where the division is nested, "train" and "test" where it is folds, else "train", "dev", "test";
            rows by length, as SentEval sorts them: which rows meet in a fold depends on the order.
    """

    name: str
    label: str
    classes: int
    division: Division
    parts: dict[str, Examples]

    def sentences(self) -> Iterator[str]:
        """Every sentence, as often as it occurs."""
        for part in self.parts.values():
            for column in part.columns:
                yield from column


def transfer_files(name: str) -> tuple[str, ...]:
    """List the files that a task is read from, relative to `senteval/`.

    Raises:
        DataError: if there is no such task.
    """
    if name in _CLASS_FILES:
        return tuple(_CLASS_FILES[name])
    if name in _PART_FILES:
        return tuple(file for file, _ in _PART_FILES[name].values())
    raise DataError(f"There is no transfer task {name!r}; there are {', '.join(TRANSFER_TASKS)}.")


def load_transfer_task(name: str, root: str | Path, *, level: Level = "exact") -> TransferTask:
    """Load a task and check every byte and every row of it.

    Args:
        name: one of `sentcse.config.tasks.TRANSFER_TASKS`.
        root: the data folder, which holds `senteval/`.
        level: how much of the files must be as published.

    Raises:
        DataError: if the task is unknown, or a file is missing, wrong, short or malformed.
    """
    files = require_senteval(root, transfer_files(name), task=TASKS[name].label, level=level)
    if name in _CLASS_FILES:
        classes, rows = zip(*_CLASS_FILES[name].values(), strict=True)
        examples = read_class_files(files, classes=classes, rows=rows)
        return TransferTask(name, TASKS[name].label, 2, "nested", {"all": sorted_by_length(examples)})
    parts = {
        part: sorted_by_length(_READERS[name](file, rows=rows))
        for file, (part, (_, rows)) in zip(files, _PART_FILES[name].items(), strict=True)
    }
    division: Division = "split" if "dev" in parts else "folds"
    return TransferTask(name, TASKS[name].label, 6 if name == "trec" else 2, division, parts)


def sorted_by_length(examples: Examples) -> Examples:
    """Sort rows by their sentences' words, then by class, equal ones in their order, as SentEval does."""
    keys = [
        (*(len(sentence.split()) for sentence in row), label)
        for *row, label in zip(*examples.columns, examples.labels.tolist(), strict=True)
    ]
    order = sorted(range(len(keys)), key=keys.__getitem__)
    columns = tuple(tuple(column[row] for row in order) for column in examples.columns)
    return Examples(columns, examples.labels[np.array(order, dtype=np.intp)])
