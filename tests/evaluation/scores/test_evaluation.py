from __future__ import annotations

import math

import pytest

from sentcse.config.tasks import SUITE_COLUMNS
from sentcse.evaluation.scores.evaluation import mean_of, sts_average

COLUMNS = SUITE_COLUMNS["sts"]
SCORES = dict(zip(COLUMNS, (72.374, 80.604, 75.594, 85.394, 78.994, 82.034, 77.154), strict=True))


def test_the_average_is_of_unrounded_values():
    assert sts_average(SCORES) == pytest.approx(sum(SCORES.values()) / 7)
    # rounded first, it would be 78.87
    assert f"{sts_average(SCORES):.2f}" == "78.88"
    assert sum(round(score, 2) for score in SCORES.values()) / 7 == pytest.approx(78.8743, abs=1e-4)


@pytest.mark.parametrize("missing", COLUMNS)
def test_no_average_over_missing_or_collapsed_tasks(missing):
    assert sts_average({column: score for column, score in SCORES.items() if column != missing}) is None
    assert sts_average({**SCORES, missing: math.nan}) is None
    assert sts_average({**SCORES, missing: None}) is None


def test_mean_of_takes_only_its_columns():
    assert mean_of({"a": 1.0, "b": 2.0, "c": 90.0}, ("a", "b")) == 1.5
