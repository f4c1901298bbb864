"""Unsupervised sentence embeddings: SimCSE, DiffCSE and miCSE on one footing."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sentcse.data.datamodule import SentenceDataModule
    from sentcse.encoder import SentenceEncoder
    from sentcse.methods import DiffCSE, MiCSE, SimCSE
    from sentcse.methods.optimization import AdamWSettings
    from sentcse.modules.lora import LoRA
    from sentcse.training.dev_evaluation import EvaluationCallback

__version__ = version("sentcse")

_HOMES = {
    "SentenceEncoder": "sentcse.encoder",
    "SimCSE": "sentcse.methods",
    "DiffCSE": "sentcse.methods",
    "MiCSE": "sentcse.methods",
    "AdamWSettings": "sentcse.methods.optimization",
    "LoRA": "sentcse.modules.lora",
    "EvaluationCallback": "sentcse.training.dev_evaluation",
    "SentenceDataModule": "sentcse.data.datamodule",
}

__all__ = [
    "AdamWSettings",
    "DiffCSE",
    "EvaluationCallback",
    "LoRA",
    "MiCSE",
    "SentenceDataModule",
    "SentenceEncoder",
    "SimCSE",
    "__version__",
]


def __getattr__(name: str) -> Any:
    # torch takes seconds to import and `--help` should not wait for it
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'sentcse' has no attribute {name!r}")
