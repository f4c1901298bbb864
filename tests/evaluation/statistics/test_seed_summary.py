from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sentcse.evaluation.statistics.seed_summary import summarise_seeds, task_score


def record(score: float | None, accuracy: float = 80.0, average: float | None = 70.0) -> dict:
    tasks = {"STS-B": {"spearman": {"all": score}}, "MR": {"accuracy": accuracy}}
    return {"tasks": tasks, "average": {"sts": average, "transfer": None}}


def test_tasks_and_averages_get_mean_spread_and_t_interval():
    found = summarise_seeds([record(81.0, 80.0, 70.0), record(82.0, 81.0, 71.0), record(84.0, 82.5, 71.5)])
    interval = stats.ttest_1samp([81.0, 82.0, 84.0], 0).confidence_interval()
    stsb = found["tasks"]["STS-B"]
    assert (stsb["mean"], stsb["std"]) == pytest.approx((247 / 3, np.std([81, 82, 84], ddof=1)))
    assert stsb["ci95"] == pytest.approx([interval.low, interval.high])
    assert found["tasks"]["MR"]["mean"] == pytest.approx(81.1667, abs=1e-3)
    assert found["average"]["sts"]["mean"] == pytest.approx(70.8333, abs=1e-3)
    assert found["n"] == 3


def test_what_one_seed_lacks_is_left_out():
    found = summarise_seeds([record(81.0), record(None, average=None)])
    assert list(found["tasks"]) == ["MR"]
    assert found["average"] == {}


def test_a_single_encoder_has_no_spread():
    assert summarise_seeds([record(81.0)])["tasks"]["STS-B"] == {"mean": 81.0, "std": None, "ci95": None}


def test_the_headline_of_a_task():
    assert task_score({"spearman": {"all": 1.0, "mean": 2.0}}) == 1.0
    assert task_score({"accuracy": 3.0}) == 3.0
