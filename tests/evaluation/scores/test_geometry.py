from __future__ import annotations

import math

import numpy as np
import pytest

from sentcse.evaluation.scores import geometry
from sentcse.evaluation.scores.geometry import alignment, anisotropy, effective_rank, uniformity, unit_vectors

CROSS = np.array([[1, 0], [0, 2], [-3, 0], [0, -0.5]], dtype=np.float32)


def test_unit_vectors_keep_zero():
    np.testing.assert_allclose(unit_vectors(np.array([[3.0, 4.0], [0.0, 0.0]])), [[0.6, 0.8], [0, 0]])


def test_alignment_closed_form():
    # distances of unit vectors: right angle sqrt(2), opposite 2, same 0
    assert alignment(CROSS[[0, 0, 0]], CROSS[[1, 2, 0]]) == pytest.approx((2 + 4 + 0) / 3)
    assert math.isnan(alignment(CROSS[:0], CROSS[:0]))


def test_uniformity_closed_form():
    # of six pairs four are at right angles (exp(-4)) and two are opposite (exp(-8))
    assert uniformity(CROSS) == pytest.approx(math.log((4 * math.exp(-4) + 2 * math.exp(-8)) / 6))
    assert uniformity(np.ones((5, 3))) == pytest.approx(0, abs=1e-12)


def test_uniformity_in_chunks_equals_a_loop(monkeypatch):
    monkeypatch.setattr(geometry, "CHUNK", 7)
    rows = np.random.default_rng(0).normal(size=(23, 4))
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    potentials = [math.exp(-2 * ((unit[i] - unit[j]) ** 2).sum()) for i in range(23) for j in range(i)]
    assert uniformity(rows) == pytest.approx(math.log(np.mean(potentials)), abs=1e-12)


def test_anisotropy_is_the_mean_cosine_of_different_rows():
    rows = np.random.default_rng(0).normal(size=(12, 3)) + 0.5
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    cosines = [unit[i] @ unit[j] for i in range(12) for j in range(i)]
    assert anisotropy(rows) == pytest.approx(np.mean(cosines), abs=1e-12)
    assert anisotropy(CROSS) == pytest.approx(-2 / 6)


def test_effective_rank_closed_form():
    assert effective_rank(np.eye(6)) == pytest.approx(6)
    assert effective_rank(np.ones((6, 4))) == pytest.approx(1)
    # unit rows e1 (4 times) and e2 (once): singular values 2 and 1
    shares = np.array([2 / 3, 1 / 3])
    rows = np.array([[1.0, 0.0]] * 4 + [[0.0, 9.0]])
    assert effective_rank(rows) == pytest.approx(math.exp(-(shares * np.log(shares)).sum()))
    assert math.isnan(effective_rank(np.zeros((3, 2))))


@pytest.mark.parametrize("measure", [uniformity, anisotropy, effective_rank])
def test_rotation_and_scale_change_nothing(measure):
    generator = np.random.default_rng(1)
    rows = generator.normal(size=(15, 5)) + 1
    rotation = np.linalg.qr(generator.normal(size=(5, 5))).Q
    assert measure(rows @ rotation * 7) == pytest.approx(measure(rows), abs=1e-10)
    with pytest.raises(ValueError, match="at least 2 rows, got 1"):
        measure(rows[:1])
