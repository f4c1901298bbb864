"""How sentence vectors lie on the unit sphere: alignment, uniformity, anisotropy, effective rank."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

CHUNK = 1024
"""Rows whose similarities are held in memory at a time."""


def unit_vectors(vectors: Float[np.ndarray, "sentences width"]) -> Float[np.ndarray, "sentences width"]:
    """Rows divided by their length, in float64; a row of zeros stays one."""
    vectors = vectors.astype(np.float64)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: np.ndarray = np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
    return unit


def alignment(first: Float[np.ndarray, "positives width"], second: Float[np.ndarray, "positives width"]) -> float:
    """Mean squared distance of the unit vectors of positive pairs (Wang & Isola 2020, equation 4, alpha = 2).

    0 to 4, lower is better; nan without a pair.
    """
    if len(first) == 0:
        return float("nan")
    return float(np.square(unit_vectors(first) - unit_vectors(second)).sum(axis=1).mean())


def uniformity(vectors: Float[np.ndarray, "sentences width"]) -> float:
    """Log of the mean Gaussian potential of all pairs of rows (Wang & Isola 2020, equation 5, t = 2).

    -8 to 0, lower is better. Every pair of different rows counts once, none with itself.

    Raises:
        ValueError: with fewer than two rows.
    """
    unit = _at_least_two(vectors)
    total = 0.0
    for start in range(0, len(unit), CHUNK):
        cosines = unit[start : start + CHUNK] @ unit[start:].T
        # |x - y|^2 = 2 - 2 cos
        potentials = np.exp(4 * (np.minimum(cosines, 1.0) - 1))
        total += float(np.triu(potentials, k=1).sum())
    pairs = len(unit) * (len(unit) - 1) / 2
    return float(np.log(total / pairs))


def anisotropy(vectors: Float[np.ndarray, "sentences width"]) -> float:
    """Mean cosine of two different rows (Ethayarajh 2019, section 3.3): 0 for directions evenly spread.

    Exact over all pairs, since the square of the sum of unit vectors holds every cosine twice and each row's own.

    Raises:
        ValueError: with fewer than two rows.
    """
    unit = _at_least_two(vectors)
    rows = len(unit)
    own = float(np.square(unit).sum())
    return float((np.square(unit.sum(axis=0)).sum() - own) / (rows * (rows - 1)))


def effective_rank(vectors: Float[np.ndarray, "sentences width"]) -> float:
    """Exponential of the entropy of the normalised singular values (Roy & Vetterli 2007) of the unit vectors.

    1 for a single direction, at most the width. The vectors are not centred; nan if all are 0.

    Raises:
        ValueError: with fewer than two rows.
    """
    values = np.linalg.svd(_at_least_two(vectors), compute_uv=False)
    if values.sum() == 0:
        return float("nan")
    shares = values / values.sum()
    shares = shares[shares > 0]
    return float(np.exp(-(shares * np.log(shares)).sum()))


def _at_least_two(vectors: Float[np.ndarray, "sentences width"]) -> Float[np.ndarray, "sentences width"]:
    if len(vectors) < 2:
        raise ValueError(f"vectors must have at least 2 rows, got {len(vectors)}")
    return unit_vectors(vectors)
