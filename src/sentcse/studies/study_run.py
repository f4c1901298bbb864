"""A run as a report sees it: what a study varies, what else the result depends on, and what came out."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from sentcse.config import TrainConfig
from sentcse.config.method_options import METHOD_OPTIONS, reads_generator
from sentcse.config.section import flat
from sentcse.config.tasks import label_of
from sentcse.printing.wording import NOTHING, count
from sentcse.records.layout import STS_AVERAGE, VALIDATION
from sentcse.records.metrics_file import Curve
from sentcse.records.run_folder import has_effect
from sentcse.records.run_record import RunRecord, with_average
from sentcse.records.selecting import selecting_key, selecting_metric, selects_by_labels

VARIED = (
    "seed",
    "data.low_shot.seed",
    "data.low_shot.size",
    "data.low_shot.percent",
    "evaluation.test",
    "evaluation.test_curve",
    "evaluation.pairs_test",
)
"""What a study varies, or measures, without a method being another."""

GEOMETRY = ("alignment", "uniformity")
"""What is measured beside the score, on the selecting dev task."""


class Replicate(NamedTuple):
    """Which repetition of its method at its size a run is.

    Attributes:
        seed: of the run.
        split: seed of its low-shot split; None where it saw the whole corpus.
    """

    seed: int
    split: int | None


@dataclass(frozen=True)
class Budget:
    """How long a run trains.

    Attributes:
        steps: optimiser steps; None where epochs decide. Runs of different steps have different budgets; epochs are one
            budget, as recipes set them by the size of the corpus.
    """

    steps: int | None

    @property
    def label(self) -> str:
        """In words."""
        return "budget in epochs" if self.steps is None else f"{self.steps:,} steps"

    @property
    def slug(self) -> str:
        """As part of a file's name."""
        return "epochs" if self.steps is None else f"{self.steps}_steps"


@dataclass(frozen=True, eq=False)
class StudyRun:
    """One run.

    Attributes:
        record: what its folder says.
        curves: the metrics of metrics.csv that begin with "val/", without values that are not finite.
        size: sentences trained on; None where nothing says so.
    """

    record: RunRecord
    curves: Mapping[str, Curve]
    size: int | None

    @property
    def done(self) -> bool:
        """Whether it has scores."""
        return self.record.results is not None

    @property
    def budget(self) -> Budget:
        """How long it trains."""
        return Budget(self.record.max_steps)

    @property
    def trained_for(self) -> str:
        """Its budget in words, with the epochs where they decide."""
        epochs = self.record.max_epochs
        return self.budget.label if epochs is None else count(epochs, "epoch")

    @cached_property
    def config(self) -> dict[str, Any]:
        """The whole configuration by dotted key; a setting that is younger than the run has its default."""
        try:
            values = TrainConfig.model_validate(self.record.config).model_dump(mode="json", by_alias=True)
        except ValidationError:  # a run of another version: what it says of itself
            values = copy.deepcopy(self.record.config)
        # how many there are is part of the result, which they are is not: the jobs of a sweep take the GPU that is free
        devices = values["trainer"].get("devices")
        if isinstance(devices, list):
            values["trainer"]["devices"] = len(devices)
        return flat(values)

    @property
    def replicate(self) -> Replicate:
        """Its seeds."""
        return Replicate(self.record.seed, self.record.split_seed if self.record.is_low_shot else None)

    @cached_property
    def effective(self) -> dict[str, Any]:
        """By dotted key: all settings that the result depends on."""
        return {key: value for key, value in self.config.items() if has_effect(key) and not self.is_unread(key)}

    def is_unread(self, key: str) -> bool:
        """Whether this run's method, or its budget, leaves a setting unread."""
        if key == "trainer.max_epochs":
            return self.budget.steps is not None
        return key.startswith("generator.") and not reads_generator(str(self.config["method._target_"]))

    def leaves_open(self, key: str) -> bool:
        """Whether a setting that the run does not have may be an option of its method, from outside the package."""
        return key.startswith("method.") and str(self.record.config["method"]["_target_"]) not in METHOD_OPTIONS

    @cached_property
    def settings(self) -> dict[str, Any]:
        """By dotted key: what may tell two methods apart."""
        return {key: value for key, value in self.effective.items() if key not in VARIED}

    @property
    def dev_score(self) -> str | None:
        """The key of the dev score that selected the step; None where no labels did."""
        return selecting_key(self.record.select) if selects_by_labels(self.record.select) else None

    @property
    def dev_label(self) -> str:
        """Its column heading."""
        return NOTHING if self.dev_score is None else score_label(self.dev_score)

    @property
    def dev_curve(self) -> Curve:
        """The selecting dev score by step; empty where no labels selected."""
        metric = selecting_metric(self.record.select) if selects_by_labels(self.record.select) else None
        return {} if metric is None else self.curves.get(metric, {})

    @cached_property
    def scores(self) -> dict[str, float | None]:
        """Spearman x 100 by "stsb_dev", "stsb_test" ..., `STS_AVERAGE`; None if collapsed; empty unless done."""
        if not self.done:
            return {}
        dev = {} if self.dev_score is None else {self.dev_score: self.record.dev}
        return with_average({**dev, **_by_part(self.record.test, "test")})

    @cached_property
    def initial(self) -> dict[str, float | None]:
        """The scores of the untrained encoder; empty unless done."""
        return {} if self.record.results is None else with_average(dict(self.record.results.get("initial", {})))

    def outcome(self, key: str) -> float | None:
        """A score, or `alignment` or `uniformity` on the selecting dev task at the selected step."""
        if key not in GEOMETRY:
            return self.scores.get(key)
        step = self.record.best_step
        return None if step is None else self.curves.get(f"{VALIDATION}{key}", {}).get(step)

    @cached_property
    def made_with(self) -> dict[str, str]:
        """What a score may depend on beside the settings: precision, packages and their versions, device."""
        found = {} if self.record.precision is None else {"precision": self.record.precision}
        found |= {name: str(version) for name, version in self.part_of_results("versions").items()}
        hardware = self.part_of_results("hardware")
        device = [str(hardware[name]) for name in ("device", "gpu") if hardware.get(name) is not None]
        return {**found, "device": " ".join(device)} if device else found

    def part_of_results(self, key: str) -> dict[str, Any]:
        """A group of results.json such as `data` or `versions`; empty where it is not there."""
        value = {} if self.record.results is None else self.record.results.get(key, {})
        return dict(value) if isinstance(value, Mapping) else {}


def score_label(key: str) -> str:
    """A score's column heading."""
    if key == STS_AVERAGE:
        return "STS average"
    task, _, part = key.rpartition("_")
    return f"{label_of(task)} {part}"


def shortened(value: Any) -> Any:
    """A setting without what is particular to a machine: of an absolute path, the last two parts."""
    if isinstance(value, str) and Path(value).is_absolute():
        return "/".join(("...", *Path(value).parts[-2:]))
    return value


def setting_text(value: Any) -> str:
    """A setting's value as it is written in a configuration, without what is particular to a machine."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(setting_text(item) for item in value)}]"
    return {"None": "null", "True": "true", "False": "false"}.get(str(value), str(shortened(value)))


def _by_part(scores: Mapping[str, float | None], part: str) -> dict[str, float | None]:
    return {f"{task}_{part}": score for task, score in scores.items()}
