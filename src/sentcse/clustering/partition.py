"""Which sentences belong together: k-means with a number that is given or searched, or HDBSCAN."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

Unit = Float[np.ndarray, "sentences width"]
Assigned = Int[np.ndarray, " sentences"]

NOISE = -1
"""What HDBSCAN leaves outside of every cluster."""
LARGE = 20_000
"""Sentences from which k-means goes by batches of 4,096."""
SEARCHED_ON = 3_000
"""Sentences on which the number of clusters is searched: a silhouette takes every pair."""


class Choice(NamedTuple):
    """A number of clusters that was tried, and its silhouette: -1 to 1, higher is better."""

    number: int
    silhouette: float


def by_kmeans(unit: Unit, number: int, *, seed: int) -> Assigned:
    """Cluster of each of the unit vectors, from 0, the largest first.

    Squared distances of unit vectors are 2 - 2 x cosine, so that it is the cosine which decides.
    """
    from sklearn.cluster import KMeans, MiniBatchKMeans
    from sklearn.exceptions import ConvergenceWarning

    kind = KMeans if len(unit) < LARGE else MiniBatchKMeans
    options = {"batch_size": 4096} if kind is MiniBatchKMeans else {}
    with warnings.catch_warnings():
        # fewer different vectors than clusters, which `find_clusters` says once
        warnings.simplefilter("ignore", ConvergenceWarning)
        return largest_first(kind(number, n_init=3, random_state=seed, **options).fit_predict(unit))


def by_density(unit: Unit, *, min_size: int) -> Assigned:
    """HDBSCAN (Campello et al. 2013): cluster of each of the unit vectors, the largest first; -1 for noise."""
    from sklearn.cluster import HDBSCAN

    return largest_first(HDBSCAN(min_cluster_size=min_size, copy=True).fit_predict(unit))


def search_number(unit: Unit, *, most: int, seed: int) -> list[Choice]:
    """Silhouettes of 2, 3, 4, 6, 8, 11, ... clusters, up to `most`, on a part of the sentences; cosine distance."""
    from sklearn.metrics import silhouette_score

    part = np.random.default_rng(seed).permutation(len(unit))[:SEARCHED_ON]
    tried, number = [], 2
    while number <= min(most, len(part) - 1):
        assigned = by_kmeans(unit[part], number, seed=seed)
        if len(np.unique(assigned)) > 1:
            tried.append(Choice(number, float(silhouette_score(unit[part], assigned, metric="cosine"))))
        number = max(number + 1, round(number * 1.4))
    return tried


def largest_first(assigned: Assigned) -> Assigned:
    """The same clusters, numbered by size; equal ones by the first of their sentences. Noise stays -1."""
    names, first, sizes = np.unique(assigned, return_index=True, return_counts=True)
    order = [place for place in np.lexsort((first, -sizes)) if names[place] != NOISE]
    renamed = {int(names[place]): number for number, place in enumerate(order)}
    return np.array([renamed.get(int(name), NOISE) for name in assigned], dtype=np.int64)
