from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
import torch

from sentcse.encoding.cosines import similarity, unit

A = np.array([[3.0, 4.0], [1.0, 0.0], [0.0, 0.0]])
B = np.array([[0.0, 2.0], [1.0, 1.0], [5.0, 0.0]])


def encode(texts: str | Iterable[str]) -> Any:
    return A[0] if isinstance(texts, str) else A[: len(list(texts))]


def test_unit_vectors() -> None:
    np.testing.assert_allclose(unit(A), [[0.6, 0.8], [1, 0], [0, 0]], rtol=1e-7)
    assert unit(A).dtype == np.float32
    # squares of which float32 would lose
    np.testing.assert_allclose(unit(np.array([[3e-30, 4e-30], [3e30, 4e30]], np.float32)), [[0.6, 0.8]] * 2, rtol=1e-6)


def test_each_with_each_and_pairs() -> None:
    expected = [[0.8, 1.4 / 2**0.5, 0.6], [0, 2**-0.5, 1], [0, 0, 0]]
    np.testing.assert_allclose(similarity(encode, A, B, pairwise=False), expected, rtol=1e-6)
    np.testing.assert_allclose(similarity(encode, A, B, pairwise=True), np.diag(expected), rtol=1e-6)


def test_texts_tensors_and_single_ones() -> None:
    matrix = similarity(encode, A, B, pairwise=False)
    np.testing.assert_array_equal(similarity(encode, ["a", "b", "c"], torch.from_numpy(B), pairwise=False), matrix)
    assert similarity(encode, "a", "b", pairwise=False).shape == (1, 1)
    np.testing.assert_array_equal(similarity(encode, "a", B[1], pairwise=True), matrix[0, 1:2])
    np.testing.assert_array_equal(similarity(encode, np.array(["a", "b"]), B, pairwise=False), matrix[:2])


def test_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match="a and b must be of one width, got 2 and 1"):
        similarity(encode, A, B[:, :1], pairwise=False)
    with pytest.raises(ValueError, match="a and b must be as many, got 3 and 2"):
        similarity(encode, A, B[:2], pairwise=True)
