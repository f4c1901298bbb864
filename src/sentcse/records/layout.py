"""What lies where in the folders of runs and sweeps: names of files, keys inside them, numbers of their formats.

Who writes and who reads agree here. Nothing of the project is imported.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict

RUNS_FOLDER = "runs"
"""Where runs lie unless `runs.root` says otherwise."""

# a run's folder
CONFIG_FILE = "config.yaml"
"""The resolved configuration: a folder with it is a run's."""
RESULTS_FILE = "results.json"
"""Written last: a run with it is complete. Its content is `Results`."""
FAILURE_FILE = "failure.json"
"""Why the run stopped; it goes when the run is taken up again."""
INPUTS_FILE = "inputs.json"
"""What the run was begun with, by content; runs of older versions have none."""
METRICS_FILE = "metrics.csv"
LOCK_FILE = "run.lock"
"""Held by the process that trains."""
WANDB_FILE = "wandb.json"
"""The id of the run at W&B, and whether W&B has its results."""
CURVES_FILE = "curves.png"
CHECKPOINTS_FOLDER = "checkpoints"
BEST_CHECKPOINT = "best.ckpt"
LAST_CHECKPOINT = "last.ckpt"
ENCODER_FOLDER = "encoder"
"""The exported encoder."""
GENERATOR_FOLDER = "model"
"""The exported masked language model of a generator's run."""

# beside the runs
SWEEPS_FOLDER = "sweeps"
UNTRAINED_FOLDER = "untrained"
"""Scores of untrained encoders, which many runs begin with."""

# a sweep's folder
SWEEP_FILE = "sweep.json"
SWEEP_FORMAT = 1
OUTCOMES_FOLDER = "outcomes"
"""What became of each job in this sitting."""

# columns of metrics.csv
STEP = "step"
"""Optimiser steps."""
VALIDATION = "val/"
"""Begins the name of every metric of an evaluation while training."""
ALIGNMENT = "val/alignment"
UNIFORMITY = "val/uniformity"
HELD_OUT_LOSS = "val/loss"
PERPLEXITY = "val/perplexity"
MASKED_ACCURACY = "val/masked_accuracy"
SPEARMAN = "_spearman"
"""Ends the name of every metric that is a Spearman x 100."""


Part = Literal["dev", "test"]


def spearman_metric(task: str, part: Part) -> str:
    """The metric of a task's Spearman: a column of metrics.csv, a key of W&B."""
    return f"{VALIDATION if part == 'dev' else 'test/'}{task}{SPEARMAN}"


def score_key(task: str, part: Part) -> str:
    """The key of a task's Spearman in `Results`."""
    return f"{task}_{part}"


STS_AVERAGE = score_key("sts_avg", "test")
"""The mean over the seven STS tests, of a run that scored all seven."""


class TaskScore(TypedDict):
    """A test task in `Results`: Spearman x 100, None where it is undefined, and on how many pairs."""

    spearman: float | None
    pairs: int


IN_EVERY_RUN = ("best", "seconds")
"""Keys of `Results` without which a results.json is damaged."""


class Results(TypedDict, total=False):
    """The content of results.json; a key is in every run's unless it says otherwise.

    Attributes:
        best: the chosen `step`, and its score by `score_key`; of a generator masked_accuracy and perplexity.
        initial: scores before training by `score_key`; of a generator as in `best`.
        test: scores of the chosen encoder by test task; not of a generator.
        held_out: sentences that score a generator; not of an encoder.
        data: source, sha256 and number of sentences.
        config: the checked configuration.
        versions: of the packages.
        hardware: of an encoder's run.
        precision: 32, bf16 or fp16: what trainer.precision=auto has become; of an encoder's run.
        seconds: of training and evaluation over all restarts.
    """

    best: dict[str, Any]
    initial: dict[str, Any]
    test: dict[str, TaskScore]
    held_out: int
    data: dict[str, Any]
    config: dict[str, Any]
    versions: dict[str, str]
    hardware: Any
    precision: str | None
    seconds: float
