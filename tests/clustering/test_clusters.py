from __future__ import annotations

import numpy as np
import pytest
from clusters_of import directions

from sentcse.clustering.clusters import Cluster, ClusterSettings, as_rows, find_clusters
from sentcse.clustering.partition import NOISE
from sentcse.errors import DataError

WORDS = ("sea", "moon", "bread")


def test_everything_that_is_told_of_clusters() -> None:
    unit, truth = directions([12, 8, 4])
    sentences = [f"the {WORDS[number]} {row}" for row, number in enumerate(truth)]
    labels = [WORDS[number] for number in truth]
    found = find_clusters(unit, sentences, ClusterSettings(number=3, typical=2, projection="pca"), labels=labels)
    assert found.assigned.tolist() == truth.tolist()
    assert [(cluster.number, cluster.size, cluster.words[0]) for cluster in found.clusters] == [
        (0, 12, "sea"),
        (1, 8, "moon"),
        (2, 4, "bread"),
    ]
    assert found.clusters[0].name == "1: sea, the"
    assert [len(cluster.typical) for cluster in found.clusters] == [2, 2, 2]
    assert found.scores == pytest.approx({"purity": 1, "nmi": 1, "ari": 1})
    assert found.tried == []
    rows = as_rows(found, sentences, labels)
    assert [row["cluster"] for row in rows] == truth.tolist()
    assert rows[0] == {
        "cluster": 0,
        "label": "sea",
        "x": pytest.approx(float(found.places[0, 0]), abs=1e-4),
        "y": pytest.approx(float(found.places[0, 1]), abs=1e-4),
        "sentence": "the sea 0",
    }


def test_a_number_that_is_not_given_is_searched() -> None:
    unit, truth = directions([10, 10, 10])
    found = find_clusters(unit, ["a word"] * 30, ClusterSettings(most=6, projection="pca"))
    assert len(found.clusters) == 3
    assert [choice.number for choice in found.tried] == [2, 3, 4, 6]
    assert found.scores == {}
    assert len(set(found.assigned[truth == 0].tolist())) == 1


def test_noise_comes_last_under_a_name_of_its_own() -> None:
    unit, _ = directions([20, 12])
    strange = np.eye(8, dtype=np.float32)[5:7]
    unit = np.concatenate([unit, strange])
    found = find_clusters(unit, ["a word"] * 34, ClusterSettings(method="hdbscan", min_size=5, projection="pca"))
    assert [cluster.number for cluster in found.clusters] == [0, 1, NOISE]
    assert found.clusters[-1].name == "no cluster"
    assert Cluster(0, 1, ["a", "b", "c", "d"], [0]).name == "1: a, b, c"


@pytest.mark.parametrize(("settings", "fewest"), [(ClusterSettings(), 4), (ClusterSettings(number=7), 7)])
def test_too_few_sentences(settings: ClusterSettings, fewest: int) -> None:
    unit, _ = directions([2, 1])
    with pytest.raises(DataError, match=f"3 sentences are too few for clusters: at least {fewest} were expected"):
        find_clusters(unit, ["a", "b", "c"], settings)


@pytest.mark.filterwarnings("error")
def test_equal_sentences_are_said_once_and_by_us(caplog: pytest.LogCaptureFixture) -> None:
    unit = np.repeat(np.eye(8, dtype=np.float32)[:2], 20, axis=0)
    found = find_clusters(unit, ["a dog"] * 20 + ["a man"] * 20, ClusterSettings(number=5, projection="pca"))
    assert [cluster.size for cluster in found.clusters] == [20, 20]
    assert caplog.messages == ["Clusters: 2, and not 5, as no more sentences differ."]
