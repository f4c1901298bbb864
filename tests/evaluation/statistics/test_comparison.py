from __future__ import annotations

import math

import numpy as np
import pytest

from sentcse.evaluation.statistics.comparison import ALPHA, ResampledDifference, compare_scores, describe_difference

FIRST = {"a": 70.0, "b": 60.0, "c": 50.0}
SECOND = {"a": 65.0, "b": 60.1, "c": 53.0}


@pytest.fixture
def draws():
    generator = np.random.default_rng(0)
    return {name: generator.normal(FIRST[name] - SECOND[name], 1, size=4000) for name in FIRST}


def test_each_task_gets_its_difference_interval_p_and_word(draws):
    found = compare_scores(FIRST, SECOND, draws, {"all": ("a", "b", "c")})
    assert {name: difference.verdict for name, difference in found.tasks.items()} == {
        "a": "better",
        "b": "not told apart",
        "c": "worse",
    }
    assert found.tasks["a"].value == 5
    # 1.96 standard deviations of the draws on either side
    assert (found.tasks["a"].low, found.tasks["a"].high) == pytest.approx((5 - 1.96, 5 + 1.96), abs=0.12)
    # none of 4000 draws lies beyond 0
    assert found.tasks["a"].p_value == pytest.approx(2 / 4001)


def test_the_average_pairs_the_draws_of_the_tasks(draws):
    found = compare_scores(FIRST, SECOND, draws, {"all": ("a", "b", "c"), "two": ("a", "c"), "more": ("a", "d")})
    assert found.averages["all"].value == pytest.approx((5 - 0.1 - 3) / 3)
    assert found.averages["two"].value == pytest.approx(1)
    spread = np.mean([draws["a"], draws["b"], draws["c"]], axis=0)
    assert found.averages["all"].low == pytest.approx(np.quantile(spread, 0.025))
    assert "more" not in found.averages


def test_holm_corrects_for_the_number_of_tasks(draws):
    found = compare_scores(FIRST, SECOND, draws, {})
    assert found.holm["a"] == pytest.approx(3 * found.tasks["a"].p_value)
    assert found.holm["b"] == pytest.approx(max(found.tasks["b"].p_value, 2 * found.tasks["c"].p_value))


def test_turning_the_two_round_turns_the_words(draws):
    found = compare_scores(FIRST, SECOND, draws, {"all": ("a", "b", "c")})
    turned = compare_scores(SECOND, FIRST, {name: -values for name, values in draws.items()}, {"all": ("a", "b", "c")})
    assert turned.tasks["a"].verdict == "worse"
    for name, difference in found.tasks.items():
        assert turned.tasks[name].p_value == difference.p_value
        assert (turned.tasks[name].low, turned.tasks[name].high) == pytest.approx((-difference.high, -difference.low))
    assert turned.averages["all"].value == -found.averages["all"].value


def test_one_encoder_against_itself_is_not_told_apart():
    found = compare_scores(FIRST, FIRST, {"a": np.zeros(100)}, {})
    assert found.tasks["a"] == ResampledDifference(0.0, 0.0, 0.0, 1.0)
    assert found.tasks["a"].verdict == "not told apart"


def test_tasks_without_draws_are_left_out_and_break_their_average(draws):
    del draws["b"]
    found = compare_scores(FIRST, {**SECOND, "b": math.nan}, draws, {"all": ("a", "b", "c"), "two": ("a", "c")})
    assert list(found.tasks) == ["a", "c"]
    assert list(found.averages) == ["two"]


def test_other_tasks_are_refused(draws):
    with pytest.raises(ValueError, match="same tasks, got a, b, c and a"):
        compare_scores(FIRST, {"a": 1.0}, draws, {})


def test_words():
    assert (
        describe_difference("A", "B", ResampledDifference(1.234, 0.5, 2.0, 0.0002))
        == "A is better than B by 1.23 points"
    )
    assert (
        describe_difference("A", "B", ResampledDifference(-1.0, -2.0, -0.5, 0.01)) == "A is worse than B by 1.00 points"
    )
    assert (
        describe_difference("A", "B", ResampledDifference(0.1, -0.2, 0.4, 0.5))
        == "A and B are not told apart: +0.10 points"
    )
    assert ResampledDifference(0.1, 0.0, 0.2, ALPHA).verdict == "not told apart"
    assert ResampledDifference(0.1, math.nan, math.nan, math.nan).verdict == "not told apart"
