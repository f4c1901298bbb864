from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from torch import nn

from sentcse.evaluation.tasks.pairs import Pairs
from sentcse.evaluation.tasks.sts import StsTask


class FakeEncoder:
    """Looks sentences up; a token is a word, and two more frame the sentence."""

    def __init__(self, vectors: Callable[[str], Sequence[float]], positions: int = 512) -> None:
        self.backbone = nn.Module()
        self.backbone.config = SimpleNamespace(max_position_embeddings=positions, model_type="fake")
        self.tokenizer = SimpleNamespace(model_max_length=10**30)
        self.pooler = "avg"
        self.recorded_pooler = None
        self.vectors = vectors
        self.calls: list[dict[str, object]] = []
        self.devices: list[str] = []

    def to(self, device):
        self.devices.append(str(device))
        return self

    def encode(self, sentences, *, batch_size=128, precision="float32", max_length=None, progress=False):
        call = {"batch_size": batch_size, "precision": precision, "max_length": max_length}
        self.calls.append({"sentences": list(sentences)} | call)
        return np.array([self.vectors(sentence) for sentence in sentences], dtype=np.float32)

    def tokenize(self, sentences, *, max_length=None):
        return [[0] * min(len(sentence.split()) + 2, max_length) for sentence in sentences]


@pytest.fixture
def make_encoder() -> Callable[..., FakeEncoder]:
    def make(vectors: Mapping[str, Sequence[float]] | Callable[[str], Sequence[float]], **options) -> FakeEncoder:
        return FakeEncoder(vectors if callable(vectors) else vectors.__getitem__, **options)

    return make


@pytest.fixture
def make_task() -> Callable[..., StsTask]:
    """A task of sources, each a list of (sentence 1, sentence 2, gold)."""

    def make(name: str, *sources: list[tuple[str, str, float]], split: str = "test") -> StsTask:
        pairs = tuple(
            Pairs(
                f"source{i}",
                *(tuple(column) for column in list(zip(*rows, strict=True))[:2]),
                np.array([r[2] for r in rows]),
            )
            for i, rows in enumerate(sources)
        )
        return StsTask(name=name, split=split, sources=pairs, label=name.upper())

    return make


@pytest.fixture(scope="session")
def local() -> ModuleType:
    """The module of tasks for mteb, whose import takes seconds."""
    return import_module("local_mteb")


@pytest.fixture(scope="session")
def real_data() -> Path:
    root = os.environ.get("SENTCSE_DATA")
    if root is None:
        pytest.skip("SENTCSE_DATA is not set: the evaluation files are needed")
    if not (Path(root) / "senteval").is_dir():
        pytest.skip(f"{root}/senteval does not exist: the evaluation files are needed")
    return Path(root)
