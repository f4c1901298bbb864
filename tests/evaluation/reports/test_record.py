from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sentcse.config.tasks import STS_TASKS, TASKS
from sentcse.evaluation.reports.record import collect_results, without_nan
from sentcse.evaluation.scores.evaluator import evaluate_encoder
from sentcse.evaluation.statistics.resampling import resample_sts


def test_the_average_has_an_interval_when_all_seven_are_scored(make_encoder, make_task):
    generator = np.random.default_rng(0)
    tasks = []
    for name in STS_TASKS:
        rows = [(f"{name} {i}", f"{name} {i} again", float(g)) for i, g in enumerate(generator.uniform(0, 5, 30))]
        tasks.append(replace(make_task(name, rows), label=TASKS[name].label))
    evaluation = evaluate_encoder(make_encoder(lambda _: generator.normal(size=3)), tasks)
    draws = resample_sts([evaluation.sts], resamples=400)[0]
    results = collect_results(evaluation, draws, resamples=400)
    scores = [task["spearman"]["all"] for task in results["tasks"].values()]
    low, high = results["average"]["sts_ci95"]
    assert results["average"]["sts"] == pytest.approx(np.mean(scores))
    assert low < results["average"]["sts"] < high
    # seven independent tasks: narrower than any one of them by about the root of seven
    assert high - low < min(task["ci95"][1] - task["ci95"][0] for task in results["tasks"].values()) / 2
    alone = replace(evaluation, sts={"sts12": evaluation.sts["sts12"]})
    fewer = collect_results(alone, resample_sts([alone.sts], resamples=400)[0], resamples=400)
    assert fewer["average"] == {"sts": None, "transfer": None}
    assert fewer["tasks"]["STS12"]["ci95"] == results["tasks"]["STS12"]["ci95"]


def test_what_is_no_number_is_null():
    nan = float("nan")
    assert without_nan({"a": [1.0, nan, ("b", nan)]}) == {"a": [1.0, None, ["b", None]]}
