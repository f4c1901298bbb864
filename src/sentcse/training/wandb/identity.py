"""What a W&B run is called and how it is filed: project, group, job type, name, tags, configuration. Pure functions.

What the configuration says comes first, then the WANDB_* variables of the environment, then the defaults given here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from sentcse.config import TrainConfig
from sentcse.config.generator_schema import RunConfig
from sentcse.config.schema import short_name
from sentcse.config.section import flat
from sentcse.printing.wording import count
from sentcse.records.layout import HELD_OUT_LOSS
from sentcse.records.selecting import selecting_metric

DEFAULT_PROJECT = "sentcse"
OFFLINE = ("offline", "dryrun")
LONGEST_TAG = 64
OF_NO_INTEREST = {"logger", "overwrite"}


def mode_of(config: RunConfig, environment: Mapping[str, str]) -> str:
    """W&B's word for where a run goes: offline unless the configuration or WANDB_MODE says otherwise."""
    return str(_first(config.logger.mode, environment.get("WANDB_MODE"), "offline"))


def filing(config: RunConfig, environment: Mapping[str, str], *, sweep: str | None) -> dict[str, Any]:
    """Arguments of `wandb.init` that say which run this is.

    Args:
        config: of the run.
        environment: its WANDB_* variables.
        sweep: name of the sweep that the run is a job of, or None.
    """
    name = run_name(config)
    if sweep is None:  # one name for all jobs of a sweep would tell nothing apart
        name = environment.get("WANDB_NAME", name)
    job_type = "train" if isinstance(config, TrainConfig) else "generator"
    return {
        "project": _first(config.logger.project, environment.get("WANDB_PROJECT"), DEFAULT_PROJECT),
        "group": _first(config.logger.group, environment.get("WANDB_RUN_GROUP"), sweep),
        "job_type": environment.get("WANDB_JOB_TYPE", job_type),
        "name": name,
        "tags": run_tags(config, environment.get("WANDB_TAGS", "")),
        "config": {
            **facts(config),
            # slashes: W&B's own queries trip over dots in keys
            **flat(config.model_dump(mode="json", by_alias=True, exclude=OF_NO_INTEREST), separator="/"),
        },
    }


def split_label(config: RunConfig) -> str:
    """How much of the corpus is trained on, as it was asked for: `1000`, `0.01%` or `all`."""
    low_shot = config.data.low_shot
    if low_shot.size is not None:
        return str(low_shot.size)
    return "all" if low_shot.percent is None else f"{low_shot.percent:g}%"


def budget_label(config: RunConfig) -> str:
    """How long is trained: `100 steps`, or `2 epochs` where no number of steps ends the run."""
    trainer = config.trainer
    if trainer.max_steps is None:
        return count(trainer.max_epochs, "epoch")
    return count(trainer.max_steps, "step")


def run_name(config: RunConfig) -> str:
    """Method, size and seed, beside the run's own name."""
    display, method = config.display_name, config.method_name
    named = display if method in display.lower() else f"{method} {display}"
    return f"{named} n={split_label(config)} seed={config.seed}"


def run_tags(config: RunConfig, more: str = "") -> list[str]:
    """Method, encoder, size and seed; then the configured tags and `more`, separated by commas. None twice."""
    encoder = short_name(config.encoder.name_or_path)
    tags = [config.method_name, encoder, f"n={split_label(config)}", f"seed={config.seed}", *config.logger.tags]
    tags += [tag.strip() for tag in more.split(",")]
    return list(dict.fromkeys(tag[:LONGEST_TAG] for tag in tags if tag != ""))


def facts(config: RunConfig) -> dict[str, Any]:
    """Short keys that a dashboard groups by; `condition` is what the seeds of a study have in common.

    It holds budget and encoder too: a dashboard of a whole project would else average runs of 100 and of 5,000 steps.
    """
    size, encoder = split_label(config), short_name(config.encoder.name_or_path)
    return {
        "method": config.method_name,
        "encoder": encoder,
        "size": size,
        "condition": f"{config.method_name} n={size}, {budget_label(config)}, {encoder}",
        # a number to plot against; of a share of the corpus it is known when the run is complete
        **({} if config.data.low_shot.size is None else {"sentences": config.data.low_shot.size}),
    }


def monitored(config: RunConfig) -> str | None:
    """The metric that selects the step; None where nothing is compared."""
    return selecting_metric(config.evaluation.select) if isinstance(config, TrainConfig) else HELD_OUT_LOSS


def finite(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is not there: None, and numbers that are not finite."""
    return {
        key: value
        for key, value in values.items()
        if value is not None and not (isinstance(value, float) and not math.isfinite(value))
    }


def _first(*candidates: Any) -> Any:
    return next((each for each in candidates if each is not None), None)
