"""What a run's folder says, read without loading anything heavy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sentcse.config.schema import short_name
from sentcse.config.tasks import STS_TASKS
from sentcse.errors import SentcseError
from sentcse.machine.plain_yaml import read_yaml
from sentcse.records.checked_json import checked, read_checked
from sentcse.records.contents import CONFIG, FAILURE, RESULTS, Results
from sentcse.records.layout import (
    CONFIG_FILE,
    FAILURE_FILE,
    FAILURE_FORMAT,
    RESULTS_FILE,
    RESULTS_FORMAT,
    STS_AVERAGE,
    score_key,
)
from sentcse.records.selecting import selecting_key, selects_by_labels

Status = Literal["done", "failed", "interrupted"]

OF_A_RUN = {"seed", "runs", "encoder", "data", "optimizer", "trainer", "evaluation"}
"""Settings that the configuration of every run has."""


@dataclass(frozen=True)
class RunRecord:
    """One run.

    Attributes:
        path: its folder.
        name: the folder's name.
        config: config.yaml, as it was checked.
        status: done: results.json is there; failed: it stopped with a fault; interrupted: neither, so that it is being
            trained, or was stopped or killed, and the same command continues it.
        reason: why a failed run failed, one sentence; else None.
        results: results.json of a run that is done; else None.
        is_damaged: whether it counts as failed as its results.json or failure.json cannot be read; `reason` says why.
    """

    path: Path
    name: str
    config: dict[str, Any]
    status: Status
    reason: str | None
    results: Results | None
    is_damaged: bool = False

    @property
    def method(self) -> str:
        """simcse, diffcse, micse, generator; of a method from outside, its class in lower case."""
        method = self.config.get("method")
        return "generator" if method is None else str(method["_target_"]).rsplit(".", 1)[-1].lower()

    @property
    def label(self) -> str:
        """The experiment's name, or method and encoder where the run has none."""
        given = self.config.get("name")
        return f"{self.method}_{self.encoder}" if given is None else str(given)

    @property
    def encoder(self) -> str:
        """Short name of the backbone that was trained."""
        return short_name(str(self.config["encoder"]["name_or_path"]))

    @property
    def seed(self) -> int:
        """The run's seed."""
        return int(self.config["seed"])

    @property
    def split_seed(self) -> int:
        """The seed of the low-shot split, which is the run's unless it was set."""
        return int(self.config["data"]["low_shot"]["seed"])

    @property
    def is_low_shot(self) -> bool:
        """Whether the run sees a split of its corpus; otherwise `sentences` is the whole corpus."""
        low_shot = self.config["data"]["low_shot"]
        return low_shot["size"] is not None or low_shot["percent"] is not None

    @property
    def sentences(self) -> int | None:
        """Sentences of the split; None where the run is not done and the configuration does not say."""
        if self.results is not None:
            return int(self.results["data"]["sentences"])
        size = self.config["data"]["low_shot"]["size"]
        return None if size is None else int(size)

    @property
    def percent(self) -> float | None:
        """The share of the corpus in percent, if the split was asked for that way."""
        percent = self.config["data"]["low_shot"]["percent"]
        return None if percent is None else float(percent)

    @property
    def corpus(self) -> str:
        """The corpus that the split was cut from, as the configuration names it."""
        data = self.config["data"]
        return str(data["dataset"] if data["path"] is None else data["path"])

    @property
    def budget(self) -> Literal["steps", "epochs"]:
        """What ends the run: two runs of different kinds do not belong in one curve."""
        return "epochs" if self.max_steps is None else "steps"

    @property
    def max_steps(self) -> int | None:
        """Optimiser steps; None where epochs decide."""
        steps = self.config["trainer"]["max_steps"]
        return None if steps is None else int(steps)

    @property
    def max_epochs(self) -> int | None:
        """Passes over the split; None where steps decide."""
        return int(self.config["trainer"]["max_epochs"]) if self.max_steps is None else None

    @property
    def batch_size(self) -> int:
        """Sentences a step and device."""
        return int(self.config["data"]["batch_size"])

    @property
    def select(self) -> str | None:
        """What chose the step: a dev task, a score without labels, or `last`."""
        select = self.config["evaluation"].get("select")
        return None if select is None else str(select)

    @property
    def best_step(self) -> int | None:
        """The optimiser step that was chosen; None unless done."""
        return None if self.results is None else int(self.results["best"]["step"])

    @property
    def dev(self) -> float | None:
        """Spearman x 100 of the chosen step on the selecting dev task; None where there is none or it is undefined."""
        return self.selecting if selects_by_labels(self.select) else None

    @property
    def selecting(self) -> float | None:
        """The score that chose the step; None unless done, where nothing was compared, and where undefined."""
        key = selecting_key(self.select)
        return None if self.results is None or key is None else self.results["best"].get(key)

    @property
    def test(self) -> dict[str, float | None]:
        """Spearman x 100 of the chosen encoder by test task; empty unless done."""
        if self.results is None:
            return {}
        return {task: scores["spearman"] for task, scores in self.results.get("test", {}).items()}

    @property
    def sts_average(self) -> float | None:
        """Mean of the seven STS tests; None where one of them was not scored."""
        return with_average({score_key(task, "test"): score for task, score in self.test.items()}).get(STS_AVERAGE)

    @property
    def precision(self) -> str | None:
        """32, bf16 or fp16: what trainer.precision=auto has become; None unless done, and where it was not noted."""
        return None if self.results is None else self.results.get("precision")

    @property
    def seconds(self) -> float | None:
        """Seconds of training and evaluation over all restarts; None unless done."""
        return None if self.results is None else float(self.results["seconds"])


def read_run(path: Path) -> RunRecord:
    """Read a run's folder.

    Raises:
        SentcseError: if it is not one, or its configuration is damaged.
    """
    if not (path / CONFIG_FILE).is_file():
        raise SentcseError(f"{path} is not a run's folder: there is no {CONFIG_FILE} inside.")
    run = run_at(path)
    if run is None:
        raise SentcseError(f"{path} is not a run's folder: its {CONFIG_FILE} is something else's.")
    return run


def with_average(scores: Mapping[str, float | None]) -> dict[str, float | None]:
    """Scores and, where all seven STS tests are among them, their mean; None if one of them is."""
    keys = [score_key(task, "test") for task in STS_TASKS]
    if any(key not in scores for key in keys):
        return dict(scores)
    present = [value for value in (scores[key] for key in keys) if value is not None]
    return {**scores, STS_AVERAGE: sum(present) / len(keys) if len(present) == len(keys) else None}


def run_at(path: Path) -> RunRecord | None:
    """The run of a folder with a config.yaml; None where that is no run's.

    Raises:
        SentcseError: if it cannot be read.
    """
    if not (path / CONFIG_FILE).is_file():
        raise SentcseError(
            f"{path} has the results of a run and no {CONFIG_FILE}: what was trained there is not known."
        )
    config = read_yaml(path / CONFIG_FILE)
    if config is None:
        raise SentcseError(f"{path / CONFIG_FILE} is empty: what was trained there is not known; remove the folder.")
    if not isinstance(config, dict) or OF_A_RUN - config.keys():
        return None
    checked(config, CONFIG, path / CONFIG_FILE)
    try:
        status, reason, results = _outcome(path)
    except SentcseError as fault:
        return RunRecord(path, path.resolve().name, config, "failed", str(fault), None, is_damaged=True)
    return RunRecord(path, path.resolve().name, config, status, reason, results)


def _outcome(path: Path) -> tuple[Status, str | None, Results | None]:
    if (path / RESULTS_FILE).is_file():
        return "done", None, read_checked(path / RESULTS_FILE, RESULTS, newest=RESULTS_FORMAT)
    if (path / FAILURE_FILE).is_file():
        return "failed", read_checked(path / FAILURE_FILE, FAILURE, newest=FAILURE_FORMAT)["reason"], None
    return "interrupted", None, None
