"""How the classifiers of the transfer tasks are trained in each mode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

L2_GRID = (1e-5, 1e-4, 1e-3, 1e-2)
"""Weight decays among which the dev accuracy chooses (SentEval, tools/validation.py, with PyTorch classifiers)."""
MAX_EPOCH = 200
HELD_OUT = 0.05
"""Share of the training rows that stops the training where the dev rows were used up to choose the weight decay."""
SEED = 1111
"""SentEval's, for folds, first weights and the order of rows."""


@dataclass(frozen=True)
class ClassifierSettings:
    """Settings of one mode.

    Attributes:
        folds: of the cross-validation, inner and outer.
        optimizer: with PyTorch's default learning rate, 0.001 for adam and 0.01 for rmsprop.
        batch_size: rows of a step.
        tenacity: a classifier stops at its (tenacity + 1)-th round without a better dev accuracy, however far apart
            those rounds lie.
        epoch_size: epochs of a round.
        max_epoch: no round begins after more epochs than this.
    """

    folds: int
    optimizer: Literal["adam", "rmsprop"]
    batch_size: int
    tenacity: int
    epoch_size: int
    max_epoch: int = MAX_EPOCH


_FAST = ClassifierSettings(folds=5, optimizer="rmsprop", batch_size=128, tenacity=3, epoch_size=2)
CLASSIFIERS = {
    "test": ClassifierSettings(folds=10, optimizer="adam", batch_size=64, tenacity=5, epoch_size=4),
    "dev": _FAST,
    "fasttest": _FAST,
}
"""By mode, as in SimCSE's evaluation.py."""
