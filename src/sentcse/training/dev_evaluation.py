"""Scores of an encoder while it is trained, on dev tasks or on held-out sentences: they select the checkpoint."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytorch_lightning import LightningModule

from sentcse.config.commands import default_data_root
from sentcse.config.evaluation import LABEL_FREE, LAST, LOWER_IS_BETTER
from sentcse.data.fetching.senteval_download import ensure_senteval
from sentcse.data.token_cache import TokenIds
from sentcse.encoder import SentenceEncoder
from sentcse.errors import ConfigError
from sentcse.evaluation.scores.evaluation import Evaluation, StsResult
from sentcse.evaluation.scores.evaluator import POSITIVE_GOLD, evaluate_encoder
from sentcse.evaluation.scores.label_free import label_free_scores
from sentcse.evaluation.tasks.loading import load_sts
from sentcse.evaluation.tasks.selection import resolve_tasks, senteval_files
from sentcse.evaluation.tasks.sts import StsTask
from sentcse.methods import Method
from sentcse.records.layout import ALIGNMENT, UNIFORMITY, VALIDATION, spearman_metric
from sentcse.records.selecting import selecting_metric
from sentcse.training.periodic_evaluation import PeriodicEvaluation
from sentcse.training.untrained_scores import UntrainedScores, untrained_key

LABEL_FREE_LABELS = {
    "val/info_nce": "InfoNCE",
    "val/alignment_uniformity": "alignment + uniformity",
    "val/rtd_accuracy": "RTD accuracy",
}
"""How the scores without labels are called for people, by metric."""


@dataclass(frozen=True)
class HeldOutViews:
    """Sentences that are not trained on, and how their two dropout views are compared.

    Attributes:
        texts: token ids, each (tokens,); at least 2.
        temperature: of InfoNCE.
        seed: of the values that dropout drops, and of what a method draws for a score of its own.
    """

    texts: Sequence[TokenIds]
    temperature: float
    seed: int


class EvaluationCallback(PeriodicEvaluation):
    """Scores the encoder; one dev task's Spearman, or a score without labels, decides which checkpoint is the best.

    In a trainer of your own, `EvaluationCallback.from_names(["stsb"])` makes one, and what it measures is in
    `trainer.callback_metrics`, for ModelCheckpoint and EarlyStopping: docs/lightning.md.

    Args:
        dev_tasks: scored each time; may be none.
        test_tasks: scored once, before the first step, for the comparison at the end.
        select: name of the dev task whose Spearman selects; `info_nce`, `alignment_uniformity` or a score of the
            method's own, which need `held_out`; `last` to keep the last step; None for the first task, for `last` where
            there is none.
        every_n_steps: optimiser steps between two evaluations.
        batch_size: sentences encoded together.
        precision: in which they are encoded: float32, bfloat16 or float16.
        untrained: where scores of untrained encoders are kept; None to measure them.
        held_out: sentences that are scored without labels each time; None for none.
        test_curve: score the test tasks each time, too, which never select.
    """

    def __init__(
        self,
        dev_tasks: Sequence[StsTask],
        test_tasks: Sequence[StsTask] = (),
        *,
        select: str | None = None,
        every_n_steps: int = 125,
        batch_size: int = 64,
        precision: str = "float32",
        untrained: UntrainedScores | None = None,
        held_out: HeldOutViews | None = None,
        test_curve: bool = False,
    ) -> None:
        super().__init__(every_n_steps=every_n_steps)
        self.dev_tasks = list(dev_tasks)
        self.test_tasks = list(test_tasks)
        first = self.dev_tasks[0].name if len(self.dev_tasks) > 0 else LAST
        self.select = first if select is None else select
        self.mode = "min" if self.select in LOWER_IS_BETTER else "max"
        self.batch_size = batch_size
        self.precision = precision
        self.untrained = untrained
        self.held_out = held_out
        self.test_curve = test_curve

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
            tasks: stsb, sickr, stsb_de and other languages, or the path of a file with the columns score, sentence1,
                sentence2; one or several.
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
    def monitor(self) -> str | None:
        """The metric that selects."""
        return selecting_metric(self.select)

    def scores(self, pl_module: LightningModule, *, initial: bool) -> dict[str, float]:
        """Spearman x 100 of the dev tasks, and of the test tasks of the untrained encoder; alignment, uniformity.

        With held-out sentences, their scores without labels as well.
        """
        encoder: SentenceEncoder = pl_module.evaluation_encoder()  # type: ignore[operator]
        found = self._task_scores(encoder, initial=initial)
        if self.held_out is None:
            return found
        texts, seed = self.held_out.texts, self.held_out.seed
        free = label_free_scores(encoder, texts, temperature=self.held_out.temperature, seed=seed)
        if isinstance(pl_module, Method):  # a module of one's own has an `evaluation_encoder`, and may have no more
            free |= pl_module.score_held_out(texts, seed=seed)
        if self.select in LABEL_FREE and self.select not in free:
            raise ConfigError(
                f"evaluation.select={self.select} is the score of a discriminator, and {type(pl_module).__name__} "
                f"gives none in score_held_out; there are {', '.join(free)}."
            )
        return found | {f"{VALIDATION}{name}": value for name, value in free.items()}

    def _task_scores(self, encoder: SentenceEncoder, *, initial: bool) -> dict[str, float]:
        if not initial:
            return self._dev_scores(encoder) | (self._test_metrics(encoder) if self.test_curve else {})
        if self.untrained is None:
            return self._untrained_scores(encoder)
        geometry = [] if self._geometry_task is None else [self._geometry_task]
        tasks = [*self.dev_tasks, *geometry, *self.test_tasks]
        if len(tasks) == 0:
            return {}
        key = untrained_key(encoder, tasks, batch_size=self.batch_size, precision=self.precision)
        return self.untrained.get(key, self._names, lambda: self._untrained_scores(encoder))

    @property
    def _names(self) -> list[str]:
        """What is measured of an untrained encoder."""
        dev = [spearman_metric(task.name, "dev") for task in self.dev_tasks]
        geometry = [] if self._geometry_task is None else [ALIGNMENT, UNIFORMITY]
        return [*dev, *geometry, *(spearman_metric(task.name, "test") for task in self.test_tasks)]

    @property
    def _geometry_task(self) -> StsTask | None:
        """The task that selects, else the first."""
        return next((task for task in self.dev_tasks if task.name == self.select), next(iter(self.dev_tasks), None))

    def _dev_scores(self, encoder: SentenceEncoder) -> dict[str, float]:
        if len(self.dev_tasks) == 0:
            return {}
        result = evaluate_encoder(
            encoder,
            self.dev_tasks,
            geometry_task=self._geometry_task,
            batch_size=self.batch_size,
            precision=self.precision,
            with_rank=False,  # nobody reads it while training
        )
        return dev_metrics(result)

    def _untrained_scores(self, encoder: SentenceEncoder) -> dict[str, float]:
        return self._dev_scores(encoder) | self._test_metrics(encoder)

    def _test_metrics(self, encoder: SentenceEncoder) -> dict[str, float]:
        if len(self.test_tasks) == 0:
            return {}
        return {spearman_metric(name, "test"): task.all for name, task in self.test_scores(encoder).items()}

    def test_scores(self, encoder: SentenceEncoder) -> Mapping[str, StsResult]:
        """The results of the test tasks by name."""
        return evaluate_encoder(encoder, self.test_tasks, batch_size=self.batch_size, precision=self.precision).sts

    def line(self, metrics: dict[str, float]) -> str:
        """The dev scores, alignment and uniformity; the scores without labels."""
        free = [f"{label} {metrics[name]:.4f}" for name, label in LABEL_FREE_LABELS.items() if name in metrics]
        said = [*self._dev_words(metrics), *free]
        return "  ".join(said) if len(said) > 0 else "nothing is scored (evaluation.dev is empty)"

    def _dev_words(self, metrics: dict[str, float]) -> list[str]:
        if self._geometry_task is None:
            return []
        scores = [(task.label, metrics[spearman_metric(task.name, "dev")]) for task in self.dev_tasks]
        shown = [f"{label} dev {score_text(score)}" for label, score in scores]
        alignment = metrics[ALIGNMENT]
        positives = sum(int((source.gold > POSITIVE_GOLD).sum()) for source in self._geometry_task.sources)
        shown_alignment = f"{alignment:.3f}" if positives > 0 else f"- (no pair is graded above {POSITIVE_GOLD:g})"
        geometry = [f"alignment {shown_alignment}", f"uniformity {metrics[UNIFORMITY]:.3f}"]
        return [*shown, *geometry]


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
