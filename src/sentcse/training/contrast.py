"""InfoNCE that says nothing, named with its likely cause: near 0, or at the logarithm of the number of candidates."""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Sequence
from statistics import fmean
from typing import Any, NamedTuple

from pytorch_lightning import Callback, LightningModule, Trainer

logger = logging.getLogger(__name__)

ROWS = 10
"""Logged steps in a row that must agree."""
AT_LEAST = 3
"""In a run that is over sooner."""
NEAR_ZERO = 1e-3
AT_CHANCE = 0.95
"""Share of the logarithm of the number of candidates, which is InfoNCE where all cosines are equal."""
ALIKE = 0.95
"""Mean cosine of different sentences above which vectors are one direction; of two views, nearly the same text."""
FEW = 16
LOW_TEMPERATURE = 0.02
APART = 0.2
"""Difference of the two mean cosines from which on the temperature alone can hide it."""


class Row(NamedTuple):
    """A logged step: InfoNCE, mean cosines of positives and of others, and from how many each positive is told."""

    info_nce: float
    positive: float
    negative: float
    candidates: int


class ContrastDoctor(Callback):
    """Looks at InfoNCE where Lightning logs, and says once a process if it has been near 0 or at chance all along."""

    def __init__(self) -> None:
        self._rows: deque[Row] = deque(maxlen=ROWS)
        self._said = False

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Look at a logged step."""
        if self._said or trainer.global_step % trainer.log_every_n_steps != 0:  # type: ignore[attr-defined]
            return
        logged = trainer.callback_metrics
        names = ("train/info_nce", "train/positive_cosine", "train/negative_cosine")
        if all(name in logged for name in names):
            sentences, views, _ = batch["input_ids"].shape
            # every sentence's second view, and the hard negatives where there are any
            candidates = sentences * (views - 1) * (trainer.world_size if getattr(pl_module, "gather", False) else 1)
            # data.duplicates=mask takes away those that share a text with the sentence
            candidates -= round(float(logged.get("train/masked_negatives", 0.0)) / sentences)
            info_nce, positive, negative = (float(logged[name]) for name in names)
            self._rows.append(Row(info_nce, positive, negative, candidates))
        if len(self._rows) == ROWS:
            self._say(pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Look at what there is of a short run."""
        if not self._said and len(self._rows) >= AT_LEAST:
            self._say(pl_module)

    def _say(self, pl_module: LightningModule) -> None:
        sentence = diagnosis(self._rows, temperature=getattr(pl_module, "temperature", None))
        if sentence is not None:
            logger.warning("note: %s", sentence)
            self._said = True


def diagnosis(rows: Sequence[Row], *, temperature: float | None) -> str | None:
    """What InfoNCE of these steps means, one sentence; None where it is between 0 and chance in one of them.

    Args:
        rows: steps one after the other.
        temperature: that divides the cosines; None where it is not known.
    """
    loss, positive, negative = (fmean(values) for values in list(zip(*rows, strict=True))[:3])
    candidates = max(row.candidates for row in rows)
    if all(row.info_nce < NEAR_ZERO for row in rows):
        return (
            f"InfoNCE is near 0 ({loss:.1g}, the mean of {len(rows)} logged steps), so that steps change little: "
            f"{_why_near_zero(candidates, positive, temperature)}."
        )
    if all(row.candidates > 1 and row.info_nce >= AT_CHANCE * math.log(row.candidates) for row in rows):
        return (
            f"InfoNCE is {loss:.2f} over {len(rows)} logged steps, where chance is ln({candidates}) = "
            f"{math.log(candidates):.2f}: {_why_at_chance(positive, negative, temperature)}."
        )
    return None


def _why_near_zero(candidates: int, positive: float, temperature: float | None) -> str:
    if candidates < 2:
        return "no negative is left beside any positive; look whether the sentences of the corpus are all the same"
    if candidates < FEW:
        return f"each positive is told from {candidates} candidates only; set a larger data.batch_size"
    if temperature is not None and temperature < LOW_TEMPERATURE:
        return f"method.temperature={temperature:g} makes any difference of cosines decide; set it to 0.05"
    if positive > 1 - NEAR_ZERO:
        return (
            f"the two sides of a positive are nearly one (mean cosine {positive:.4f}); look whether the columns of "
            "pairs hold the same text, or set a larger encoder.dropout"
        )
    return (
        f"each positive is told from all {candidates} candidates, as is usual late in a run; more steps bring little "
        "unless sentences are harder to tell apart"
    )


def _why_at_chance(positive: float, negative: float, temperature: float | None) -> str:
    if negative > ALIKE:
        return (
            f"vectors of different sentences are nearly one (mean cosine {negative:.2f}), which is a collapse; set a "
            "lower optimizer.learning_rate, and see that the sentences are not all alike"
        )
    if temperature is not None and positive - negative > APART:
        return (
            f"positives are nearer (mean cosine {positive:.2f}) than others ({negative:.2f}), and method.temperature="
            f"{temperature:g} hides it; set it to 0.05"
        )
    return (
        f"positives (mean cosine {positive:.2f}) are no nearer than others ({negative:.2f}); look whether the columns "
        "of pairs belong together, and whether the learning rate is high enough for an encoder that is not pretrained"
    )
