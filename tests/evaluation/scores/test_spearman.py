from __future__ import annotations

import math

import numpy as np
import pytest

from sentcse.evaluation.scores.spearman import aggregate, cosine_similarities, is_collapsed, spearman


def test_cosine_of_known_angles():
    first = np.array([[1, 0], [2, 0], [0, 0], [3, 3]], dtype=np.float32)
    second = np.array([[0, 5], [-1, 0], [1, 1], [1, 0]], dtype=np.float32)
    cosines = cosine_similarities(first, second)
    assert cosines.dtype == np.float64
    np.testing.assert_allclose(cosines, [0, -1, 0, math.sqrt(0.5)], atol=1e-15)


def test_closed_form_without_ties():
    # 1 - 6 sum d^2 / (n (n^2 - 1)) with d = (0, 1, -1, 0)
    scores, gold = np.array([0.1, 0.5, 0.3, 0.9]), np.array([0.0, 1.0, 2.0, 5.0])
    assert spearman(scores, gold) == pytest.approx(100 * (1 - 6 * 2 / (4 * 15)), abs=1e-12)


def test_only_the_order_counts():
    generator = np.random.default_rng(0)
    scores, gold = generator.uniform(0, 1, 50), generator.uniform(0, 5, 50)
    assert spearman(np.exp(5 * scores), gold**3) == pytest.approx(spearman(scores, gold), abs=1e-12)
    assert spearman(-scores, gold) == pytest.approx(-spearman(scores, gold), abs=1e-12)


def test_one_value_for_all_pairs_is_collapsed_and_not_zero():
    generator = np.random.default_rng(0)
    gold = generator.uniform(0, 5, 100)
    noise = 1 - 1e-9 * generator.uniform(size=100)
    assert is_collapsed(noise)
    assert math.isnan(spearman(noise, gold))
    assert not is_collapsed(1 - 1e-5 * generator.uniform(size=100))


@pytest.mark.parametrize(
    ("scores", "gold", "said"),
    [
        ([0.1, math.nan], [1, 2], "scores must be finite, got nan"),
        ([0.1, math.inf], [1, 2], "scores must be finite, got inf"),
        ([0.1, 0.2], [1, math.nan], "gold must be finite"),
        ([0.1, 0.2], [3, 3], "gold must hold two different values, got only 3"),
        ([0.1, 0.2], [3, 3, 1], "equally long, at least 2, got 2 and 3"),
        ([0.1], [3], "at least 2, got 1 and 1"),
    ],
)
def test_what_cannot_be_ranked_is_refused(scores, gold, said):
    with pytest.raises(ValueError, match=said):
        spearman(np.array(scores, dtype=float), np.array(gold, dtype=float))


def test_all_mean_and_wmean_differ_as_defined():
    # in each source the order is right (100) or reversed (-100); together the second source lies below the first
    first = (np.array([0.7, 0.8, 0.9]), np.array([3.0, 4.0, 5.0]))
    second = (np.array([0.2, 0.1]), np.array([1.0, 2.0]))
    scores = aggregate([first[0], second[0]], [first[1], second[1]])
    assert scores.mean == pytest.approx(0)
    assert scores.wmean == pytest.approx((3 * 100 - 2 * 100) / 5)
    assert scores.all == pytest.approx(100 * (1 - 6 * 2 / (5 * 24)))
