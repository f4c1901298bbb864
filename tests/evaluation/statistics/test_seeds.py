from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from sentcse.evaluation.statistics.seeds import MOST_SEEDS, holm, mean_and_interval, paired_difference, seeds_needed

SCORES = [76.25, 75.90, 76.81, 76.02, 76.44]
OTHERS = [75.80, 75.95, 76.10, 75.61, 76.00]


@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_mean_and_interval_are_those_of_scipy(confidence):
    found = mean_and_interval(SCORES, confidence)
    interval = stats.ttest_1samp(SCORES, 0).confidence_interval(confidence)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert (found.mean, found.std, found.n) == pytest.approx((np.mean(SCORES), np.std(SCORES, ddof=1), 5))


def test_mean_and_interval_of_two_values_by_hand():
    # mean 2, standard deviation sqrt(2), t of one degree of freedom 12.706
    found = mean_and_interval([1, 3])
    assert (found.mean, found.std) == pytest.approx((2, math.sqrt(2)))
    assert (found.low, found.high) == pytest.approx((2 - 12.7062, 2 + 12.7062), abs=1e-3)


def test_one_seed_has_a_mean_and_no_spread():
    found = mean_and_interval([76.25])
    assert (found.mean, found.n) == (76.25, 1)
    assert all(math.isnan(value) for value in (found.std, found.low, found.high))
    difference = paired_difference([76.25], [75.0])
    assert difference.mean == 1.25
    assert all(math.isnan(value) for value in (difference.std, difference.low, difference.high, difference.p_value))


def test_paired_difference_is_the_paired_t_test_of_scipy():
    found = paired_difference(SCORES, OTHERS)
    expected = stats.ttest_rel(SCORES, OTHERS)
    interval = expected.confidence_interval(0.95)
    assert (found.p_value, found.low, found.high) == pytest.approx((expected.pvalue, interval.low, interval.high))
    assert (found.mean, found.n) == (pytest.approx(0.392), 5)
    turned = paired_difference(OTHERS, SCORES)
    assert (turned.mean, turned.low, turned.p_value) == pytest.approx((-found.mean, -found.high, found.p_value))


def test_differences_without_spread():
    assert paired_difference([1.0, 2.0], [1.0, 2.0]).p_value == 1
    assert paired_difference([1.5, 2.5], [1.0, 2.0]).p_value == 0


def test_holm_by_hand():
    # in order 0.01 x 4, 0.02 x 3, 0.03 x 2, 0.04 x 1, none smaller than the one before
    np.testing.assert_allclose(holm([0.03, 0.01, 0.04, 0.02]), [0.06, 0.04, 0.06, 0.06])
    np.testing.assert_allclose(holm([0.9, 0.8]), [1, 1])
    assert len(holm([])) == 0


def test_holm_rejects_what_the_step_down_loop_rejects():
    generator = np.random.default_rng(0)
    for _ in range(50):
        p_values = generator.uniform(size=6) ** 4
        rejected = np.zeros(6, dtype=bool)
        for step, index in enumerate(np.argsort(p_values)):
            if p_values[index] > 0.05 / (6 - step):
                break
            rejected[index] = True
        np.testing.assert_array_equal(holm(p_values) <= 0.05, rejected)


@pytest.mark.parametrize(("effect", "seeds"), [(0.2, 199), (0.5, 34), (0.8, 15), (1.0, 10)])
def test_seeds_needed_are_those_of_the_printed_tables(effect, seeds):
    # G*Power 3.1, "means: difference from constant or matched pairs", two tails, alpha 0.05, power 0.8
    assert seeds_needed(effect * 0.3, 0.3) == seeds
    assert seeds_needed(-effect * 0.3, 0.3) == seeds


def test_seeds_needed_reach_the_power_in_a_simulation():
    needed = seeds_needed(0.5, 0.4, power=0.8)
    draws = np.random.default_rng(0).normal(0.5, 0.4, size=(20_000, needed))
    found = stats.ttest_1samp(draws, 0, axis=1).pvalue < 0.05
    fewer = stats.ttest_1samp(draws[:, :-1], 0, axis=1).pvalue < 0.05
    assert fewer.mean() < 0.8 <= found.mean() + 0.01


@pytest.mark.parametrize("alpha", [0.05, 0.05 / 12, 0.05 / 36])
@pytest.mark.parametrize("effect", [0.8, 2.0, 6.1, 7.149])
def test_seeds_needed_at_a_level_that_is_divided_by_many_tests(effect, alpha):
    """Against the definition: the normal mean beyond the critical value, over the distribution of the deviation."""

    def power(n):
        ratio = np.sqrt(stats.chi2.ppf((np.arange(4000) + 0.5) / 4000, n - 1) / (n - 1))
        critical = stats.t.isf(alpha / 2, n - 1) * ratio
        return np.mean(stats.norm.sf(critical - effect * np.sqrt(n)) + stats.norm.cdf(-critical - effect * np.sqrt(n)))

    needed = seeds_needed(effect, 1.0, alpha=alpha)
    assert needed == next(n for n in range(2, 200) if power(n) >= 0.8)


def test_seeds_needed_at_the_edges():
    assert seeds_needed(0.0, 1.0) is None
    assert seeds_needed(1e-6, 1.0) is None
    assert seeds_needed(0.1, 0.0) == 2
    assert seeds_needed(1000.0, 0.1) == 2
    most = 2.8016 / math.sqrt(MOST_SEEDS)  # 1.960 + 0.842 standard errors
    assert seeds_needed(most * 1.001, 1.0) == pytest.approx(MOST_SEEDS, rel=0.01)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: mean_and_interval([]), "values must hold one score a seed"),
        (lambda: mean_and_interval([1.0, math.nan]), "values must be finite, got nan"),
        (lambda: mean_and_interval([1.0, 2.0], confidence=95), "confidence must be between 0 and 1, got 95"),
        (lambda: paired_difference([1.0, 2.0], [1.0]), "same seeds, got 2 and 1 values"),
        (lambda: holm([0.5, math.nan]), "p_values must lie between 0 and 1, got nan"),
        (lambda: seeds_needed(1.0, -1.0), "std at least 0, got 1.0 and -1.0"),
        (lambda: seeds_needed(1.0, 1.0, power=1.0), "power must be between 0 and 1"),
    ],
)
def test_wrong_arguments_are_named(call, said):
    with pytest.raises(ValueError, match=said):
        call()
