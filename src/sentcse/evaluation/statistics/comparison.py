"""Two encoders on the same pairs: what their scores differ by, with interval, p, and in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sentcse.evaluation.statistics.seeds import holm
from sentcse.evaluation.statistics.significance import percentile_interval, two_sided_p

ALPHA = 0.05
"""A difference with a p below is told apart from 0; it belongs to the 95 % interval."""
NOT_TOLD_APART = "not told apart"

Scores = Mapping[str, float]
Draws = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True)
class ResampledDifference:
    """What the first encoder scores above the second, in points.

    Attributes:
        value: of the scores themselves.
        low: where the 95 % percentile interval of the resampled differences begins.
        high: where it ends.
        p_value: two-sided, see `sentcse.evaluation.statistics.significance.two_sided_p`.
    """

    value: float
    low: float
    high: float
    p_value: float

    @property
    def verdict(self) -> str:
        """Say where the first stands against the second: "better", "worse" or "not told apart"."""
        if not self.p_value < ALPHA:
            return NOT_TOLD_APART
        return "better" if self.value > 0 else "worse"


@dataclass(frozen=True)
class Comparison:
    """Differences of two encoders.

    Attributes:
        tasks: by column heading; tasks on which one of the two is collapsed are not there.
        holm: the p values of these tasks, corrected for their number.
        averages: of groups of tasks, by the name of the group; only where both have all tasks of it.
    """

    tasks: dict[str, ResampledDifference]
    holm: dict[str, float]
    averages: dict[str, ResampledDifference]


def compare_scores(
    first: Scores, second: Scores, differences: Draws, groups: Mapping[str, Sequence[str]]
) -> Comparison:
    """Compare two encoders task by task and on the averages of groups of tasks.

    Args:
        first: scores by column heading; nan for a collapsed encoder.
        second: scores of the other on the same tasks.
        differences: by column heading, (resamples,) differences of the two on the same resamples; tasks on which one of
            them is collapsed are not there.
        groups: by name, the column headings that an average is taken over.

    Raises:
        ValueError: if the two were not scored on the same tasks.
    """
    if first.keys() != second.keys():
        raise ValueError(f"first and second must have the same tasks, got {', '.join(first)} and {', '.join(second)}")
    labels = [label for label in first if label in differences]
    tasks = {label: _difference(first[label] - second[label], differences[label]) for label in labels}
    averages = {
        name: _difference(
            math.fsum(tasks[label].value for label in members) / len(members),
            np.mean([differences[label] for label in members], axis=0),
        )
        for name, members in groups.items()
        if all(label in tasks for label in members)
    }
    corrected = holm([difference.p_value for difference in tasks.values()])
    return Comparison(tasks, dict(zip(labels, corrected.tolist(), strict=True)), averages)


def describe_difference(first: str, second: str, difference: ResampledDifference) -> str:
    """Say in words whether the first is better, worse, or not told apart."""
    if difference.verdict == NOT_TOLD_APART:
        return f"{first} and {second} are not told apart: {difference.value:+.2f} points"
    return f"{first} is {difference.verdict} than {second} by {abs(difference.value):.2f} points"


def _difference(value: float, draws: NDArray[np.float64]) -> ResampledDifference:
    low, high = percentile_interval(draws)
    return ResampledDifference(value=value, low=low, high=high, p_value=two_sided_p(draws))
