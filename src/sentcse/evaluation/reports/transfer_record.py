"""The transfer tasks' part of `results.json`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sentcse.data.fetching.sources import TRANSFER_LABELS
from sentcse.evaluation.scores.transfer.results import TransferResult, bootstrap_accuracy
from sentcse.evaluation.statistics.significance import percentile_interval

Draws = Mapping[str, NDArray[np.float64]]


def resample_transfer(results: Iterable[TransferResult], *, resamples: int, seed: int = 0) -> Draws:
    """Resampled accuracies by column heading, of the tasks whose test rows were scored; none for 0 resamples.

    Each task has its own stream, by its heading, as the STS tasks have.
    """
    if resamples == 0:
        return {}
    return {
        result.label: bootstrap_accuracy(result.correct, resamples=resamples, seed=(seed, *result.label.encode()))
        for result in results
        if result.correct is not None
    }


def transfer_records(results: Iterable[TransferResult], draws: Draws) -> dict[str, Any]:
    """Make "tasks" by column heading: accuracies in per cent, rows, folds, and the interval where there are draws."""
    return {result.label: _record(result, draws) for result in results}


def transfer_average(results: Iterable[TransferResult], draws: Draws) -> dict[str, Any]:
    """Make "transfer" of "average", and its interval where every task has draws.

    The average is over unrounded accuracies; None unless all seven tasks are there and none is collapsed.
    """
    accuracies = {result.label: result.accuracy for result in results if not result.collapsed}
    if accuracies.keys() != set(TRANSFER_LABELS.values()):
        return {"transfer": None}
    average: dict[str, Any] = {"transfer": math.fsum(accuracies.values()) / len(accuracies)}
    if draws.keys() >= accuracies.keys():
        # summed in one order, whatever the order of the call
        sampled = np.mean([draws[label] for label in TRANSFER_LABELS.values()], axis=0)
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
