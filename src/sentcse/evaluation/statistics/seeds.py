"""Statistics over the seeds of a recipe: mean and t interval, paired differences, how many seeds would tell apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

MOST_SEEDS = 10_000
"""Beyond this `seeds_needed` gives no number: nobody trains that often."""


@dataclass(frozen=True)
class MeanInterval:
    """Mean of a score over seeds.

    Attributes:
        mean: of the values.
        std: standard deviation, with n - 1; nan for a single value.
        low: where Student's t interval of the mean begins; nan for a single value.
        high: where it ends; nan for a single value.
        n: number of values.
    """

    mean: float
    std: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class PairedDifference:
    """Mean of the differences a - b of two recipes, seed by seed.

    Attributes:
        mean: of the differences.
        low: where Student's t interval of the mean begins; nan for a single seed.
        high: where it ends; nan for a single seed.
        p_value: two-sided p of the paired t test of no difference; nan for a single seed.
        n: number of seeds.
        std: standard deviation of the differences, with n - 1, which `seeds_needed` asks for; nan for a single seed.
    """

    mean: float
    low: float
    high: float
    p_value: float
    n: int
    std: float


def mean_and_interval(values: Sequence[float] | NDArray[np.float64], confidence: float = 0.95) -> MeanInterval:
    """Mean, standard deviation and Student's t interval of the mean.

    Args:
        values: (seeds,), one score a seed.
        confidence: of the interval.

    Raises:
        ValueError: if there is no value, one is not finite, or confidence is not between 0 and 1.
    """
    numbers = _finite(values, "values")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, got {confidence}")
    n, mean = len(numbers), float(numbers.mean())
    if n == 1:
        return MeanInterval(mean=mean, std=math.nan, low=math.nan, high=math.nan, n=n)
    std = float(numbers.std(ddof=1))
    half = float(stats.t.ppf((1 + confidence) / 2, n - 1)) * std / math.sqrt(n)
    return MeanInterval(mean=mean, std=std, low=mean - half, high=mean + half, n=n)


def paired_difference(
    a: Sequence[float] | NDArray[np.float64], b: Sequence[float] | NDArray[np.float64], confidence: float = 0.95
) -> PairedDifference:
    """Mean difference a - b over the seeds that both were run with, its t interval and the paired t test.

    Differences that are all one value have no spread: p is 1 where that value is 0, else 0.

    Args:
        a: (seeds,), one score a seed.
        b: (seeds,), of the same seeds in the same order.
        confidence: of the interval.

    Raises:
        ValueError: if the lengths differ, there is no seed, a value is not finite, or confidence is not inside 0 to 1.
    """
    first, second = _finite(a, "a"), _finite(b, "b")
    if len(first) != len(second):
        raise ValueError(f"a and b must hold the same seeds, got {len(first)} and {len(second)} values")
    over = mean_and_interval(first - second, confidence)
    return PairedDifference(
        mean=over.mean, low=over.low, high=over.high, p_value=_p_value(over), n=over.n, std=over.std
    )


def holm(p_values: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Correct p values for their number by Holm's step-down method (Holm 1979): compare the result with alpha itself.

    Args:
        p_values: (tests,), in any order.

    Returns:
        (tests,), in the order given, none above 1.

    Raises:
        ValueError: if a value is not between 0 and 1.
    """
    values = np.asarray(p_values, dtype=np.float64)
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError(f"p_values must lie between 0 and 1, got {values[~((values >= 0) & (values <= 1))][0]}")
    order = np.argsort(values, kind="stable")
    stepped = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    corrected = np.empty_like(values)
    corrected[order] = np.minimum(stepped, 1.0)
    return corrected


def seeds_needed(mean: float, std: float, power: float = 0.8, alpha: float = 0.05) -> int | None:
    """How many seeds, each run with both recipes, a two-sided paired t test needs to tell a difference apart.

    From the noncentral t distribution (Cohen 1988, section 2.2), or rather that of its square.

    Args:
        mean: the true mean difference that is to be found.
        std: standard deviation of the differences over seeds.
        power: with which probability it is to be found.
        alpha: with which probability a difference of 0 may be taken for one.

    Returns:
        The smallest such number, at least 2; None for a mean of 0, and where more than `MOST_SEEDS` would be needed.

    Raises:
        ValueError: if mean or std is not finite, std is negative, or power or alpha is not between 0 and 1.
    """
    if not math.isfinite(mean) or not math.isfinite(std) or std < 0:
        raise ValueError(f"mean and std must be finite and std at least 0, got {mean} and {std}")
    for name, value in (("power", power), ("alpha", alpha)):
        if not 0 < value < 1:
            raise ValueError(f"{name} must be between 0 and 1, got {value}")
    if mean == 0:
        return None
    if std == 0:
        return 2
    effect = abs(mean) / std
    high = 2
    while _power(effect, high, alpha) < power:
        if high == MOST_SEEDS:
            return None
        high = min(2 * high, MOST_SEEDS)
    low = high // 2  # the power grows with n: too few at low, enough at high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _power(effect, middle, alpha) >= power else (middle, high)
    return high


def _power(effect: float, n: int, alpha: float) -> float:
    """Probability that a paired t test over n seeds finds a mean of `effect` standard deviations."""
    critical = float(stats.t.isf(alpha / 2, n - 1))
    # the square of a noncentral t is a noncentral F, and scipy's noncentral t is nan in the tail of a small alpha
    return float(stats.ncf.sf(critical**2, 1, n - 1, n * effect**2))


def _finite(values: Sequence[float] | NDArray[np.float64], name: str) -> NDArray[np.float64]:
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.ndim != 1 or len(numbers) == 0:
        raise ValueError(f"{name} must hold one score a seed, at least one, got an array of shape {numbers.shape}")
    if not np.isfinite(numbers).all():
        raise ValueError(f"{name} must be finite, got {numbers[~np.isfinite(numbers)][0]}")
    return numbers


def _p_value(over: MeanInterval) -> float:
    if over.n == 1:
        return math.nan
    if over.std == 0:
        return 1.0 if over.mean == 0 else 0.0
    return float(2 * stats.t.sf(abs(over.mean) / (over.std / math.sqrt(over.n)), over.n - 1))
