"""The part of `results.json` that sums several seeds of one recipe up."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from sentcse.config.tasks import SUITE_COLUMNS
from sentcse.evaluation.statistics.seeds import mean_and_interval


def summarise_seeds(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Make "seeds" of `results.json`: mean, standard deviation and t interval of every task and of the averages.

    Args:
        records: of `sentcse.evaluation.reports.record.encoder_record`, of the same tasks. A task on which
            one encoder is collapsed is left out.
    """
    tasks = {label: [task_score(record["tasks"][label]) for record in records] for label in records[0]["tasks"]}
    averages = {suite: [record["average"].get(suite) for record in records] for suite in SUITE_COLUMNS}
    return {
        "n": len(records),
        "tasks": {label: _summary(values) for label, values in tasks.items() if None not in values},
        "average": {suite: _summary(values) for suite, values in averages.items() if None not in values},
    }


def task_score(task: Mapping[str, Any]) -> float | None:
    """Take a task's headline out of "tasks": Spearman over all pairs, or accuracy; None for a collapsed encoder."""
    score: float | None = task["spearman"]["all"] if "spearman" in task else task["accuracy"]
    return score


def _summary(values: Sequence[Any]) -> dict[str, Any]:
    over = mean_and_interval(values)
    ends = None if math.isnan(over.low) else [over.low, over.high]
    return {"mean": over.mean, "std": None if math.isnan(over.std) else over.std, "ci95": ends}
