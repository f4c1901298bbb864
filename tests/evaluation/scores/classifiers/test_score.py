from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from sentcse.evaluation.scores.classifiers.problem import make_problem
from sentcse.evaluation.scores.classifiers.score import score_transfer, score_transfer_task
from sentcse.evaluation.scores.classifiers.settings import CLASSIFIERS
from sentcse.evaluation.scores.classifiers.validation import Validation
from sentcse.evaluation.scores.embeddings import EmbeddingTable
from sentcse.evaluation.scores.evaluator import evaluate_encoder


@pytest.mark.parametrize(("division", "folds"), [("nested", 5), ("folds", 5), ("split", None)])
@pytest.mark.parametrize("mode", ["dev", "fasttest"])
def test_each_mode_reports_its_own_split(make_transfer, division, folds, mode):
    task, table = make_transfer(division, rows=100, signal=0.5)
    result = score_transfer_task(table, task, mode=mode)
    outcome = Validation(make_problem(table, task), CLASSIFIERS[mode]).run()
    expected = outcome.dev_accuracy if mode == "dev" else outcome.accuracy
    assert (result.label, result.split, result.folds) == ("TOY", "dev" if mode == "dev" else "test", folds)
    assert result.accuracy == pytest.approx(100 * expected)
    assert result.dev_accuracy == pytest.approx(100 * outcome.dev_accuracy)
    assert (result.rows, result.truncated, result.collapsed, result.seed) == (100, 0, False, 1111)
    if mode == "dev":
        assert result.correct is None
    else:
        assert 100 * result.correct.mean() == pytest.approx(result.accuracy)


def test_separable_classes_are_told_apart_and_noise_is_not(make_transfer):
    separable, table = make_transfer("folds", rows=300, classes=6, signal=8.0)
    assert score_transfer_task(table, separable, mode="fasttest").accuracy > 97
    noise, table = make_transfer("nested", rows=400, signal=0.0)
    assert score_transfer_task(table, noise, mode="fasttest").accuracy == pytest.approx(50, abs=8)


def test_same_seed_same_score_other_seed_other_draws(make_transfer):
    task, table = make_transfer("nested", rows=200, signal=0.2)
    first, again, other = (score_transfer_task(table, task, mode="fasttest", seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.correct, again.correct)
    assert first.accuracy == again.accuracy
    assert (first.correct != other.correct).any()


@pytest.mark.parametrize("mode", ["test", "fasttest", "dev"])
def test_constant_vectors_are_reported_as_collapsed(make_transfer, mode):
    task, table = make_transfer("nested", rows=60)
    constant = EmbeddingTable([*task.sentences()], np.ones_like(table.vectors), frozenset())
    result = score_transfer_task(constant, task, mode=mode)
    assert result.collapsed
    assert math.isnan(result.accuracy)
    assert math.isnan(result.dev_accuracy)
    assert (result.l2, result.correct) == ((), None)


def test_cut_sentences_are_counted_once(make_transfer):
    task, table = make_transfer("split", rows=40)
    cut = frozenset(["train 0 3", "test 0 5", "elsewhere"])
    marked = EmbeddingTable([*task.sentences()], table.vectors, cut)
    assert score_transfer_task(marked, task, mode="fasttest").truncated == 2


def test_several_tasks_are_scored_in_order_as_each_alone(make_transfer):
    first, table = make_transfer("folds", rows=60, signal=0.5)
    second = replace(first, name="again", label="AGAIN")
    results = score_transfer(table, [second, first], mode="fasttest")
    assert list(results) == ["again", "toy"]
    assert (
        results["again"].accuracy
        == results["toy"].accuracy
        == score_transfer_task(table, first, mode="fasttest").accuracy
    )


def test_one_encoding_serves_pairs_and_classification(make_transfer, make_encoder, make_task):
    task, table = make_transfer("split", rows=40)
    sentences = [*task.sentences()]
    pairs = make_task("pairs", [(sentences[0], sentences[1], 5.0), (sentences[2], "another", 1.0)])
    vectors = dict(zip(sentences, table.vectors, strict=True)) | {"another": np.arange(8)}
    encoder = make_encoder(vectors)
    evaluation = evaluate_encoder(encoder, [pairs], transfer_tasks=[task], mode="fasttest")
    assert [len(call["sentences"]) for call in encoder.calls] == [121]
    assert evaluation.sentences == 121
    assert evaluation.transfer["toy"].accuracy == score_transfer_task(table, task, mode="fasttest").accuracy


def test_a_bar_is_shown_only_where_there_are_classifiers(make_transfer, capsys):
    task, table = make_transfer("split", rows=100, signal=0.5)
    score_transfer(table, [], mode="fasttest", progress=True)
    assert capsys.readouterr().err == ""
    score_transfer(table, [task], mode="fasttest", progress=True)
    assert " fits" in capsys.readouterr().err
