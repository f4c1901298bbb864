"""The content of `results.json`, and how it is written."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sentcse.config.tasks import SUITE_COLUMNS, TASKS
from sentcse.evaluation.reports.transfer_record import transfer_average, transfer_records
from sentcse.evaluation.scores.evaluation import Evaluation, StsResult, sts_average
from sentcse.evaluation.scores.scoring import ScoredEncoder
from sentcse.evaluation.statistics.resampling import resample_transfer
from sentcse.evaluation.statistics.significance import percentile_interval
from sentcse.machine.files import write_json, writing


def encoder_record(
    scored: ScoredEncoder, draws: Mapping[str, NDArray[np.float64]], *, resamples: int, seed: int = 0
) -> dict[str, Any]:
    """Make the part of `results.json` that is one encoder's: its name, its pooler, its scores.

    Args:
        scored: the encoder's scores.
        draws: its resampled scores by column heading.
        resamples: of the 95 % intervals; 0 for none.
        seed: of the resampling.
    """
    return {
        "encoder": scored.source,
        "pooler": scored.pooler,
        "recorded_pooler": scored.recorded_pooler,
        **collect_results(scored.evaluation, draws, resamples=resamples, seed=seed),
        **({} if scored.mteb is None else {"mteb": scored.mteb}),
        **({} if scored.dimensions is None else {"dimensions": scored.dimensions}),
    }


def collect_results(
    evaluation: Evaluation, draws: Mapping[str, NDArray[np.float64]], *, resamples: int, seed: int = 0
) -> dict[str, Any]:
    """Make the part of `results.json` that an evaluation determines; nan, which JSON has not, becomes None.

    Args:
        evaluation: what to write.
        draws: resampled scores by column heading, of `sentcse.evaluation.statistics.resampling.resample_sts`.
        resamples: of the 95 % intervals of what `draws` does not hold; 0 for none.
        seed: of that resampling.
    """
    tasks = {result.label: _task_record(result, draws) for result in evaluation.sts.values()}
    transfer = evaluation.transfer.values()
    transfer_draws = resample_transfer(transfer, resamples=resamples, seed=seed)
    tasks |= transfer_records(transfer, transfer_draws)
    average: dict[str, Any] = {"sts": sts_average({result.label: result.all for result in evaluation.sts.values()})}
    if all(column in draws for column in SUITE_COLUMNS["sts"]):
        average["sts_ci95"] = percentile_interval(np.mean([draws[column] for column in SUITE_COLUMNS["sts"]], axis=0))
    average |= transfer_average(transfer, transfer_draws)
    geometry = None
    if evaluation.geometry is not None:
        geometry = {"task": f"{TASKS['stsb'].label} {evaluation.sts['stsb'].split}", **asdict(evaluation.geometry)}
    record = {
        "max_length": evaluation.max_length,
        "sentences": evaluation.sentences,
        "truncated": evaluation.truncated,
        "tasks": tasks,
        "average": average,
        "geometry": geometry,
    }
    cleaned: dict[str, Any] = without_nan(record)
    return cleaned


def write_results(results: dict[str, Any], path: Path) -> None:
    """Write results as JSON, whole or not at all; the folder is made.

    Raises:
        SentcseError: if it cannot be written.
    """
    with writing(path, "name a folder that can be written to"):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, results, allow_nan=False)


def _task_record(result: StsResult, draws: Mapping[str, NDArray[np.float64]]) -> dict[str, Any]:
    record: dict[str, Any] = {
        "split": result.split,
        "spearman": {"all": result.all, "mean": result.mean, "wmean": result.wmean},
        "pairs": result.pairs,
        "collapsed": result.collapsed,
        "truncated": result.truncated,
        "sources": {name: asdict(source) for name, source in result.sources.items()},
    }
    if result.label in draws:
        record["ci95"] = percentile_interval(draws[result.label])
    return record


def without_nan(value: Any) -> Any:
    """The same with null in the place of what is no number, which JSON has not."""
    if isinstance(value, Mapping):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value
