"""What lies where in the folders of runs and sweeps: names of files, keys inside them, numbers of their formats.

Who writes and who reads agree here. Nothing of the project is imported.
"""

from __future__ import annotations

from typing import Literal

FORMAT = "format"
"""The key of the number that changes when an older version could not read what a newer one writes."""

RUNS_FOLDER = "runs"
"""Where runs lie unless `runs.root` says otherwise."""

# a run's folder
CONFIG_FILE = "config.yaml"
"""The resolved configuration: a folder with it is a run's."""
RESULTS_FILE = "results.json"
"""Written last: a run with it is complete. Its content is `sentcse.records.contents.Results`."""
RESULTS_FORMAT = 1
"""Files of a version before there was a number are of this format, too."""
FAILURE_FILE = "failure.json"
"""Why the run stopped; it goes when the run is taken up again."""
FAILURE_FORMAT = 1
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
SENTENCES_PER_SECOND = "train/sentences_per_second"
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
