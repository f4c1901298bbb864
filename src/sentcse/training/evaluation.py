"""Scores while training: they select the checkpoint."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer

from sentcse.evaluation.evaluator import evaluate_encoder
from sentcse.evaluation.results import Evaluation
from sentcse.evaluation.tasks import StsTask

logger = logging.getLogger(__name__)


class EvaluationCallback(Callback):
    """Scores the dev tasks before the first step, every N optimiser steps and after the last.

    Steps are optimiser steps, so that an evaluation, and with it a checkpoint, never falls between two batches of one
    accumulated step, whose gradient a checkpoint would lose.

    Args:
        dev_tasks: scored each time.
        test_tasks: scored once, before the first step, for the comparison at the end.
        select: name of the dev task whose Spearman selects.
        every_n_steps: optimiser steps between two evaluations.
        batch_size: sentences encoded together.
    """

    def __init__(
        self,
        dev_tasks: Sequence[StsTask],
        test_tasks: Sequence[StsTask],
        *,
        select: str,
        every_n_steps: int,
        batch_size: int = 128,
    ) -> None:
        self.dev_tasks = list(dev_tasks)
        self.test_tasks = list(test_tasks)
        self.select = select
        self.every_n_steps = every_n_steps
        self.batch_size = batch_size
        self.initial: dict[str, float | None] = {}
        self.best: dict[str, float] = {}
        self.last_step = 0

    @property
    def monitor(self) -> str:
        """The metric that selects."""
        return f"val/{self.select}_spearman"

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Score the untrained encoder, unless the run is a continued one."""
        if trainer.global_step > 0 or self.initial:
            return
        metrics = self._evaluate(trainer, pl_module, test_tasks=self.test_tasks)
        self.initial = {key.removeprefix("val/"): finite_or_none(value) for key, value in metrics.items()}
        self._log(trainer, metrics)
        logger.info("before training  %s", self._line(metrics))

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Score after every N-th and after the last optimiser step."""
        step = trainer.global_step
        due = step % self.every_n_steps == 0 or step == trainer.estimated_stepping_batches
        if step != self.last_step and due:
            self._score_and_save(trainer, pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Score the last step if the run ended sooner than foreseen."""
        if trainer.global_step != self.last_step and trainer.global_step > 0:
            self._score_and_save(trainer, pl_module)

    def _score_and_save(self, trainer: Trainer, pl_module: LightningModule) -> None:
        # all state is set before the checkpoints are written, so that a continued run does not score this step again
        self.last_step = trainer.global_step
        metrics = self._evaluate(trainer, pl_module)
        score = metrics[self.monitor]
        # a collapsed encoder has no rank correlation; it must never be selected
        comparable = score if math.isfinite(score) else -math.inf
        if not self.best or comparable > self.best["score"]:
            self.best = {"step": trainer.global_step, "score": comparable}
        self._log(trainer, metrics)
        trainer.callback_metrics[self.monitor] = torch.tensor(comparable, dtype=torch.float64)
        for checkpoint in trainer.checkpoint_callbacks:
            checkpoint.on_validation_end(trainer, pl_module)
        star = "  *" if self.best["step"] == trainer.global_step else ""
        logger.info("step %-6d  %s%s", trainer.global_step, self._line(metrics), star)

    def _evaluate(
        self, trainer: Trainer, pl_module: LightningModule, *, test_tasks: Sequence[StsTask] = ()
    ) -> dict[str, float]:
        """Metrics by name, computed on the first rank and sent to the others."""
        metrics: dict[str, float] | None = None
        if trainer.is_global_zero:
            encoder = pl_module.evaluation_encoder()  # type: ignore[operator]
            geometry = next(task for task in self.dev_tasks if task.name == self.select)
            result = evaluate_encoder(
                encoder, self.dev_tasks, geometry_task=geometry, batch_size=self.batch_size
            )
            metrics = dev_metrics(result)
            if test_tasks:
                tested = evaluate_encoder(encoder, test_tasks, batch_size=self.batch_size)
                metrics |= {f"test/{name}_spearman": task.all for name, task in tested.sts.items()}
        received: dict[str, float] = trainer.strategy.broadcast(metrics)
        return received

    def _log(self, trainer: Trainer, metrics: dict[str, float]) -> None:
        for each in trainer.loggers:
            each.log_metrics(metrics, step=trainer.global_step)

    def _line(self, metrics: dict[str, float]) -> str:
        shown = [f"{task.label} dev {describe(metrics[f'val/{task.name}_spearman'])}" for task in self.dev_tasks]
        for kind in ("alignment", "uniformity"):
            shown.append(f"{kind} {metrics[f'val/{kind}']:.3f}")
        return "  ".join(shown)

    def state_dict(self) -> dict[str, Any]:
        """What a continued run must know."""
        return {"initial": self.initial, "best": self.best, "last_step": self.last_step}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over from the checkpoint."""
        self.initial, self.best = state_dict["initial"], state_dict["best"]
        self.last_step = state_dict["last_step"]


def dev_metrics(result: Evaluation) -> dict[str, float]:
    """`val/` metrics of an evaluation: Spearman x 100 of each task, alignment, uniformity."""
    metrics = {f"val/{name}_spearman": task.all for name, task in result.sts.items()}
    if result.geometry is not None:
        metrics["val/alignment"] = result.geometry.alignment
        metrics["val/uniformity"] = result.geometry.uniformity
    return metrics


def describe(spearman: float) -> str:
    """A score for people: nan means that all vectors are one."""
    return f"{spearman:.2f}" if math.isfinite(spearman) else "collapsed (all cosines equal)"


def finite_or_none(value: float) -> float | None:
    """A value for JSON, which has no nan."""
    return value if math.isfinite(value) else None
