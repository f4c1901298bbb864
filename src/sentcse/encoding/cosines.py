"""Unit vectors, and cosines of texts or vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

Vectors = NDArray[np.float32]
Similar: TypeAlias = "str | Iterable[str] | NDArray[Any] | Tensor"


def unit(vectors: NDArray[Any]) -> Vectors:
    """Vectors (rows, width) of length one, in float32; one of length zero stays."""
    norms = np.linalg.norm(vectors.astype(np.float64), axis=-1, keepdims=True)
    divided: Vectors = (vectors / np.maximum(norms, np.finfo(np.float32).tiny)).astype(np.float32)
    return divided


def similarity(encode: Callable[[str | Iterable[str]], Vectors], a: Similar, b: Similar, *, pairwise: bool) -> Vectors:
    """Cosines of texts or vectors: (N, M) of each with each, or (N,) of pairs; `encode` makes vectors of texts.

    Raises:
        ValueError: if the vectors do not fit together.
    """
    left, right = (unit(np.atleast_2d(_vectors(encode, each))) for each in (a, b))
    if left.shape[1] != right.shape[1]:
        raise ValueError(f"a and b must be of one width, got {left.shape[1]} and {right.shape[1]} values")
    if pairwise and len(left) != len(right):
        raise ValueError(f"a and b must be as many, got {len(left)} and {len(right)}")
    found: Vectors = np.einsum("ij,ij->i", left, right) if pairwise else left @ right.T
    return found


def _vectors(encode: Callable[[str | Iterable[str]], Vectors], given: Similar) -> NDArray[Any]:
    if isinstance(given, Tensor):
        return given.detach().float().cpu().numpy()
    if isinstance(given, np.ndarray) and np.issubdtype(given.dtype, np.number):
        return given
    return encode(given)
