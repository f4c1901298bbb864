"""Hard negatives: near the anchor, not so near that they may be positives nobody has marked."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sentcse.mine.texts import Numbers, Texts
from sentcse.retrieval.exact import Vectors, nearest, pair_cosines

NEIGHBOURS = 10
"""Nearest texts among which a positive is searched."""
_ANCHORS_AT_ONCE = 4096


@dataclass(frozen=True)
class Rules:
    """Which texts become negatives of a pair.

    The candidates of an anchor are ranked by their cosine with it, without itself and the texts that it is paired with.

    Attributes:
        negatives: of each pair, at most.
        skip: candidates at the head of the ranking that are passed over.
        look_at: candidates behind them that are looked at.
        margin: a negative's cosine is at most the positive's less this; None: no such limit.
        relative_margin: at most the positive's less this share of it (0.05 in Moreira et al. 2024, "NV-Retriever",
            who call it TopK-PercPos); None: no such limit.
        max_similarity: at most this, whatever the positive's is.
        min_similarity: at least this.
        pick: the nearest of those that are left, or some by chance.
        seed: of the chance.
    """

    negatives: int = 1
    skip: int = 0
    look_at: int = 50
    margin: float | None = None
    relative_margin: float | None = 0.05
    max_similarity: float | None = None
    min_similarity: float | None = None
    pick: Literal["top", "random"] = "top"
    seed: int = 42

    def limits(self, positives: NDArray[np.float64]) -> NDArray[np.float64]:
        """The largest cosine of a negative, by the cosine of its pair."""
        limits = np.full_like(positives, np.inf)
        if self.margin is not None:
            limits = np.minimum(limits, positives - self.margin)
        if self.relative_margin is not None:
            limits = np.minimum(limits, positives - self.relative_margin * np.abs(positives))
        return limits if self.max_similarity is None else np.minimum(limits, self.max_similarity)


class Pairs(NamedTuple):
    """Anchors, positives and their cosines, three arrays of (pairs,)."""

    anchors: Numbers
    positives: Numbers
    cosines: NDArray[np.float64]


class Mined(NamedTuple):
    """Hard negatives.

    Attributes:
        pairs: number of the pair of each negative, (negatives,), ascending.
        texts: the negatives, (negatives,).
        cosines: with their anchors, (negatives,).
        too_near: candidates that were looked at and are above the limit, over all pairs.
        too_far: below `min_similarity`.
    """

    pairs: Numbers
    texts: Numbers
    cosines: NDArray[np.float64]
    too_near: int
    too_far: int


def marked_pairs(texts: Texts, vectors: Vectors) -> Pairs:
    """The pairs that were given; raises ValueError where they are to be searched."""
    if texts.positives is None:
        raise ValueError("texts must have positives")
    return Pairs(texts.anchors, texts.positives, pair_cosines(vectors, vectors, texts.anchors, texts.positives))


def searched_pairs(texts: Texts, vectors: Vectors, *, at_least: float, at_most: float) -> Pairs:
    """Each anchor with the nearest other text whose cosine lies between the two, if its ten nearest have one.

    Args:
        texts: anchors, and candidates that may be their positives.
        vectors: unit vectors of all texts, (texts, width).
        at_least: the smallest cosine of a positive.
        at_most: the largest: nearer ones are nearly the same text, from which nothing is learned.
    """
    found = nearest(vectors[texts.anchors], vectors[texts.candidates], top_k=NEIGHBOURS + 1)
    neighbours = texts.candidates[found.rows]
    fit = (neighbours != texts.anchors[:, None]) & (found.cosines >= at_least) & (found.cosines <= at_most)
    has, first = fit.any(axis=1), fit.argmax(axis=1)
    rows = np.flatnonzero(has)
    return Pairs(texts.anchors[rows], neighbours[rows, first[rows]], found.cosines[rows, first[rows]])


def mine_negatives(pairs: Pairs, texts: Texts, vectors: Vectors, rules: Rules) -> Mined:
    """Hard negatives of each pair, the nearest first unless they are drawn.

    Args:
        pairs: anchors and positives.
        texts: candidates.
        vectors: unit vectors of all texts, (texts, width).
        rules: which ones are taken.
    """
    of_anchor: defaultdict[int, list[int]] = defaultdict(list)
    own: defaultdict[int, set[int]] = defaultdict(set)
    for pair, (anchor, positive) in enumerate(zip(pairs.anchors.tolist(), pairs.positives.tolist(), strict=True)):
        of_anchor[anchor].append(pair)
        own[anchor] |= {anchor, positive}
        own[positive].add(anchor)
    limits, drawn = rules.limits(pairs.cosines).tolist(), np.random.default_rng(rules.seed)
    anchors = np.array(list(of_anchor), dtype=np.int64)
    candidates = vectors[texts.candidates]
    taken: list[tuple[int, int, float]] = []
    too_near = too_far = 0
    for start in range(0, len(anchors), _ANCHORS_AT_ONCE):
        block = anchors[start : start + _ANCHORS_AT_ONCE]
        left_out = max(len(own[anchor]) for anchor in block.tolist())
        found = nearest(vectors[block], candidates, top_k=rules.skip + rules.look_at + left_out)
        for anchor, rows, cosines in zip(block.tolist(), found.rows, found.cosines.tolist(), strict=True):
            ranked = [
                (text, cosine)
                for text, cosine in zip(texts.candidates[rows].tolist(), cosines, strict=True)
                if text not in own[anchor]
            ][rules.skip : rules.skip + rules.look_at]
            for pair in of_anchor[anchor]:
                near = [each for each in ranked if each[1] <= limits[pair]]
                fit = (
                    near if rules.min_similarity is None else [each for each in near if each[1] >= rules.min_similarity]
                )
                too_near, too_far = too_near + len(ranked) - len(near), too_far + len(near) - len(fit)
                taken += [(pair, *each) for each in _picked(fit, rules, drawn)]
    taken.sort(key=lambda each: each[0])
    number, text, cosine = zip(*taken, strict=True) if taken else ((), (), ())
    return Mined(np.array(number, dtype=np.int64), np.array(text, dtype=np.int64), np.array(cosine), too_near, too_far)


def _picked(fit: list[tuple[int, float]], rules: Rules, drawn: np.random.Generator) -> list[tuple[int, float]]:
    if rules.pick == "top" or len(fit) <= rules.negatives:
        return fit[: rules.negatives]
    return [fit[place] for place in sorted(drawn.choice(len(fit), rules.negatives, replace=False).tolist())]
