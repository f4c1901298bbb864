from __future__ import annotations

import math

import numpy as np
import pytest

from sentcse.config.tasks import SUITE_COLUMNS
from sentcse.evaluation.reports.transfer_record import transfer_average, transfer_records
from sentcse.evaluation.scores.evaluation import TransferResult
from sentcse.evaluation.statistics.resampling import resample_transfer


def result(label: str, right: int = 75, **changes) -> TransferResult:
    values = {
        "label": label,
        "split": "test",
        "accuracy": float(right),
        "dev_accuracy": 80.0,
        "rows": 100,
        "folds": 5,
        "l2": (1e-5, 1e-2),
        "truncated": 0,
        "collapsed": False,
        "seed": 1111,
        "correct": np.arange(100) < right,
    }
    return TransferResult(**{**values, **changes})


def all_seven(**changes) -> list[TransferResult]:
    return [result(label, 70 + place, **changes) for place, label in enumerate(SUITE_COLUMNS["transfer"])]


def test_records_hold_the_scores_and_their_interval():
    results = [result("MR"), result("CR", split="dev", correct=None)]
    records = transfer_records(results, resample_transfer(results, resamples=2000))
    low, high = records["MR"].pop("ci95")
    assert low < 75 < high
    assert records["MR"] == {
        "split": "test",
        "accuracy": 75.0,
        "dev_accuracy": 80.0,
        "rows": 100,
        "folds": 5,
        "l2": [1e-5, 1e-2],
        "classifier_seed": 1111,
        "collapsed": False,
        "truncated": 0,
    }
    assert "ci95" not in records["CR"]
    assert resample_transfer(results, resamples=0) == {}


def test_an_interval_does_not_depend_on_what_else_is_scored():
    alone, among = (resample_transfer(results, resamples=50)["CR"] for results in ([result("CR", 71)], all_seven()))
    np.testing.assert_array_equal(alone, among)


def test_the_average_is_over_all_seven_with_its_interval():
    results = all_seven()
    draws = resample_transfer(results, resamples=4000)
    average = transfer_average(results, draws)
    assert average["transfer"] == pytest.approx(73)
    low, high = average["transfer_ci95"]
    # seven independent tasks of 100 rows
    half = 1.96 * math.sqrt(sum(p * (100 - p) / 100 for p in range(70, 77))) / 7
    assert (low, high) == (pytest.approx(73 - half, abs=0.3), pytest.approx(73 + half, abs=0.3))
    assert transfer_average(reversed(results), draws) == average


@pytest.mark.parametrize("place", range(7))
def test_no_average_over_missing_or_collapsed_tasks(place):
    results = all_seven()
    collapsed = result(results[place].label, collapsed=True, accuracy=math.nan, correct=None)
    assert transfer_average(results[:place] + results[place + 1 :], {}) == {"transfer": None}
    assert transfer_average([*results[:place], collapsed, *results[place + 1 :]], {}) == {"transfer": None}


def test_dev_scores_have_an_average_without_interval():
    results = all_seven(split="dev", correct=None)
    assert transfer_average(results, resample_transfer(results, resamples=50)) == {"transfer": pytest.approx(73)}
