"""A tiny encoder, and unit vectors of which many are equal."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tiny import tiny_checkpoint

from sentcse.encoder import SentenceEncoder
from sentcse.retrieval.exact import Vectors


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> SentenceEncoder:
    folder: Path = tiny_checkpoint(tmp_path_factory.mktemp("encoder"))
    return SentenceEncoder.from_pretrained(folder, pooler="avg")


@pytest.fixture(scope="session")
def other_encoder(tmp_path_factory: pytest.TempPathFactory) -> SentenceEncoder:
    folder: Path = tiny_checkpoint(tmp_path_factory.mktemp("other"), seed=1)
    return SentenceEncoder.from_pretrained(folder, pooler="avg")


@pytest.fixture(scope="session")
def vectors() -> Vectors:
    """300 unit vectors of width 24; rows 100 to 159 are equal, so that ties straddle every block and every k."""
    drawn = np.random.default_rng(0).standard_normal((300, 24))
    drawn[100:160] = drawn[7]
    unit: Vectors = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    return unit
