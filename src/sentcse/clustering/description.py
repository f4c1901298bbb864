"""What a cluster is about: words that distinguish it, and sentences that are typical of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from sentcse.clustering.partition import Assigned, Unit

WORD = re.compile(r"[^\W\d_]{2,}")


def distinguishing_words(sentences: Sequence[str], assigned: Assigned, *, count: int) -> dict[int, list[str]]:
    """Words of each cluster by class TF-IDF, the most telling first.

    The weight of a word in a cluster is sqrt(share of the cluster's words) x log(1 + A / f): f is how often it is in
    all clusters, A the mean number of words of a cluster (Grootendorst 2022, equation 2, with the root of BERTopic's
    `reduce_frequent_words`). A word is a run of at least two letters of any script, in small letters.
    """
    counts: dict[int, Counter[str]] = {int(name): Counter() for name in np.unique(assigned)}
    for sentence, name in zip(sentences, assigned.tolist(), strict=True):
        counts[name].update(WORD.findall(sentence.lower()))
    everywhere = sum(counts.values(), Counter[str]())
    mean = everywhere.total() / max(len(counts), 1)
    found = {}
    for name, words in counts.items():
        total = words.total()
        weights = {word: (n / total) ** 0.5 * np.log1p(mean / everywhere[word]) for word, n in words.items()}
        found[name] = sorted(weights, key=lambda word: (-weights[word], word))[:count]
    return found


def typical_rows(unit: Unit, assigned: Assigned, *, count: int) -> dict[int, list[int]]:
    """Rows of each cluster that are nearest its mean direction, the nearest first."""
    found = {}
    for name in np.unique(assigned):
        rows = np.flatnonzero(assigned == name)
        nearness = unit[rows] @ unit[rows].mean(axis=0)
        found[int(name)] = rows[np.argsort(-nearness, kind="stable")[:count]].tolist()
    return found
