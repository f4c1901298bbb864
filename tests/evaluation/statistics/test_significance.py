from __future__ import annotations

import math

import numpy as np
import pytest
from analytic_interval import fisher_interval
from scipy.stats import bootstrap, spearmanr

from sentcse.evaluation.statistics import significance
from sentcse.evaluation.statistics.significance import (
    bootstrap_spearman,
    bootstrap_spearmans,
    percentile_interval,
    resample_counts,
    two_sided_p,
)


@pytest.fixture
def sample():
    generator = np.random.default_rng(3)
    gold = np.round(generator.uniform(0, 5, 600), 1)  # with ties, as real gold has
    return np.round(gold + generator.normal(size=600) * 1.5, 2), gold


def test_equals_a_loop_over_resamples(sample, monkeypatch):
    monkeypatch.setattr(significance, "CHUNK_VALUES", 3 * 40)
    scores, gold = sample[0][:40], sample[1][:40]
    counts = np.concatenate(list(resample_counts(40, resamples=10, seed=5)), axis=1).astype(int)
    expected = [100 * spearmanr(np.repeat(scores, drawn), np.repeat(gold, drawn)).statistic for drawn in counts.T]
    np.testing.assert_allclose(bootstrap_spearman(scores, gold, resamples=10, seed=5), expected, atol=1e-9)


def test_several_encoders_share_the_resamples_and_chunks_change_nothing(sample, monkeypatch):
    scores, gold = sample
    other = np.round(scores, 0)  # heavily tied
    both = bootstrap_spearmans([scores, other], gold, resamples=60, seed=7)
    np.testing.assert_allclose(both[1], bootstrap_spearman(other, gold, resamples=60, seed=7), atol=1e-12)
    monkeypatch.setattr(significance, "CHUNK_VALUES", 1)
    np.testing.assert_allclose(both, bootstrap_spearmans([scores, other], gold, resamples=60, seed=7), atol=1e-12)


def test_two_sided_p_counts_the_rarer_side():
    assert two_sided_p(np.array([1.0, 2.0, 3.0, -1.0])) == pytest.approx(2 * 2 / 5)
    assert two_sided_p(np.arange(1.0, 1000.0)) == pytest.approx(2 / 1000)
    assert two_sided_p(np.zeros(9)) == 1
    assert two_sided_p(np.array([math.nan, 1.0])) == 1
    assert math.isnan(two_sided_p(np.array([math.nan])))


def test_p_is_below_alpha_where_the_interval_leaves_out_zero():
    generator = np.random.default_rng(0)
    for shift in generator.uniform(-4, 4, 200):
        values = generator.normal(shift, 1, size=999)
        low, high = percentile_interval(values)
        # at the very edge one draw may decide either way
        if min(abs(low), abs(high)) > 0.05:
            assert (two_sided_p(values) < 0.05) == (low > 0 or high < 0)


def test_p_is_even_where_nothing_differs():
    """Two encoders of the same error: p falls below 0.05 about as often as it says."""
    generator = np.random.default_rng(5)
    rejected = 0
    for trial in range(100):
        gold = np.round(generator.uniform(0, 5, 120), 1)
        first, second = (gold + generator.normal(size=120) for _ in range(2))
        draws = bootstrap_spearmans([first, second], gold, resamples=300, seed=trial)
        rejected += two_sided_p(draws[0] - draws[1]) < 0.05
    # binomial(100, 0.05): 5 +- 2.2
    assert 1 <= rejected <= 12


def test_resamples_draw_as_many_pairs_with_replacement():
    counts = np.concatenate(list(resample_counts(50, resamples=2000, seed=0)), axis=1)
    assert counts.shape == (50, 2000)
    assert (counts.sum(axis=0) == 50).all()
    # a pair is left out with probability (1 - 1/50)^50
    assert (counts == 0).mean() == pytest.approx((1 - 1 / 50) ** 50, abs=0.005)


def test_seed_and_pairs_determine_the_draws(sample):
    scores, gold = sample
    first = bootstrap_spearman(scores, gold, resamples=50, seed=1)
    np.testing.assert_array_equal(first, bootstrap_spearman(np.exp(scores), gold, resamples=50, seed=1))
    assert (first != bootstrap_spearman(scores, gold, resamples=50, seed=2)).any()


def test_agrees_with_scipy_and_with_the_analytic_interval(sample):
    scores, gold = sample
    ours = percentile_interval(bootstrap_spearman(scores, gold, resamples=10_000, seed=0))
    theirs = bootstrap(
        (scores, gold),
        lambda x, y: spearmanr(x, y).statistic,
        paired=True,
        vectorized=False,
        n_resamples=1500,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    analytic = fisher_interval(100 * spearmanr(scores, gold).statistic, len(gold))
    # a correlation's second digit is a whole point here
    np.testing.assert_allclose(ours, [100 * theirs.low, 100 * theirs.high], atol=0.5)
    np.testing.assert_allclose(ours, analytic, atol=1.0)


def test_fisher_closed_form():
    low, high = fisher_interval(0.0, 103)
    assert (low, high) == (pytest.approx(-100 * math.tanh(0.1959964)), pytest.approx(100 * math.tanh(0.1959964)))


def test_percentile_interval_closed_form():
    assert percentile_interval(np.arange(1001.0), confidence=0.9) == pytest.approx((50.0, 950.0))
    assert percentile_interval(np.array([1.0, math.nan, 3.0]), confidence=0.5) == (1.5, 2.5)
    assert all(math.isnan(end) for end in percentile_interval(np.full(3, math.nan)))


def test_constant_resamples_give_nan_and_bad_lengths_are_refused():
    assert np.isnan(bootstrap_spearman(np.ones(5), np.arange(5.0), resamples=4)).all()
    with pytest.raises(ValueError, match="equally long, at least 2, got 2 and 3"):
        bootstrap_spearman(np.ones(2), np.ones(3))
