from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from sentcse.config.tasks import STS_TASKS, TASKS, TRANSFER_TASKS
from sentcse.evaluation.scores.evaluation import TransferResult
from sentcse.evaluation.scores.evaluator import evaluate_encoder
from sentcse.evaluation.statistics.against import compare_evaluations, headline_scores
from sentcse.evaluation.statistics.resampling import resample_sts


def transfer(label: str, accuracy: float, *, rows: int = 400, known: bool = True) -> TransferResult:
    correct = np.arange(rows) < accuracy / 100 * rows
    return TransferResult(
        label=label,
        split="test",
        accuracy=accuracy,
        dev_accuracy=accuracy,
        rows=rows,
        folds=10,
        l2=(0.001,),
        truncated=0,
        collapsed=False,
        seed=1111,
        correct=correct if known else None,
    )


@pytest.fixture
def two(make_encoder, make_task):
    """Two encoders on the seven STS tasks, of which the second is the first and noise."""
    generator = np.random.default_rng(0)
    tasks, vectors = [], {}
    for name in STS_TASKS:
        rows = [(f"{name} {i}", f"{name} {i} again", float(gold)) for i, gold in enumerate(generator.uniform(0, 5, 40))]
        tasks.append(replace(make_task(name, rows), label=TASKS[name].label))
        for first, second, gold in rows:
            angle = (5 - gold) / 4
            vectors |= {first: np.array([1.0, 0.0]), second: np.array([math.cos(angle), math.sin(angle)])}
    noisy = {sentence: vector + 0.8 * generator.normal(size=2) for sentence, vector in vectors.items()}
    return [evaluate_encoder(make_encoder(each), tasks) for each in (vectors, noisy)]


def compare(first, second, *, resamples: int = 500):
    draws = resample_sts([first.sts, second.sts], resamples=resamples)
    return compare_evaluations(first, second, *draws, resamples=resamples)


def test_every_task_and_the_average_are_compared(two):
    found = compare(*two)
    scores = [headline_scores(evaluation) for evaluation in two]
    assert list(found["tasks"]) == [TASKS[name].label for name in STS_TASKS]
    assert {record["verdict"] for record in found["tasks"].values()} == {"better"}
    for label, record in found["tasks"].items():
        assert record["difference"] == pytest.approx(scores[0][label] - scores[1][label])
    differences = [record["difference"] for record in found["tasks"].values()]
    average = found["average"]["sts"]
    assert average["difference"] == pytest.approx(np.mean(differences))
    # seven independent tasks: narrower than each
    assert average["ci95"][1] - average["ci95"][0] < min(r["ci95"][1] - r["ci95"][0] for r in found["tasks"].values())
    assert (found["resamples"], found["seed"], list(found["average"])) == (500, 0, ["sts"])


def test_an_encoder_against_itself_differs_nowhere(two):
    found = compare(two[0], two[0])
    for record in (*found["tasks"].values(), found["average"]["sts"]):
        assert (record["difference"], record["ci95"], record["p"]) == (0, [0, 0], 1)
        assert record["verdict"] == "not told apart"


def test_transfer_tasks_are_compared_by_their_rows(two):
    first, second = (
        replace(evaluation, transfer={name: transfer(TASKS[name].label, accuracy) for name in TRANSFER_TASKS})
        for evaluation, accuracy in zip(two, (80.0, 75.0), strict=True)
    )
    found = compare(first, second)
    assert found["tasks"]["MR"]["difference"] == 5
    assert found["tasks"]["MR"]["verdict"] == "better"
    assert found["average"]["transfer"]["difference"] == pytest.approx(5)
    # the same rows go wrong in both: 5 % of rows differ, all one way
    half = 1.96 * 100 * math.sqrt(0.05 * 0.95 / 400)
    assert found["tasks"]["MR"]["ci95"] == pytest.approx([5 - half, 5 + half], abs=0.5)


def test_rows_that_are_not_known_are_not_compared(two):
    first, second = (replace(evaluation, transfer={"mr": transfer("MR", 80.0, known=False)}) for evaluation in two)
    found = compare(first, second)
    assert "MR" not in found["tasks"]
    assert headline_scores(first)["MR"] == 80
