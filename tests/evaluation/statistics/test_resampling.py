from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import binomtest

from sentcse.evaluation.statistics.resampling import (
    accuracy_differences,
    bootstrap_accuracy,
    resample_differences,
    resample_sts,
)
from sentcse.evaluation.statistics.significance import bootstrap_spearman, percentile_interval


def result(seed: int, *, label: str = "X", collapsed: bool = False) -> SimpleNamespace:
    gold = np.round(np.random.default_rng(0).uniform(0, 5, 80), 1)
    cosines = gold + np.random.default_rng(seed).normal(size=80)
    return SimpleNamespace(label=label, collapsed=collapsed, cosines=cosines, gold=gold)


def test_draws_depend_on_the_task_and_not_on_who_else_is_scored():
    one, other = {"x": result(1)}, {"x": result(2)}
    both = resample_sts([one, other], resamples=50, seed=3)
    np.testing.assert_array_equal(both[0]["X"], resample_sts([one], resamples=50, seed=3)[0]["X"])
    np.testing.assert_array_equal(both[1]["X"], resample_sts([other], resamples=50, seed=3)[0]["X"])
    alone = bootstrap_spearman(one["x"].cosines, one["x"].gold, resamples=50, seed=(3, *b"X"))
    np.testing.assert_array_equal(both[0]["X"], alone)
    named = resample_sts([{"x": result(1, label="Y")}], resamples=50, seed=3)[0]["Y"]
    assert (named != both[0]["X"]).any()


def test_collapsed_tasks_are_left_out_of_their_encoder_only():
    draws = resample_sts([{"x": result(1, collapsed=True)}, {"x": result(2)}], resamples=10)
    assert (list(draws[0]), list(draws[1])) == ([], ["X"])
    assert resample_sts([{"x": result(1)}], resamples=0) == [{}]


def test_differences_are_taken_resample_by_resample():
    first, second = {"x": result(1)}, {"x": result(2)}
    draws = resample_sts([first, second], resamples=40)
    evaluations = [SimpleNamespace(sts=sts, transfer={}) for sts in (first, second)]
    differences = resample_differences(*evaluations, *draws, resamples=40)
    np.testing.assert_array_equal(differences["X"], draws[0]["X"] - draws[1]["X"])
    # pairing pays: the same pairs are hard for both
    assert differences["X"].std() < np.hypot(draws[0]["X"].std(), draws[1]["X"].std()) * 0.95


def test_accuracy_differences_have_the_moments_of_paired_rows():
    generator = np.random.default_rng(0)
    first, second = generator.random(500) < 0.8, generator.random(500) < 0.7
    values = accuracy_differences(first, second, resamples=40_000, generator=np.random.default_rng(1))
    row = 100 * (first.astype(float) - second.astype(float))
    assert values.mean() == pytest.approx(row.mean(), abs=0.05)
    assert values.std() == pytest.approx(row.std() / np.sqrt(500), rel=0.02)
    resampled = [row[generator.integers(0, 500, 500)].mean() for _ in range(2000)]
    np.testing.assert_allclose(np.quantile(values, [0.025, 0.975]), np.quantile(resampled, [0.025, 0.975]), atol=0.4)


def test_accuracies_of_rows_that_agree_do_not_differ():
    right = np.array([True, False, True])
    assert (accuracy_differences(right, right, resamples=5, generator=np.random.default_rng(0)) == 0).all()
    assert (
        accuracy_differences(right | True, right & False, resamples=5, generator=np.random.default_rng(0)) == 100
    ).all()
    with pytest.raises(ValueError, match="at least one, got 3 and 2"):
        accuracy_differences(right, right[:2], resamples=5, generator=np.random.default_rng(0))


def test_transfer_rows_are_compared_where_both_know_them():
    right = np.array([True, True, False, True])
    one = SimpleNamespace(sts={}, transfer={"mr": SimpleNamespace(label="MR", correct=right)})
    other = SimpleNamespace(sts={}, transfer={"mr": SimpleNamespace(label="MR", correct=~right)})
    unknown = SimpleNamespace(sts={}, transfer={"mr": SimpleNamespace(label="MR", correct=None)})
    differences = resample_differences(one, other, {}, {}, resamples=2000)
    assert differences["MR"].mean() == pytest.approx(50, abs=5)
    assert resample_differences(one, unknown, {}, {}, resamples=10) == {}


@pytest.mark.parametrize(("rows", "right"), [(500, 442), (1725, 1237), (10662, 8003)])
def test_the_interval_of_an_accuracy_agrees_with_the_analytic_one(rows, right):
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


def test_accuracies_are_those_of_a_bootstrap_over_rows():
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
