"""Runs as they lie on disk, and jobs that take no time."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from composing import checked

from sentcse.config import TrainConfig, check_config
from sentcse.records.run_folder import RunFolder

Job = Callable[[dict[str, Any]], None]
RunSweep = Callable[..., int]


def begin(values: dict[str, Any]) -> RunFolder:
    """The folder of a run that has begun."""
    config = check_config(values)
    folder = RunFolder(config)
    folder.create(config)
    return folder


def complete(values: dict[str, Any], dev: float = 80.0) -> None:
    """A run that is done."""
    found = {
        "best": {"step": 1, "stsb_dev": dev},
        "initial": {"stsb_dev": 70.0},
        "test": {"stsb": {"spearman": dev - 5, "pairs": 3}},
        "data": {"sentences": 64, "sha256": "0" * 64, "source": "wiki.txt"},
        "seconds": 2.0,
    }
    begin(values).results.write_text(json.dumps(found))


class Recorder:
    """A job that keeps the seeds it was called with, and does what `act` says for a seed, else completes.

    Args:
        act: by seed.
    """

    def __init__(self, act: dict[int, Job] | None = None) -> None:
        self.act = {} if act is None else act
        self.seeds: list[int] = []

    def __call__(self, values: dict[str, Any]) -> None:
        self.seeds.append(values["seed"])
        self.act.get(values["seed"], complete)(values)


TESTS = ("sts12", "sts13", "sts14", "sts15", "sts16", "stsb", "sickr")


def made(root: Path, *overrides: str, results: dict[str, Any] | None = None) -> RunFolder:
    """A run's folder with its configuration, and results if it is to be done."""
    config: TrainConfig = checked("experiment=micse_bert", f"runs.root={root}", *overrides)
    folder = RunFolder(config)
    folder.create(config)
    if results is not None:
        folder.results.write_text(json.dumps(results))
    return folder


def results(sentences: int = 64, tests: tuple[str, ...] = TESTS) -> dict[str, Any]:
    return {
        "best": {"step": 25, "stsb_dev": 80.5},
        "initial": {"stsb_dev": 70.0},
        "test": {name: {"spearman": 70.0 + number, "pairs": 3} for number, name in enumerate(tests)},
        "data": {"sentences": sentences, "sha256": "0" * 64, "source": "wiki.txt"},
        "seconds": 12.5,
    }
