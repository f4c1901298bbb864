"""Unsupervised sentence embeddings: SimCSE, DiffCSE and miCSE on one footing."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sentcse.encoder import SentenceEncoder
    from sentcse.methods import DiffCSE, MiCSE, SimCSE

__version__ = version("sentcse")

_HOMES = {
    "SentenceEncoder": "sentcse.encoder",
    "SimCSE": "sentcse.methods",
    "DiffCSE": "sentcse.methods",
    "MiCSE": "sentcse.methods",
}

__all__ = ["DiffCSE", "MiCSE", "SentenceEncoder", "SimCSE", "__version__"]


def __getattr__(name: str) -> Any:
    # torch takes seconds to import and `--help` should not wait for it
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'sentcse' has no attribute {name!r}")
