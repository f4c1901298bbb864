"""Mined negatives against a loop over all cosines, on small made vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sentcse.mine import negatives as module
from sentcse.mine.negatives import Pairs, Rules, marked_pairs, mine_negatives, searched_pairs
from sentcse.mine.texts import Texts, made_of
from sentcse.retrieval.exact import Vectors

TEXTS, ROWS = 60, 40


def unit(seed: int, rows: int = TEXTS, width: int = 6) -> Vectors:
    drawn = np.random.default_rng(seed).standard_normal((rows, width))
    vectors: Vectors = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    return vectors


def drawn_pairs(seed: int) -> Texts:
    """Some anchors have several positives, some texts are both; twenty texts are in the corpus alone."""
    random = np.random.default_rng(seed)
    rows = [tuple(random.choice(TEXTS - 20, 2, replace=False).tolist()) for _ in range(ROWS)]
    return made_of(dict.fromkeys((f"t{a}", f"t{b}") for a, b in rows), [f"t{n}" for n in range(TEXTS - 20, TEXTS)])


def naive(pairs: Pairs, texts: Texts, vectors: Vectors, rules: Rules) -> list[list[int]]:
    """The candidates of each pair that the rules let through, by the definition."""
    cosines = vectors.astype(np.float64) @ vectors.astype(np.float64).T
    marked = set(zip(pairs.anchors.tolist(), pairs.positives.tolist(), strict=True))
    found = []
    for anchor, positive in zip(pairs.anchors.tolist(), pairs.positives.tolist(), strict=True):
        free = [c for c in texts.candidates.tolist() if c != anchor and not {(anchor, c), (c, anchor)} & marked]
        ranked = sorted(free, key=lambda c, a=anchor: -cosines[a, c])[rules.skip : rules.skip + rules.look_at]
        own = cosines[anchor, positive]
        limits = [rules.max_similarity]
        limits.append(None if rules.margin is None else own - rules.margin)
        limits.append(None if rules.relative_margin is None else own - abs(own) * rules.relative_margin)
        limit = min((each for each in limits if each is not None), default=2.0)
        least = -2.0 if rules.min_similarity is None else rules.min_similarity
        found.append([c for c in ranked if least <= cosines[anchor, c] <= limit])
    return found


RULES: list[dict[str, Any]] = [
    {},
    {"relative_margin": None},
    {"relative_margin": None, "margin": 0.2, "negatives": 3},
    {"relative_margin": 0.3, "margin": 0.1, "max_similarity": 0.5, "min_similarity": -0.2, "negatives": 2},
    {"relative_margin": None, "skip": 3, "look_at": 2, "negatives": 9},
]


@pytest.mark.parametrize("block", [4096, 3])
@pytest.mark.parametrize("changes", RULES)
def test_naive_loop(changes: dict[str, Any], block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ANCHORS_AT_ONCE", block)
    for seed in range(3):
        texts, vectors, rules = drawn_pairs(seed), unit(seed), Rules(**changes)
        vectors = vectors[: len(texts.texts)]
        pairs = marked_pairs(texts, vectors)
        found = mine_negatives(pairs, texts, vectors, rules)
        fit = naive(pairs, texts, vectors, rules)
        expected = [(pair, text) for pair, row in enumerate(fit) for text in row[: rules.negatives]]
        assert list(zip(found.pairs.tolist(), found.texts.tolist(), strict=True)) == expected
        assert len(expected) > 10
        exact = np.einsum("ij,ij->i", vectors[pairs.anchors[found.pairs]], vectors[found.texts], dtype=np.float64)
        np.testing.assert_allclose(found.cosines, exact, atol=1e-6)


def test_what_is_left_out_is_counted() -> None:
    texts, vectors = drawn_pairs(0), unit(0)
    vectors = vectors[: len(texts.texts)]
    pairs = marked_pairs(texts, vectors)
    for key, changes in (("too_near", {"max_similarity": 0.1}), ("too_far", {"min_similarity": 0.1})):
        rules = Rules(relative_margin=None, look_at=20, **changes)
        looked_at = sum(map(len, naive(pairs, texts, vectors, Rules(relative_margin=None, look_at=20))))
        let_through = sum(map(len, naive(pairs, texts, vectors, rules)))
        assert getattr(mine_negatives(pairs, texts, vectors, rules), key) == looked_at - let_through > 0


def test_random_ones_are_of_those_that_fit_and_the_same_for_a_seed() -> None:
    texts, vectors = drawn_pairs(1), unit(1)
    vectors = vectors[: len(texts.texts)]
    pairs = marked_pairs(texts, vectors)
    fit = naive(pairs, texts, vectors, Rules())
    first, again, other = (
        mine_negatives(pairs, texts, vectors, Rules(negatives=2, pick="random", seed=seed)) for seed in (1, 1, 2)
    )
    assert first.texts.tolist() == again.texts.tolist() != other.texts.tolist()
    for pair, row in enumerate(fit):
        taken = first.texts[first.pairs == pair].tolist()
        assert len(set(taken)) == len(taken) == min(2, len(row))
        assert set(taken) <= set(row)


def test_where_nothing_fits_there_is_nothing() -> None:
    texts, vectors = made_of([("a", "b")]), unit(0, 2)
    found = mine_negatives(marked_pairs(texts, vectors), texts, vectors, Rules())
    assert (len(found.pairs), len(found.texts), found.too_near, found.too_far) == (0, 0, 0, 0)


def test_a_searched_positive_is_the_nearest_other_text_that_is_not_nearly_the_same() -> None:
    angles = np.deg2rad([0, 5, 40, 100, 101, 180])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    texts = made_of([(name,) for name in "abcdef"])
    pairs = searched_pairs(texts, vectors, at_least=np.cos(np.deg2rad(45)), at_most=np.cos(np.deg2rad(2)))
    # of a: b is nearest; d and e are nearly the same; f is far from all
    assert list(zip(pairs.anchors.tolist(), pairs.positives.tolist(), strict=True)) == [(0, 1), (1, 0), (2, 1)]
    np.testing.assert_allclose(pairs.cosines, np.cos(np.deg2rad([5, 5, 35])), atol=1e-6)
    with pytest.raises(ValueError, match="texts must have positives"):
        marked_pairs(texts, vectors)


def test_searched_positives_against_a_loop() -> None:
    vectors = unit(5, 200)
    texts = made_of([(f"t{n}",) for n in range(200)])
    found = searched_pairs(texts, vectors, at_least=0.9, at_most=0.97)
    cosines = vectors.astype(np.float64) @ vectors.astype(np.float64).T
    expected = []
    for row in range(200):
        near = [n for n in np.argsort(-cosines[row]).tolist() if n != row][:10]
        near = [n for n in near if 0.9 <= cosines[row, n] <= 0.97]
        expected += [(row, near[0])] if near else []
    assert list(zip(found.anchors.tolist(), found.positives.tolist(), strict=True)) == expected
    assert 20 < len(expected) < 200
