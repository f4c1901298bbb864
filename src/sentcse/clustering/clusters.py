"""The clusters of a corpus with all that is told of them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from sentcse.clustering.agreement import agreement
from sentcse.clustering.description import distinguishing_words, typical_rows
from sentcse.clustering.partition import NOISE, Assigned, Choice, Unit, by_density, by_kmeans, search_number
from sentcse.clustering.projection import Projection, project
from sentcse.errors import DataError

logger = logging.getLogger(__name__)

FEWEST = 4
"""Sentences below which there is nothing to search a number of clusters on."""


@dataclass(frozen=True)
class ClusterSettings:
    """How clusters are found and described.

    Attributes:
        method: kmeans or hdbscan.
        number: clusters of k-means; None to search it by the silhouette.
        most: the largest number that is searched.
        min_size: sentences of the smallest cluster of HDBSCAN.
        words: distinguishing words of a cluster.
        typical: typical sentences of a cluster.
        projection: how the map is made.
        seed: of k-means, of the search and of the map.
    """

    method: Literal["kmeans", "hdbscan"] = "kmeans"
    number: int | None = None
    most: int = 50
    min_size: int = 10
    words: int = 8
    typical: int = 3
    projection: Projection = "auto"
    seed: int = 42


@dataclass(frozen=True)
class Cluster:
    """A cluster: its number (-1: noise), size, words, and rows of typical sentences."""

    number: int
    size: int
    words: list[str]
    typical: list[int]

    @property
    def name(self) -> str:
        """For people."""
        return "no cluster" if self.number == NOISE else f"{self.number + 1}: {', '.join(self.words[:3])}"


@dataclass(frozen=True)
class Clusters:
    """What was found.

    Attributes:
        clusters: the largest first, noise last.
        assigned: the cluster of each sentence.
        places: on the map, (sentences, 2).
        tried: numbers of clusters that were searched, empty where it was given.
        scores: agreement with labels, empty where there are none.
    """

    clusters: list[Cluster]
    assigned: Assigned
    places: Float[np.ndarray, "sentences 2"]
    tried: list[Choice]
    scores: dict[str, float]


def find_clusters(
    unit: Unit, sentences: Sequence[str], settings: ClusterSettings, *, labels: Sequence[str] | None = None
) -> Clusters:
    """Cluster unit vectors of sentences, describe the clusters, and compare them with labels if there are any.

    Raises:
        DataError: if there are fewer sentences than clusters, or too few to search a number.
    """
    wanted = FEWEST if settings.number is None else settings.number
    if len(unit) < wanted:
        raise DataError(f"{len(unit)} sentences are too few for clusters: at least {wanted} were expected.")
    tried: list[Choice] = []
    if settings.method == "hdbscan":
        assigned = by_density(unit, min_size=min(settings.min_size, len(unit)))
    else:
        if settings.number is None:
            tried = search_number(unit, most=settings.most, seed=settings.seed)
        number = max(tried, key=lambda choice: choice.silhouette).number if tried else wanted
        assigned = by_kmeans(unit, number, seed=settings.seed)
        made = len(np.unique(assigned))
        if made < number:
            logger.warning("Clusters: %s, and not %s, as no more sentences differ.", made, number)
    words = distinguishing_words(sentences, assigned, count=settings.words)
    typical = typical_rows(unit, assigned, count=settings.typical)
    names = sorted(words, key=lambda name: (name == NOISE, name))
    return Clusters(
        [Cluster(name, int((assigned == name).sum()), words[name], typical[name]) for name in names],
        assigned,
        project(unit, settings.projection, seed=settings.seed),
        tried,
        {} if labels is None else agreement(assigned, labels),
    )


def as_rows(found: Clusters, sentences: Sequence[str], labels: Sequence[str] | None) -> list[dict[str, Any]]:
    """A row of each sentence: its cluster, its place on the map, its label if there is one."""
    rows = []
    for row, sentence in enumerate(sentences):
        x, y = (round(float(value), 4) for value in found.places[row])
        label = {} if labels is None else {"label": labels[row]}
        rows.append({"cluster": int(found.assigned[row]), **label, "x": x, "y": y, "sentence": sentence})
    return rows
