from __future__ import annotations

import sys

import numpy as np
import pytest
from clusters_of import directions

from sentcse.clustering.projection import project
from sentcse.errors import SentcseError


def test_principal_components_keep_distances_of_a_plane() -> None:
    angles = np.linspace(0, 3, 7)
    plane = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    unit = plane @ np.linalg.qr(np.random.default_rng(0).normal(size=(5, 5)))[0][:2]
    placed = project(unit, "pca", seed=0)
    apart = np.linalg.norm(placed[:, None] - placed[None], axis=-1)
    np.testing.assert_allclose(apart, np.linalg.norm(plane[:, None] - plane[None], axis=-1), atol=1e-6)


def test_two_sentences_and_one_value_have_a_place() -> None:
    assert project(np.ones((2, 1), dtype=np.float32), "pca", seed=0).shape == (2, 2)


def test_without_umap_the_map_shows_components_or_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "umap", None)
    unit, _ = directions([10, 10])
    with caplog.at_level("INFO"):
        np.testing.assert_array_equal(project(unit, "auto", seed=0), project(unit, "pca", seed=0))
    assert "pip install 'sentcse[map]'" in caplog.text
    with pytest.raises(SentcseError, match=r"pip install 'sentcse\[map\]'"):
        project(unit, "umap", seed=0)


@pytest.mark.slow
def test_umap_keeps_clusters_apart_and_is_the_same_for_a_seed() -> None:
    pytest.importorskip("umap")
    unit, truth = directions([30, 30])
    placed = project(unit, "auto", seed=1)
    np.testing.assert_array_equal(placed, project(unit, "umap", seed=1))
    first, second = placed[truth == 0], placed[truth == 1]
    within = max(np.linalg.norm(part - part.mean(axis=0), axis=1).mean() for part in (first, second))
    assert np.linalg.norm(first.mean(axis=0) - second.mean(axis=0)) > 3 * within
