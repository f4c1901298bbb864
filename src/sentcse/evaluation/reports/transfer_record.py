"""The transfer tasks' part of `results.json`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sentcse.config.tasks import SUITE_COLUMNS
from sentcse.evaluation.scores.evaluation import TransferResult
from sentcse.evaluation.statistics.significance import percentile_interval

Draws = Mapping[str, NDArray[np.float64]]


def transfer_records(results: Iterable[TransferResult], draws: Draws) -> dict[str, Any]:
    """Make "tasks" by column heading: accuracies in per cent, rows, folds, and the interval where there are draws."""
    return {result.label: _record(result, draws) for result in results}


def transfer_average(results: Iterable[TransferResult], draws: Draws) -> dict[str, Any]:
    """Make "transfer" of "average", and its interval where every task has draws.

    The average is over unrounded accuracies; None unless all seven tasks are there and none is collapsed.
    """
    accuracies = {result.label: result.accuracy for result in results if not result.collapsed}
    if accuracies.keys() != set(SUITE_COLUMNS["transfer"]):
        return {"transfer": None}
    average: dict[str, Any] = {"transfer": math.fsum(accuracies.values()) / len(accuracies)}
    if draws.keys() >= accuracies.keys():
        # summed in one order, whatever the order of the call
        sampled = np.mean([draws[label] for label in SUITE_COLUMNS["transfer"]], axis=0)
        average["transfer_ci95"] = percentile_interval(sampled)
    return average


def _record(result: TransferResult, draws: Draws) -> dict[str, Any]:
    record: dict[str, Any] = {
        "split": result.split,
        "accuracy": result.accuracy,
        "dev_accuracy": result.dev_accuracy,
        "rows": result.rows,
        "folds": result.folds,
        "l2": list(result.l2),
        "classifier_seed": result.seed,
        "collapsed": result.collapsed,
        "truncated": result.truncated,
    }
    if result.label in draws:
        record["ci95"] = percentile_interval(draws[result.label])
    return record
