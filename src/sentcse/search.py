"""The sentences of a corpus that are most similar to a query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sentcse.encoder import SentenceEncoder


@dataclass(frozen=True)
class Hit:
    """A sentence of the corpus and its cosine with the query."""

    sentence: str
    cosine: float


def most_similar(
    encoder: SentenceEncoder, queries: Sequence[str], corpus: Sequence[str], *, top_k: int = 3
) -> list[list[Hit]]:
    """The `top_k` sentences of the corpus with the largest cosine, for each query, best first.

    Raises:
        ValueError: if queries or corpus are one string.
    """
    for name, given in (("queries", queries), ("corpus", corpus)):
        if isinstance(given, str):
            raise ValueError(f"{name} must be a list of strings, got one string: write [sentence]")
    vectors = _unit(encoder.encode([*queries, *corpus]))
    cosines = vectors[: len(queries)] @ vectors[len(queries) :].T
    order = np.argsort(-cosines, axis=1, kind="stable")[:, :top_k]
    return [[Hit(corpus[i], float(row[i])) for i in best] for row, best in zip(cosines, order, strict=True)]


def _unit(vectors: np.ndarray) -> np.ndarray:
    unit: np.ndarray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True).clip(min=1e-12)
    return unit
