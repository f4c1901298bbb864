"""Clusters of directions that lie apart, their order, and the search of their number."""

from __future__ import annotations

import numpy as np
import pytest
from clusters_of import directions

from sentcse.clustering import partition
from sentcse.clustering.partition import NOISE, by_density, by_kmeans, largest_first, search_number


def test_numbers_go_by_size_and_noise_stays() -> None:
    given = np.array([7, 3, 3, -1, 3, 7, 5, 9])
    assert largest_first(given).tolist() == [1, 0, 0, NOISE, 0, 1, 2, 3]


@pytest.mark.parametrize("large", [20_000, 10])
def test_kmeans_finds_directions_that_lie_apart(large: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partition, "LARGE", large)  # both kinds of k-means
    unit, truth = directions([30, 20, 10])
    assert by_kmeans(unit, 3, seed=0).tolist() == truth.tolist()
    assert by_kmeans(unit, 3, seed=0).tolist() == by_kmeans(unit, 3, seed=0).tolist()


def test_density_leaves_what_is_alone_outside() -> None:
    unit, truth = directions([30, 20])
    alone = -np.eye(8, dtype=np.float32)[4:5]
    found = by_density(np.concatenate([unit, alone]), min_size=5)
    assert found[:-1].tolist() == truth.tolist()
    assert found[-1] == NOISE


def test_the_number_is_searched_where_the_silhouette_is_highest() -> None:
    unit, _ = directions([20, 20, 20, 20])
    tried = search_number(unit, most=12, seed=0)
    assert [choice.number for choice in tried] == [2, 3, 4, 6, 8, 11]
    assert max(tried, key=lambda choice: choice.silhouette).number == 4
    assert all(-1 <= choice.silhouette <= 1 for choice in tried)


def test_the_search_stops_before_every_sentence_is_a_cluster() -> None:
    unit, _ = directions([2, 2])
    assert [choice.number for choice in search_number(unit, most=50, seed=0)] == [2, 3]
