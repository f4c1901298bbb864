from __future__ import annotations

import math

import numpy as np
import pytest

from sentcse.evaluation.scores.evaluator import evaluate_encoder, evaluate_widths

ANGLES = {"a": 0, "b": 10, "c": 30, "d": 60, "e": 100}


def on_circle(sentence: str) -> list[float]:
    return [math.cos(math.radians(ANGLES[sentence])), math.sin(math.radians(ANGLES[sentence]))]


def test_scores_of_known_angles(make_encoder, make_task):
    right = [("a", "b", 5.0), ("a", "c", 4.5), ("a", "d", 1.0)]
    reversed_order = [("c", "e", 4.0), ("b", "c", 3.0)]
    task = make_task("x", right, reversed_order)
    result = evaluate_encoder(make_encoder(on_circle), [task], batch_size=2).sts["x"]
    assert {name: (source.spearman, source.pairs) for name, source in result.sources.items()} == {
        "source0": (pytest.approx(100), 3),
        "source1": (pytest.approx(-100), 2),
    }
    assert (result.mean, result.wmean) == (pytest.approx(0), pytest.approx(20))
    # ranks of the cosines 5 3 2 1 4 against gold 5 4 1 3 2
    assert result.all == pytest.approx(100 * (1 - 6 * (0 + 1 + 1 + 4 + 4) / (5 * 24)))
    assert (result.pairs, result.truncated, result.collapsed, result.label) == (5, 0, False, "X")
    np.testing.assert_allclose(result.cosines[:2], [math.cos(math.radians(10)), math.cos(math.radians(30))], atol=1e-7)


def test_a_collapsed_encoder_is_reported_and_does_not_crash(make_encoder, make_task):
    task = make_task("x", [("a", "b", 5.0), ("a", "c", 4.5), ("a", "d", 1.0)])
    noise = np.random.default_rng(0)
    encoder = make_encoder(lambda _: 1 + 1e-7 * noise.normal(size=8))
    evaluation = evaluate_encoder(encoder, [task], geometry_task=task)
    assert evaluation.sts["x"].collapsed
    assert math.isnan(evaluation.sts["x"].all)
    assert evaluation.geometry.anisotropy == pytest.approx(1)
    assert evaluation.geometry.effective_rank == pytest.approx(1, abs=1e-4)


def test_zero_vectors_are_collapsed(make_encoder, make_task):
    task = make_task("x", [("a", "b", 5.0), ("a", "c", 4.5)])
    evaluation = evaluate_encoder(make_encoder(lambda _: [0.0, 0.0]), [task], geometry_task=task)
    assert evaluation.sts["x"].collapsed
    assert math.isnan(evaluation.geometry.effective_rank)


def test_geometry_uses_distinct_sentences_and_gold_above_four(make_encoder, make_task):
    task = make_task("x", [("a", "b", 5.0), ("a", "c", 4.0), ("a", "d", 1.0), ("d", "a", 4.2)])
    found = evaluate_encoder(make_encoder(on_circle), [], geometry_task=task).geometry
    assert (found.positives, found.sentences) == (2, 4)
    squared = [2 - 2 * math.cos(math.radians(angle)) for angle in (10, 60)]
    assert found.alignment == pytest.approx(np.mean(squared), abs=1e-6)


def test_a_rank_that_is_not_asked_for_is_not_measured(make_encoder, make_task):
    task = make_task("x", [("a", "b", 5.0), ("c", "d", 1.0)])
    with_it, without = (
        evaluate_encoder(make_encoder(on_circle), [], geometry_task=task, with_rank=wanted).geometry
        for wanted in (True, False)
    )
    assert with_it.effective_rank > 1
    assert math.isnan(without.effective_rank)
    assert (without.alignment, without.uniformity) == (with_it.alignment, with_it.uniformity)


def test_one_encoding_serves_all_tasks_and_the_geometry(make_encoder, make_task):
    one, two = (
        make_task("one", [("a", "b", 5.0), ("c", "d", 1.0)]),
        make_task("two", [("a", "d", 5.0), ("e", "d", 1.0)]),
    )
    encoder = make_encoder(on_circle)
    evaluation = evaluate_encoder(encoder, [one, two], geometry_task=one)
    assert len(encoder.calls) == 1
    assert (list(evaluation.sts), evaluation.sentences) == (["one", "two"], 5)


def test_length_is_the_encoders_limit_and_not_its_training_length(make_encoder, make_task):
    task = make_task("x", [("a", "b", 5.0), ("c", "d", 1.0)])
    encoder = make_encoder(on_circle, positions=64)
    encoder.max_length = 8
    assert evaluate_encoder(encoder, [task]).max_length == 64
    assert evaluate_encoder(make_encoder(on_circle, positions=4096), [task]).max_length == 512
    assert evaluate_encoder(encoder, [task], max_length=16).max_length == 16
    assert [call["max_length"] for call in encoder.calls] == [64, 16]


def test_tasks_of_one_name_are_refused(make_encoder, make_task):
    task = make_task("x", [("a", "b", 5.0), ("c", "d", 1.0)])
    with pytest.raises(ValueError, match="different names, got x, x"):
        evaluate_encoder(make_encoder(on_circle), [task, task])


def test_widths_are_encoders_of_so_many_values(make_encoder, make_task):
    """And every sentence is encoded once for all of them."""
    generator = np.random.default_rng(3)
    vectors = {sentence: generator.normal(size=6) for sentence in "abcde"}
    task = make_task("x", [("a", "b", 5.0), ("a", "c", 4.5), ("d", "e", 1.0), ("b", "e", 0.5), ("c", "d", 3.0)])
    encoder = make_encoder(vectors)
    found = evaluate_widths(encoder, [task], [None, 4, 2], geometry_task=task)
    assert len(encoder.calls) == 1
    for width, each in zip((6, 4, 2), found, strict=True):
        shorter = make_encoder({sentence: vector[:width] for sentence, vector in vectors.items()})
        alone = evaluate_encoder(shorter, [task], geometry_task=task)
        np.testing.assert_array_equal(each.sts["x"].cosines, alone.sts["x"].cosines)
        assert each.geometry == alone.geometry
    assert len({each.sts["x"].cosines.sum() for each in found}) == 3
