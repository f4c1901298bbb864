from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binomtest

from sentcse.evaluation.scores.transfer.results import bootstrap_accuracy
from sentcse.evaluation.statistics.significance import percentile_interval


@pytest.mark.parametrize(("rows", "right"), [(500, 442), (1725, 1237), (10662, 8003)])
def test_the_interval_agrees_with_the_analytic_one(rows, right):
    draws = bootstrap_accuracy(np.arange(rows) < right, resamples=100_000, seed=0)
    share = right / rows
    half = 1.96 * math.sqrt(share * (1 - share) / rows)
    # the steps of a count are 100 / rows
    low, high = percentile_interval(draws)
    assert (low, high) == pytest.approx((100 * (share - half), 100 * (share + half)), abs=100 / rows)
    # Wilson's is drawn towards 50 % by z^2 / rows of the way
    wilson = binomtest(right, rows).proportion_ci(method="wilson")
    shift = 100 * (0.5 - share) * 1.96**2 / rows
    assert (low, high) == pytest.approx((100 * wilson.low - shift, 100 * wilson.high - shift), abs=0.02 + 100 / rows)


def test_draws_are_those_of_a_bootstrap_over_rows():
    correct = np.random.default_rng(1).random(400) < 0.7
    generator = np.random.default_rng(2)
    naive = np.array([100 * generator.choice(correct, size=400).mean() for _ in range(4000)])
    draws = bootstrap_accuracy(correct, resamples=4000, seed=3)
    assert draws.mean() == pytest.approx(naive.mean(), abs=0.2)
    assert draws.std() == pytest.approx(naive.std(), rel=0.05)
    np.testing.assert_array_equal(draws, bootstrap_accuracy(correct, resamples=4000, seed=3))


def test_no_rows_are_refused():
    with pytest.raises(ValueError, match="at least one row"):
        bootstrap_accuracy(np.array([], dtype=bool), resamples=10, seed=0)
