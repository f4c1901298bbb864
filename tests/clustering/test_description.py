from __future__ import annotations

import math

import numpy as np

from sentcse.clustering.description import distinguishing_words, typical_rows


def test_words_by_their_weight_in_closed_form() -> None:
    sentences = ["The sea, the sea!", "the moon", "THE moon moon"]
    found = distinguishing_words(sentences, np.array([0, 1, 1]), count=5)
    # words: cluster 0 has the, sea, the, sea; cluster 1 the, moon, the, moon, moon; 4.5 a cluster
    sea, the = (2 / 4) ** 0.5 * math.log(1 + 4.5 / 2), (2 / 4) ** 0.5 * math.log(1 + 4.5 / 4)
    assert sea > the
    assert found == {0: ["sea", "the"], 1: ["moon", "the"]}
    assert distinguishing_words(sentences, np.array([0, 1, 1]), count=1) == {0: ["sea"], 1: ["moon"]}


def test_words_of_any_script_without_figures_and_single_letters() -> None:
    found = distinguishing_words(["Ein Haus 2024 x", "дом и сад", "!!"], np.array([0, 1, 2]), count=5)
    assert found == {0: ["ein", "haus"], 1: ["дом", "сад"], 2: []}


def test_typical_sentences_are_nearest_the_mean() -> None:
    angles = np.radians([0.0, 10.0, 30.0, 90.0])
    unit = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    # the mean of the first three points at 13.2 degrees
    assert typical_rows(unit, np.array([0, 0, 0, 1]), count=2) == {0: [1, 0], 1: [3]}
