"""When a run is scored and its best checkpoint is written; what is scored, a subclass says."""

from __future__ import annotations

import logging
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Literal

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.callbacks import ModelCheckpoint, WeightAveraging

from sentcse.errors import SentcseError
from sentcse.records.layout import STEP, VALIDATION
from sentcse.training.loggers import MetricsLogger
from sentcse.training.sharding import whole_weights

logger = logging.getLogger(__name__)

WORST = {"max": -math.inf, "min": math.inf}


class BestCheckpoint(ModelCheckpoint):
    """Saves whenever it is told that a step is the best so far.

    Lightning's own choice by a monitored value forgets what it chose when the run's folder has been moved.
    """


class PeriodicEvaluation(Callback, ABC):
    """Scores before the first step, every N optimiser steps and after the last; has the checkpoints written then.

    Steps are optimiser steps, so that an evaluation, and with it a checkpoint, never falls between two batches of one
    accumulated step, whose gradient a checkpoint would lose.

    Args:
        every_n_steps: optimiser steps between two evaluations.
    """

    mode: Literal["max", "min"] = "max"
    """Whether the largest or the smallest score is the best."""

    def __init__(self, *, every_n_steps: int) -> None:
        self.every_n_steps = every_n_steps
        self.initial: dict[str, float | None] = {}
        self.best: dict[str, float] = {}
        self.last_step = 0
        self.seconds = 0.0
        """That scoring has taken in this process."""
        self.later_best: dict[str, float] | None = None
        """Of a continued run, what was selected and written behind the step that it continues from."""

    @property
    @abstractmethod
    def monitor(self) -> str | None:
        """The metric that selects; None where nothing is compared and the last step is kept."""

    @property
    def untrained_score(self) -> float | None:
        """The selecting score before the first step; None before it was measured, and where it is not finite."""
        return None if self.monitor is None else self.initial.get(self.monitor.removeprefix(VALIDATION))

    @property
    def is_worse_than_untrained(self) -> bool:
        """Whether the best step so far scores worse than the untrained model."""
        before = self.untrained_score
        return bool(self.best) and before is not None and self._is_better(before, self.best["score"])

    @abstractmethod
    def scores(self, pl_module: LightningModule, *, initial: bool) -> dict[str, float]:
        """Metrics by name, computed on the first rank; `initial` before the first step."""

    @abstractmethod
    def line(self, metrics: dict[str, float]) -> str:
        """The metrics for people, on one line."""

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Forget an earlier `fit`; what a checkpoint holds comes after."""
        if stage == "fit":
            self.initial, self.best, self.last_step = {}, {}, 0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Score the untrained model, unless the run is a continued one."""
        if trainer.global_step > 0 or self.initial:
            if trainer.global_step > 0:
                # of the first rank, which alone has read the rows behind the checkpoint
                later = trainer.strategy.broadcast(self.later_best)
                self.best, self.later_best = self.best if later is None else later, None
            return
        metrics = self._evaluate(trainer, pl_module, initial=True)
        self.initial = {key.removeprefix(VALIDATION): finite_or_none(value) for key, value in metrics.items()}
        self._log(trainer, metrics)
        logger.info("before training  %s", self.line(metrics))

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Score after every N-th and after the last optimiser step."""
        step = trainer.global_step
        due = step % self.every_n_steps == 0 or step == trainer.estimated_stepping_batches
        if step != self.last_step and due:
            log_training_row(trainer)
            self._score_and_save(trainer, pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Score the last step if the run ended sooner than foreseen."""
        if trainer.global_step != self.last_step and trainer.global_step > 0:
            self._score_and_save(trainer, pl_module)

    def _score_and_save(self, trainer: Trainer, pl_module: LightningModule) -> None:
        # all state is set before the checkpoints are written, so that a continued run does not score this step again
        self.last_step = trainer.global_step
        metrics = self._evaluate(trainer, pl_module, initial=False)
        selected = self._select(trainer.global_step, metrics)
        self._log(trainer, metrics)
        # before the checkpoints, which hold what it has counted
        for stopping in trainer.early_stopping_callbacks:
            stopping.on_validation_end(trainer, pl_module)
        for checkpoint in trainer.checkpoint_callbacks:
            if selected or not isinstance(checkpoint, BestCheckpoint):
                # of a whole checkpoint the averaging callback takes care itself
                alone = isinstance(checkpoint, ModelCheckpoint) and checkpoint.save_weights_only
                with averaged_weights(trainer, pl_module) if alone else nullcontext():
                    checkpoint.on_validation_end(trainer, pl_module)
        logger.info("step %-6d  %s%s", trainer.global_step, self.line(metrics), "  *" if selected else "")

    def _select(self, step: int, metrics: dict[str, float]) -> bool:
        """Whether a step is the best so far, which is noted."""
        if self.monitor is None:
            self.best = {"step": step}
            return True
        comparable = self.comparable(metrics)
        selected = not self.best or self._is_better(comparable, self.best["score"])
        if selected:
            self.best = {"step": step, "score": comparable}
        return selected

    def comparable(self, metrics: dict[str, float]) -> float:
        """The selecting score, the worst there is where it is not finite: a collapsed encoder is never selected."""
        assert self.monitor is not None
        score = metrics[self.monitor]
        return score if math.isfinite(score) else WORST[self.mode]

    def _is_better(self, score: float, than: float) -> bool:
        return score > than if self.mode == "max" else score < than

    def _evaluate(self, trainer: Trainer, pl_module: LightningModule, *, initial: bool) -> dict[str, float]:
        """Metrics by name, computed on the first rank and sent to the others, which would wait for one that failed.

        Raises:
            SentcseError: on the other ranks, if the first could not score.
        """
        metrics: dict[str, float] | None = None
        started = time.perf_counter()
        try:
            with averaged_weights(trainer, pl_module), whole_weights(trainer, pl_module) as whole:
                if trainer.is_global_zero and whole is not None:
                    metrics = self.scores(whole, initial=initial)
        finally:
            received: dict[str, float] | None = trainer.strategy.broadcast(metrics)
            self.seconds += time.perf_counter() - started
        if received is None:
            raise SentcseError("The first process of this run could not score: its own message says why.")
        return received

    def _log(self, trainer: Trainer, metrics: dict[str, float]) -> None:
        # where ModelCheckpoint and EarlyStopping look; `log` of a module refuses two of the three hooks
        trainer.callback_metrics.update({name: torch.tensor(value) for name, value in metrics.items()})
        for each in trainer.loggers:
            each.log_metrics(metrics, step=trainer.global_step)

    def state_dict(self) -> dict[str, Any]:
        """What a continued run must know."""
        return {"initial": self.initial, "best": self.best, "last_step": self.last_step}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over from the checkpoint."""
        self.initial, self.best = state_dict["initial"], state_dict["best"]
        self.last_step = state_dict["last_step"]


def log_training_row(trainer: Trainer) -> None:
    """Have metrics.csv hold the training row of this step, if it gets one, before the step's checkpoint is there.

    Lightning (2.6) logs it after the hooks of the batch's end. A run that is killed in between continues behind the
    step, and would never log it.
    """
    if trainer.global_step % trainer.log_every_n_steps != 0:  # type: ignore[attr-defined]
        return
    row = {name: value.item() for name, value in trainer._logger_connector.metrics["log"].items()}
    step = int(row.pop(STEP, trainer.global_step - 1))
    for each in trainer.loggers:
        if isinstance(each, MetricsLogger):
            each.log_ahead(row, step)


@contextmanager
def averaged_weights(trainer: Trainer, pl_module: LightningModule) -> Iterator[None]:
    """Inside the block the module has the weights that a callback averages, where one does."""
    callbacks: list[Callback] = trainer.callbacks  # type: ignore[attr-defined]
    averaging = [each for each in callbacks if isinstance(each, WeightAveraging)]
    for each in averaging:
        each.on_validation_epoch_start(trainer, pl_module)
    try:
        yield
    finally:
        for each in averaging:
            each.on_validation_epoch_end(trainer, pl_module)


def finite_or_none(value: float) -> float | None:
    """A value for JSON, which has no nan."""
    return value if math.isfinite(value) else None
