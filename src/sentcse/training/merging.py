"""The end of a run merged back: where on the line from the start through the selected step the encoder scores best."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from sentcse.methods import Method
from sentcse.modules.interpolation import interpolate
from sentcse.records.contents import Merge
from sentcse.training.periodic_evaluation import PeriodicEvaluation, finite_or_none

PLACES = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25)
"""Alphas that are scored: 0 is the start, 1 the selected step, 1.25 beyond it."""
REFINEMENT = 0.125
"""How far on both sides of the best of them one more is scored."""


@dataclass(frozen=True)
class Merged:
    """What was found.

    Attributes:
        alpha: the best place.
        scores: the selecting score by place, in order.
    """

    alpha: float
    scores: Mapping[float, float]

    @property
    def score(self) -> float:
        """That of the best place."""
        return self.scores[self.alpha]

    def as_record(self) -> Merge:
        """What `results.json` has of it."""
        scores = {f"{alpha:g}": finite_or_none(score) for alpha, score in self.scores.items()}
        return {"alpha": self.alpha, "scores": scores}


def best_place(score: Callable[[float], float], mode: Literal["max", "min"]) -> Merged:
    """Score `PLACES`, then the two places around the best; of equal scores that nearest to 1, the selected step, wins.

    Args:
        score: the score of a place.
        mode: whether the largest or the smallest is the best.
    """
    scores = {alpha: score(alpha) for alpha in PLACES}
    around = _best(scores, mode)
    for alpha in (around - REFINEMENT, around + REFINEMENT):
        if alpha >= 0:
            scores[alpha] = score(alpha)
    return Merged(_best(scores, mode), dict(sorted(scores.items())))


def _best(scores: Mapping[float, float], mode: Literal["max", "min"]) -> float:
    sign = 1 if mode == "max" else -1
    return max(scores, key=lambda alpha: (sign * scores[alpha], -abs(alpha - 1)))


def merge_back(method: Method, start: Mapping[str, Tensor], evaluation: PeriodicEvaluation) -> Merged:
    """Leave the method's backbone at the best place between `start` and its own weights, and somewhat beyond.

    Args:
        method: with the weights of the selected step; its encoder at evaluation has no head.
        start: the backbone's state before training.
        evaluation: gives the selecting score.
    """
    backbone = method.encoder.backbone
    end = {name: tensor.detach().clone() for name, tensor in backbone.state_dict().items()}

    def score(alpha: float) -> float:
        backbone.load_state_dict(interpolate(start, end, alpha=alpha))
        return evaluation.comparable(evaluation.scores(method, initial=False))

    found = best_place(score, evaluation.mode)
    backbone.load_state_dict(interpolate(start, end, alpha=found.alpha))
    return found
