"""The part of `results.json` that compares two encoders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from sentcse.config.tasks import SUITE_COLUMNS
from sentcse.evaluation.scores.evaluation import Evaluation
from sentcse.evaluation.statistics.comparison import ResampledDifference, compare_scores
from sentcse.evaluation.statistics.resampling import resample_differences


def compare_evaluations(
    first: Evaluation,
    second: Evaluation,
    first_sts: Mapping[str, NDArray[Any]],
    second_sts: Mapping[str, NDArray[Any]],
    *,
    resamples: int,
    seed: int = 0,
) -> dict[str, Any]:
    """Make "differences" of `results.json`: first - second, for every task and the averages.

    Args:
        first: one encoder's scores.
        second: the other's, on the same tasks.
        first_sts: resampled scores, of `sentcse.evaluation.statistics.resampling.resample_sts`.
        second_sts: those of the other, of the same call.
        resamples: of the transfer tasks' rows.
        seed: of the resampling.
    """
    differences = resample_differences(first, second, first_sts, second_sts, resamples=resamples, seed=seed)
    comparison = compare_scores(headline_scores(first), headline_scores(second), differences, SUITE_COLUMNS)
    return {
        "tasks": {
            label: {**_record(difference), "p_holm": comparison.holm[label]}
            for label, difference in comparison.tasks.items()
        },
        "average": {name: _record(difference) for name, difference in comparison.averages.items()},
        "resamples": resamples,
        "seed": seed,
    }


def headline_scores(evaluation: Evaluation) -> dict[str, float]:
    """Scores by column heading: Spearman x 100 over all pairs together, or accuracy in per cent; nan if collapsed."""
    return {
        **{result.label: result.all for result in evaluation.sts.values()},
        **{result.label: result.accuracy for result in evaluation.transfer.values()},
    }


def _record(difference: ResampledDifference) -> dict[str, Any]:
    return {
        "difference": difference.value,
        "ci95": [difference.low, difference.high],
        "p": difference.p_value,
        "verdict": difference.verdict,
    }
