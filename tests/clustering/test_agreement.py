from __future__ import annotations

import math

import numpy as np
import pytest

from sentcse.clustering.agreement import agreement


def test_equal_partitions_agree_whatever_their_names() -> None:
    found = agreement(np.array([2, 2, 0, 0, 1]), ["a", "a", "b", "b", "c"])
    assert found == pytest.approx({"purity": 1, "nmi": 1, "ari": 1})


def test_scores_in_closed_form() -> None:
    # cluster 0: a a b; cluster 1: b
    found = agreement(np.array([0, 0, 0, 1]), ["a", "a", "b", "b"])
    assert found["purity"] == 3 / 4
    labels, clusters = math.log(2), -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    mutual = 0.5 * math.log(0.5 / 0.375) + 0.25 * math.log(0.25 / 0.375) + 0.25 * math.log(0.25 / 0.125)
    assert found["nmi"] == pytest.approx(2 * mutual / (labels + clusters))
    # pairs together in both: 1; by chance 3 * 2 / 6 = 1
    assert found["ari"] == pytest.approx(0)


def test_one_cluster_for_each_sentence_is_pure_and_no_better_than_chance() -> None:
    found = agreement(np.arange(6), list("aabbcc"))
    assert found["purity"] == 1
    assert found["ari"] == 0
