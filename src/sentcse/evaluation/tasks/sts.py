"""The STS tasks: which files they are made of, how many pairs they hold, and how to load them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sentcse.config.section import Level
from sentcse.config.tasks import GROUPS, TASKS
from sentcse.errors import DataError
from sentcse.evaluation.tasks.pairs import Pairs, read_pairs_file
from sentcse.evaluation.tasks.senteval_files import (
    read_semeval,
    read_sick,
    read_stsb,
    read_translation,
    require_senteval,
)

# source -> (lines of its files, pairs with a gold), sources in SentEval's order
_SEMEVAL: dict[str, dict[str, tuple[int, int]]] = {
    "sts12": {
        "MSRpar": (750, 750),
        "MSRvid": (750, 750),
        "SMTeuroparl": (459, 459),
        "surprise.OnWN": (750, 750),
        "surprise.SMTnews": (399, 399),
    },
    # SMT is left out, as everywhere: its licence does not allow copies
    "sts13": {"FNWN": (189, 189), "headlines": (750, 750), "OnWN": (561, 561)},
    "sts14": {
        "deft-forum": (450, 450),
        "deft-news": (300, 300),
        "headlines": (750, 750),
        "images": (750, 750),
        "OnWN": (750, 750),
        "tweet-news": (750, 750),
    },
    "sts15": {
        "answers-forums": (2000, 375),
        "answers-students": (1500, 750),
        "belief": (2000, 375),
        "headlines": (1500, 750),
        "images": (1500, 750),
    },
    "sts16": {
        "answer-answer": (1572, 254),
        "headlines": (1498, 249),
        "plagiarism": (1271, 230),
        "postediting": (3287, 244),
        "question-question": (1555, 209),
    },
}
_STSB = {"train": ("sts-train.csv", 5749), "dev": ("sts-dev.csv", 1500), "test": ("sts-test.csv", 1379)}
_SICK = {
    "train": ("SICK_train.txt", 4500),
    "dev": ("SICK_trial.txt", 500),
    "test": ("SICK_test_annotated.txt", 4927),
}


@dataclass(frozen=True, eq=False)
class StsTask:
    """A task: scored pairs of one or more sources.

    Attributes:
        name: key in results, such as "stsb".
        split: "train", "dev" or "test".
        sources: the pairs, in SentEval's order.
        label: column heading, such as "STS-B".
    """

    name: str
    split: str
    sources: tuple[Pairs, ...]
    label: str

    @property
    def pairs(self) -> int:
        """The number of scored pairs."""
        return sum(len(source) for source in self.sources)

    def sentences(self) -> Iterator[str]:
        """Every sentence, as often as it occurs."""
        for source in self.sources:
            yield from source.sentences1
            yield from source.sentences2


def splits_of(name: str) -> tuple[str, ...]:
    """List the splits that a task has.

    Raises:
        DataError: if there is no such task.
    """
    known = {task.name: task.parts for task in TASKS.values() if task.suite == "sts"}
    if name not in known:
        raise DataError(f"There is no STS task {name!r}; there are {', '.join(known)}.")
    return ("train", *known[name]) if "dev" in known[name] else known[name]


def required_files(name: str, split: str) -> tuple[str, ...]:
    """List the files that a task's split is read from, relative to `senteval/`.

    Raises:
        DataError: if there is no such task, or it has no such split.
    """
    if split not in splits_of(name):
        raise DataError(f"The task {name} has no split {split!r}; it has {', '.join(splits_of(name))}.")
    if name in _SEMEVAL:
        folder = TASKS[name].folder
        return tuple(f"{folder}STS.{part}.{source}.txt" for source in _SEMEVAL[name] for part in ("input", "gs"))
    if name == "stsb":
        return (f"{TASKS[name].folder}{_STSB[split][0]}",)
    if name in GROUPS["stsb_multi_mt"]:
        return (f"{TASKS[name].folder}{split}.csv",)
    splits = tuple(_SICK) if name == "sickr_full" else (split,)
    return tuple(f"{TASKS[name].folder}{_SICK[part][0]}" for part in splits)


def load_task(name: str, split: str, root: str | Path, *, level: Level = "exact") -> StsTask:
    """Load a task and check every byte and every row of it.

    Args:
        name: a key of `sentcse.config.tasks.TASKS`, of the suite sts.
        split: "train", "dev" or "test"; STS12-16 and sickr_full have a test split only.
        root: the data folder, which holds `senteval/`.
        level: how much of the files must be as published.

    Raises:
        DataError: if the task or split is unknown, or a file is missing, wrong, short or malformed.
    """
    files = require_senteval(root, required_files(name, split), task=f"{TASKS[name].label} {split}", level=level)
    if name in _SEMEVAL:
        sources = tuple(
            read_semeval(files[2 * index], files[2 * index + 1], source, lines=lines, scored=scored)
            for index, (source, (lines, scored)) in enumerate(_SEMEVAL[name].items())
        )
    elif name == "stsb":
        sources = (read_stsb(files[0], "STSBenchmark", rows=_STSB[split][1]),)
    elif name in GROUPS["stsb_multi_mt"]:
        sources = (read_translation(files[0], name, rows=_STSB[split][1]),)
    else:
        splits = tuple(_SICK) if name == "sickr_full" else (split,)
        sources = tuple(
            read_sick(file, f"SICK-{part}", rows=_SICK[part][1]) for file, part in zip(files, splits, strict=True)
        )
    return StsTask(name=name, split=split, sources=sources, label=TASKS[name].label)


def load_pairs(path: str | Path, *, name: str, split: str = "test") -> StsTask:
    """Load the user's own scored pairs as a task; `sentcse.evaluation.tasks.pairs.read_pairs_file` says in which forms.

    Raises:
        DataError: if the file is missing or malformed, naming the line.
    """
    path = Path(path)
    return StsTask(name=name, split=split, sources=(read_pairs_file(path, path.stem),), label=name)
