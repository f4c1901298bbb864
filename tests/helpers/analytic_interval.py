"""An interval of Spearman's correlation without resampling, to check the bootstrap with."""

from __future__ import annotations

import math

from scipy.stats import norm


def fisher_interval(spearman: float, pairs: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Interval of Spearman x 100 by Fisher's z, variance (1 + r^2 / 2) / (n - 3) (Bonett & Wright 2000)."""
    r = spearman / 100
    half = float(norm.ppf((1 + confidence) / 2)) * math.sqrt((1 + r * r / 2) / (pairs - 3))
    return 100 * math.tanh(math.atanh(r) - half), 100 * math.tanh(math.atanh(r) + half)
