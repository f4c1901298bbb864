"""How figures and lists are written."""

from __future__ import annotations

import math

import pytest

from sentcse.evaluation.statistics.seeds import MOST_SEEDS, MeanInterval, PairedDifference
from sentcse.studies.phrases import (
    difference_digits,
    difference_with_interval,
    mean_and_spread,
    mean_with_interval,
    replicates_listed,
    seeds_in_words,
    signed_interval,
)
from sentcse.studies.study_run import Replicate


def test_words_of_seeds_and_splits() -> None:
    own = [Replicate(48, 48), Replicate(49, 49), Replicate(50, None)]
    assert replicates_listed(own) == "seeds 48\u201350"
    assert replicates_listed(own[:1]) == "seed 48"
    assert replicates_listed([Replicate(1, 7), Replicate(2, 7)]) == "seeds 1, 2 on split 7"
    assert replicates_listed([Replicate(1, 7), Replicate(1, 8)]) == "splits 7, 8 of seed 1"
    assert replicates_listed([Replicate(1, 7), Replicate(2, 8)]) == "seed 1 on split 7 and seed 2 on split 8"


def test_a_mean_says_what_it_is_of() -> None:
    three, one = MeanInterval(71.234, 0.5, 70.9, 71.5, 3), MeanInterval(71.234, math.nan, math.nan, math.nan, 1)
    assert mean_and_spread(three) == mean_and_spread(three, runs=3) == "71.23 ± 0.50"
    assert mean_and_spread(three, runs=4) == "71.23 ± 0.50 (n = 3)"
    assert (mean_and_spread(one), mean_and_spread(one, runs=2)) == ("71.23", "71.23 (n = 1)")
    assert mean_and_spread(three, 3) == "71.234 ± 0.500"
    assert (mean_with_interval(three), mean_with_interval(one)) == ("71.23 [70.90, 71.50]", "71.23")
    assert mean_and_spread(None) == mean_and_spread(None, runs=3) == mean_with_interval(None) == "\u2013"


def difference(mean: float, low: float = math.nan, high: float = math.nan, n: int = 3) -> PairedDifference:
    return PairedDifference(mean, low, high, 0.5, n, 0.1)


def test_a_difference_has_its_sign_and_its_interval() -> None:
    found = difference(-1.5, -2.0, 0.25)
    assert signed_interval(found) == "\u22121.50, 95\u00a0% interval \u22122.00 to 0.25"
    assert difference_with_interval(found) == "\u22121.50 [\u22122.00, 0.25]"
    alone = difference(1.5, n=1)
    assert (signed_interval(alone), difference_with_interval(alone)) == ("+1.50", "+1.50 \u2013")


@pytest.mark.parametrize(("mean", "digits"), [(0.1, 2), (-0.1, 2), (0.0999, 3), (-0.004, 3), (0.0, 3)])
def test_a_small_difference_does_not_read_as_none(mean: float, digits: int) -> None:
    assert difference_digits(mean) == digits
    assert len(difference_with_interval(difference(mean, -1, 1)).split()[0].partition(".")[2]) == digits


def test_so_many_seeds_that_nobody_trains_them() -> None:
    assert (seeds_in_words(1234), seeds_in_words(None)) == ("1,234", f"more than {MOST_SEEDS:,}")


def test_seeds_are_sorted_and_splits_named_once() -> None:
    assert replicates_listed([Replicate(50, 50), Replicate(48, 48)]) == "seeds 48, 50"
    assert replicates_listed([Replicate(1, None), Replicate(2, 7)]) == "seed 1 and seed 2 on split 7"
    # a whole corpus beside splits of one seed
    assert replicates_listed([Replicate(1, None), Replicate(1, 7), Replicate(1, 8)]) == "splits 7, 8 of seed 1"
