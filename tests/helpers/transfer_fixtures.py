from __future__ import annotations

import numpy as np
import pytest

from sentcse.evaluation.scores.embeddings import EmbeddingTable
from sentcse.evaluation.tasks.transfer import TransferTask
from sentcse.evaluation.tasks.transfer_files import Examples


def examples(prefix: str, labels: np.ndarray, columns: int = 1) -> Examples:
    return Examples(
        tuple(tuple(f"{prefix} {column} {row}" for row in range(len(labels))) for column in range(columns)), labels
    )


@pytest.fixture
def make_transfer():
    """A task of a division, and a table of vectors that tell its classes apart as well as `signal` says."""

    def make(division: str, *, rows: int = 240, classes: int = 2, columns: int = 1, signal: float = 1.0, seed: int = 0):
        generator = np.random.default_rng(seed)
        names = {"nested": ("all",), "folds": ("train", "test"), "split": ("train", "dev", "test")}[division]
        parts = {name: examples(name, generator.permutation(np.arange(rows) % classes), columns) for name in names}
        task = TransferTask("toy", "TOY", classes, division, parts)
        directions = generator.normal(size=(classes, 8))
        sentences, vectors = [], []
        for part in parts.values():
            for column in part.columns:
                sentences += column
                vectors.append(signal * directions[part.labels] + generator.normal(size=(rows, 8)))
        return task, EmbeddingTable(sentences, np.concatenate(vectors).astype(np.float32), frozenset())

    return make
