"""How fast a configuration trains on this machine: a few steps of it, timed, in a folder that goes again."""

from __future__ import annotations

import logging
import math
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import cast

from pytorch_lightning import LightningModule

from sentcse.config import TrainConfig
from sentcse.evaluation.tasks.loading import load_sts
from sentcse.evaluation.tasks.selection import resolve_tasks
from sentcse.machine.files import writing
from sentcse.records.contents import Results
from sentcse.records.layout import SENTENCES_PER_SECOND
from sentcse.records.metrics_file import read_series
from sentcse.training.dev_evaluation import EvaluationCallback
from sentcse.training.run import EncoderRun
from sentcse.training.trial import trial_of


@dataclass(frozen=True)
class Pace:
    """What was timed, and how much of it a whole run has.

    Attributes:
        timed_steps: on which it rests.
        seconds_a_step: of an optimiser step, the median of the second half of those timed.
        steps: of a whole run.
        seconds_an_evaluation: of one on the dev tasks.
        evaluations: of a whole run.
        test_share: pairs of the seven STS tests by pairs of the dev tasks: so many evaluations the scoring takes;
            None where there is no dev task to tell.
    """

    timed_steps: int
    seconds_a_step: float
    steps: int
    seconds_an_evaluation: float
    evaluations: int
    test_share: float | None

    @property
    def seconds_a_run(self) -> float:
        """A run with its evaluations and, where they can be told, its scores on the seven STS tests at the end."""
        evaluations = self.evaluations + (0 if self.test_share is None else self.test_share)
        return self.steps * self.seconds_a_step + evaluations * self.seconds_an_evaluation


class TimedEvaluation(EvaluationCallback):
    """Scores the dev tasks once, before the first step: its `seconds` are those of one evaluation."""

    measured: dict[str, float]

    def scores(self, pl_module: LightningModule, *, initial: bool) -> dict[str, float]:
        """The dev scores of the untrained encoder, whenever they are asked for."""
        if initial:
            self.measured = super().scores(pl_module, initial=False)
        return self.measured


class TimedRun(EncoderRun):
    """The run of an encoder without its end: nothing is scored or exported."""

    pace: Pace

    def __init__(self, config: TrainConfig, timed_steps: int, root: Path) -> None:
        super().__init__(_shortened(config, timed_steps, root))
        self.whole, self.timed_steps = config, timed_steps

    def prepare(self) -> None:
        """As any run, with an evaluation that is timed."""
        super().prepare()
        chosen = self.config.evaluation
        self.evaluation = TimedEvaluation(
            self.evaluation.dev_tasks,
            select=chosen.select,
            every_n_steps=chosen.every_n_steps,
            batch_size=self.evaluation.batch_size,
            precision=self.evaluation.precision,
            held_out=self.evaluation.held_out,
        )

    def conclude(self) -> Results:
        """Work the pace out."""
        trainer, data = self.whole.trainer, self.whole.data
        rates = list(read_series(self.folder.metrics)[SENTENCES_PER_SECOND].values())
        epoch = math.ceil(self.data.steps_per_epoch / trainer.accumulate_grad_batches)
        steps = trainer.max_epochs * epoch if trainer.max_steps is None else trainer.max_steps
        assert isinstance(self.evaluation, TimedEvaluation)
        dev_pairs = sum(task.pairs for task in self.evaluation.dev_tasks)
        tests = load_sts(resolve_tasks(["sts"], mode="test", protocol="simcse"), self.whole.data_root, level="none")
        self.pace = Pace(
            timed_steps=self.timed_steps,
            seconds_a_step=data.batch_size * trainer.accumulate_grad_batches / median(rates[len(rates) // 2 :]),
            steps=steps,
            seconds_an_evaluation=self.evaluation.seconds,
            evaluations=math.ceil(steps / self.whole.evaluation.every_n_steps) + 1,
            test_share=None if dev_pairs == 0 else sum(task.pairs for task in tests) / dev_pairs,
        )
        return cast(Results, {})

    def report(self, results: Results) -> None:
        """Nothing."""


def time_steps(config: TrainConfig, timed_steps: int) -> Pace:
    """Train a few steps in a folder beside the runs, and delete it.

    Args:
        config: of a whole run.
        timed_steps: at least 1.

    Raises:
        SentcseError: if what the run needs cannot be had.
    """
    # not in /tmp, where the checkpoints of a large encoder may not fit
    root = Path(config.runs.root).absolute()
    beside = next(place for place in (root, *root.parents) if place.is_dir())
    with (
        writing(beside, "set runs.root to a folder that can be written to"),
        tempfile.TemporaryDirectory(prefix=".timed-", dir=beside) as folder,
    ):
        run = TimedRun(config, timed_steps, Path(folder))
        with silenced():
            run.carry_out()
        return run.pace


@contextmanager
def silenced() -> Iterator[None]:
    """Without what a run inside says of itself: it is a means of the command, and not what was asked for."""
    ours = logging.getLogger("sentcse")
    before = ours.level
    ours.setLevel(logging.ERROR)
    try:
        yield
    finally:
        ours.setLevel(before)


def _shortened(config: TrainConfig, steps: int, root: Path) -> TrainConfig:
    """A trial of so many steps, every one of which is logged."""
    trial, callbacks = trial_of(config, root), {"early_stopping": None, "model_summary": None}
    trainer = {"max_steps": steps, "log_every_n_steps": 1, "progress": False, "profiler": None}
    return trial.model_copy(
        update={
            "trainer": trial.trainer.model_copy(update=trainer),
            "callbacks": trial.callbacks.model_copy(update=callbacks),
            "evaluation": trial.evaluation.model_copy(update={"every_n_steps": steps}),
        }
    )
