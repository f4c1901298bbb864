"""A trial of a configuration: everything that a run does, in two steps, and nothing of it is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar, cast

from sentcse.config.generator_schema import RunConfig

STEPS = 2

Config = TypeVar("Config", bound=RunConfig)


def trial_of(config: Config, folder: Path) -> Config:
    """The same with two optimiser steps, an evaluation after each, no dashboard, and its runs in `folder`.

    Caches of tokens stay where they are, so that the run itself finds them.
    """
    changed = {
        "trainer": config.trainer.model_copy(update={"fast_dev_run": False, "max_steps": STEPS}),
        "runs": config.runs.model_copy(update={"root": str(folder)}),
        "evaluation": config.evaluation.model_copy(update={"every_n_steps": 1}),
        "logger": config.logger.model_copy(update={"kind": "csv"}),
        "overwrite": False,
    }
    copied: Any = config.model_copy(update=changed)
    return cast(Config, copied)
