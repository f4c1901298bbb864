"""Unit vectors around directions at right angles, and words to go with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def directions(sizes: Sequence[int], *, width: int = 8, noise: float = 0.05) -> tuple[Any, Any]:
    """Float32 unit vectors, `sizes[i]` of them near axis i, and the number of each one's axis."""
    truth = np.repeat(np.arange(len(sizes)), sizes)
    drawn = np.random.default_rng(0).normal(scale=noise, size=(len(truth), width))
    vectors = np.eye(width)[truth] + drawn
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), truth
