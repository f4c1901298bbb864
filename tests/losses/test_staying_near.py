from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

from sentcse.losses import similarity_distance, weight_distance


def test_weights_by_hand() -> None:
    weights, start = (
        [torch.tensor([1.0, 2.0]), torch.tensor([[3.0]])],
        [torch.tensor([1.0, 0.0]), torch.tensor([[6.0]])],
    )
    assert weight_distance(weights, start).item() == (0 + 4 + 9) / 2


def test_the_gradient_of_weights_is_their_way() -> None:
    weights = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    start = torch.randn(4, 3, dtype=torch.float64)
    weight_distance([weights], [start]).backward()
    torch.testing.assert_close(weights.grad, weights.detach() - start)


def test_weights_of_which_some_are_missing_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        weight_distance([torch.zeros(1), torch.zeros(1)], [torch.zeros(1)])
    with pytest.raises(ValueError, match="at least one tensor that is trained, got none"):
        weight_distance([], [])


def test_similarities_by_hand() -> None:
    """Two sentences at 60 degrees that were at a right angle: a difference of 1/2, squared."""
    vectors = torch.tensor([[1.0, 0.0], [0.5, math.sqrt(3) / 2]])
    assert similarity_distance(vectors, 3 * torch.eye(2)).item() == pytest.approx(0.25)


def test_similarities_by_a_loop_over_pairs() -> None:
    vectors, start = torch.randn(5, 3, dtype=torch.float64), torch.randn(5, 7, dtype=torch.float64)
    squares = [
        (
            float(F.cosine_similarity(vectors[i], vectors[j], dim=0))
            - float(F.cosine_similarity(start[i], start[j], dim=0))
        )
        ** 2
        for i in range(5)
        for j in range(5)
        if i != j
    ]
    assert similarity_distance(vectors, start).item() == pytest.approx(sum(squares) / 20, rel=1e-9)


def test_similarities_do_not_depend_on_scale_rotation_or_order() -> None:
    start = torch.randn(5, 3, dtype=torch.float64)
    turned = 7 * start @ torch.linalg.qr(torch.randn(3, 3, dtype=torch.float64)).Q
    assert similarity_distance(turned, start).item() == pytest.approx(0, abs=1e-20)
    others, order = torch.randn(5, 3, dtype=torch.float64), torch.randperm(5)
    expected = similarity_distance(others, start)
    torch.testing.assert_close(similarity_distance(others[order], start[order]), expected)


def test_one_sentence_is_near() -> None:
    assert similarity_distance(torch.randn(1, 3), torch.randn(1, 3)).item() == pytest.approx(0, abs=1e-12)
