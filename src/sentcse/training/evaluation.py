"""Scores while training: they select the checkpoint."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pytorch_lightning import LightningModule

from sentcse.evaluation.evaluator import evaluate_encoder
from sentcse.evaluation.results import Evaluation
from sentcse.evaluation.tasks import StsTask
from sentcse.training.periodic_evaluation import PeriodicEvaluation, finite_or_none

__all__ = ["EvaluationCallback", "describe", "dev_metrics", "finite_or_none"]


class EvaluationCallback(PeriodicEvaluation):
    """Scores the encoder on the dev tasks; their selecting Spearman decides which checkpoint is the best.

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
        batch_size: int = 64,
    ) -> None:
        super().__init__(every_n_steps=every_n_steps)
        self.dev_tasks = list(dev_tasks)
        self.test_tasks = list(test_tasks)
        self.select = select
        self.batch_size = batch_size

    @property
    def monitor(self) -> str:
        """The metric that selects."""
        return f"val/{self.select}_spearman"

    def scores(self, pl_module: LightningModule, *, initial: bool) -> dict[str, float]:
        """Spearman x 100 of the dev tasks, and of the test tasks of the untrained encoder; alignment, uniformity."""
        encoder = pl_module.evaluation_encoder()  # type: ignore[operator]
        geometry = next(task for task in self.dev_tasks if task.name == self.select)
        result = evaluate_encoder(encoder, self.dev_tasks, geometry_task=geometry, batch_size=self.batch_size)
        metrics = dev_metrics(result)
        if initial and self.test_tasks:
            tested = evaluate_encoder(encoder, self.test_tasks, batch_size=self.batch_size)
            metrics |= {f"test/{name}_spearman": task.all for name, task in tested.sts.items()}
        return metrics

    def line(self, metrics: dict[str, float]) -> str:
        """The dev scores, alignment and uniformity."""
        shown = [f"{task.label} dev {describe(metrics[f'val/{task.name}_spearman'])}" for task in self.dev_tasks]
        geometry = [f"{kind} {metrics[f'val/{kind}']:.3f}" for kind in ("alignment", "uniformity")]
        return "  ".join([*shown, *geometry])


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
