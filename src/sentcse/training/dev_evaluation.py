"""Scores of an encoder on its dev tasks while it is trained: they select the checkpoint."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from pytorch_lightning import LightningModule

from sentcse.config.commands import default_data_root
from sentcse.data.fetching.senteval_download import ensure_senteval
from sentcse.encoder import SentenceEncoder
from sentcse.evaluation.scores.evaluation import Evaluation
from sentcse.evaluation.scores.evaluator import POSITIVE_GOLD, evaluate_encoder
from sentcse.evaluation.tasks.loading import load_sts
from sentcse.evaluation.tasks.selection import resolve_tasks, senteval_files
from sentcse.evaluation.tasks.sts import StsTask
from sentcse.records.layout import ALIGNMENT, UNIFORMITY, spearman_metric
from sentcse.training.periodic_evaluation import PeriodicEvaluation
from sentcse.training.untrained_scores import UntrainedScores, untrained_key


class EvaluationCallback(PeriodicEvaluation):
    """Scores the encoder on the dev tasks; their selecting Spearman decides which checkpoint is the best.

    In a trainer of your own, `EvaluationCallback.from_names(["stsb"])` makes one, and what it measures is in
    `trainer.callback_metrics`, for ModelCheckpoint and EarlyStopping: docs/lightning.md.

    Args:
        dev_tasks: scored each time.
        test_tasks: scored once, before the first step, for the comparison at the end.
        select: name of the dev task whose Spearman selects; None for the first.
        every_n_steps: optimiser steps between two evaluations.
        batch_size: sentences encoded together.
        untrained: where scores of untrained encoders are kept; None to measure them.
    """

    def __init__(
        self,
        dev_tasks: Sequence[StsTask],
        test_tasks: Sequence[StsTask] = (),
        *,
        select: str | None = None,
        every_n_steps: int = 125,
        batch_size: int = 64,
        untrained: UntrainedScores | None = None,
    ) -> None:
        super().__init__(every_n_steps=every_n_steps)
        self.dev_tasks = list(dev_tasks)
        self.test_tasks = list(test_tasks)
        self.select = self.dev_tasks[0].name if select is None else select
        self.batch_size = batch_size
        self.untrained = untrained

    @classmethod
    def from_names(
        cls,
        tasks: str | Sequence[str] = "stsb",
        *,
        data_root: str | Path | None = None,
        select: str | None = None,
        every_n_steps: int = 125,
        batch_size: int = 64,
    ) -> EvaluationCallback:
        """Score the dev part of named tasks, or pairs of your own; files of benchmarks are fetched if they are missing.

        Args:
            tasks: stsb, sickr, or the path of a file with the columns score, sentence1, sentence2; one or several.
            data_root: the folder that holds `senteval/`; None for SENTCSE_DATA, else `data`.
            select: the task whose Spearman is `monitor`, a file by its name without ending; None for the first.
            every_n_steps: optimiser steps between two evaluations.
            batch_size: sentences encoded together.

        Raises:
            ConfigError: if there is no such task.
            DataError: if a file is missing and cannot be fetched, or is damaged.
        """
        root = Path(default_data_root() if data_root is None else data_root)
        names = [tasks] if isinstance(tasks, str) else list(tasks)
        selected = resolve_tasks(names, mode="dev", protocol="simcse")
        ensure_senteval(root, senteval_files(selected))
        return cls(load_sts(selected, root), select=select, every_n_steps=every_n_steps, batch_size=batch_size)

    @property
    def monitor(self) -> str:
        """The metric that selects."""
        return spearman_metric(self.select, "dev")

    def scores(self, pl_module: LightningModule, *, initial: bool) -> dict[str, float]:
        """Spearman x 100 of the dev tasks, and of the test tasks of the untrained encoder; alignment, uniformity."""
        encoder: SentenceEncoder = pl_module.evaluation_encoder()  # type: ignore[operator]
        if not initial:
            return self._dev_scores(encoder)
        if self.untrained is None:
            return self._untrained_scores(encoder)
        tasks = [*self.dev_tasks, self._geometry_task, *self.test_tasks]
        key = untrained_key(encoder, tasks, batch_size=self.batch_size)
        return self.untrained.get(key, self._names, lambda: self._untrained_scores(encoder))

    @property
    def _names(self) -> list[str]:
        """What is measured of an untrained encoder."""
        dev = [spearman_metric(task.name, "dev") for task in self.dev_tasks]
        return [*dev, ALIGNMENT, UNIFORMITY, *(spearman_metric(task.name, "test") for task in self.test_tasks)]

    @property
    def _geometry_task(self) -> StsTask:
        return next(task for task in self.dev_tasks if task.name == self.select)

    def _dev_scores(self, encoder: SentenceEncoder) -> dict[str, float]:
        result = evaluate_encoder(
            encoder, self.dev_tasks, geometry_task=self._geometry_task, batch_size=self.batch_size
        )
        return dev_metrics(result)

    def _untrained_scores(self, encoder: SentenceEncoder) -> dict[str, float]:
        metrics = self._dev_scores(encoder)
        tested = evaluate_encoder(encoder, self.test_tasks, batch_size=self.batch_size)
        return metrics | {spearman_metric(name, "test"): task.all for name, task in tested.sts.items()}

    def line(self, metrics: dict[str, float]) -> str:
        """The dev scores, alignment and uniformity."""
        scores = [(task.label, metrics[spearman_metric(task.name, "dev")]) for task in self.dev_tasks]
        shown = [f"{label} dev {score_text(score)}" for label, score in scores]
        alignment = metrics[ALIGNMENT]
        positives = sum(int((source.gold > POSITIVE_GOLD).sum()) for source in self._geometry_task.sources)
        shown_alignment = f"{alignment:.3f}" if positives > 0 else f"- (no pair is graded above {POSITIVE_GOLD:g})"
        geometry = [f"alignment {shown_alignment}", f"uniformity {metrics[UNIFORMITY]:.3f}"]
        return "  ".join([*shown, *geometry])


def dev_metrics(result: Evaluation) -> dict[str, float]:
    """`val/` metrics of an evaluation: Spearman x 100 of each task, alignment, uniformity."""
    metrics = {spearman_metric(name, "dev"): task.all for name, task in result.sts.items()}
    if result.geometry is not None:
        metrics[ALIGNMENT] = result.geometry.alignment
        metrics[UNIFORMITY] = result.geometry.uniformity
    return metrics


def score_text(spearman: float) -> str:
    """A score for people: nan means that all vectors are one."""
    return f"{spearman:.2f}" if math.isfinite(spearman) else "collapsed (all cosines equal)"
