"""What a run shows of itself: pace and running means beside the losses, the bar, the seconds so far."""

from __future__ import annotations

import time
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.callbacks import ProgressBar as LightningBar
from torchmetrics import MeanMetric
from tqdm import tqdm

from sentcse.records.layout import SENTENCES_PER_SECOND
from sentcse.training.periodic_evaluation import PeriodicEvaluation


class Throughput(Callback):
    """Logs `train/learning_rate` and `train/sentences_per_second`, by all time but that of evaluations.

    Also keeps the seconds that the run has taken over all its restarts.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self._started = 0.0
        self._sentences = 0
        self._row_started = 0.0
        self._learning_rate = 0.0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clocks of this process and of its first row."""
        self._started = time.perf_counter()
        self._row_started = self._started - _evaluating(trainer)

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Note the rate of the step: at its end the schedule has moved on to that of the next."""
        self._learning_rate = trainer.optimizers[0].param_groups[0]["lr"]

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count the batch, and log where Lightning logs."""
        due = trainer.global_step % trainer.log_every_n_steps == 0  # type: ignore[attr-defined]
        if due and pl_module.device.type == "cuda":
            # the steps so far were only queued: what they take shows when they are waited for
            torch.cuda.synchronize(pl_module.device)
        self._sentences += len(batch["input_ids"]) * trainer.world_size
        if not due:
            return
        # all clocks stand still while the run is scored
        now = time.perf_counter() - _evaluating(trainer)
        if now > self._row_started:
            pl_module.log(SENTENCES_PER_SECOND, self._sentences / (now - self._row_started))
            pl_module.log("train/learning_rate", self._learning_rate)
            self._sentences, self._row_started = 0, now

    def state_dict(self) -> dict[str, Any]:
        """Seconds so far."""
        return {"seconds": self.total_seconds()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on counting from an earlier process."""
        self.seconds = state_dict["seconds"]

    def total_seconds(self) -> float:
        """Seconds of training and evaluation, over all restarts."""
        return self.seconds + (time.perf_counter() - self._started if self._started > 0 else 0.0)


def _evaluating(trainer: Trainer) -> float:
    """Seconds that this process has been scoring."""
    callbacks: list[Callback] = trainer.callbacks  # type: ignore[attr-defined]
    return sum(each.seconds for each in callbacks if isinstance(each, PeriodicEvaluation))


class RunningMeans(Callback):
    """Logs `train/NAME_mean` beside every loss and metric: its mean over the batches since the last logged row.

    On all ranks it is the same, as what a step logs is that of all ranks together. The sums are part of a checkpoint,
    so that a run that goes on logs what an uninterrupted one would.
    """

    def __init__(self) -> None:
        self._means: dict[str, MeanMetric] = {}
        self._row = 0

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count the batch, and log where Lightning logs."""
        # not trainer.callback_metrics, which has a GPU waited for at every look
        for name, value in pl_module.logged.items():  # type: ignore[union-attr, operator]
            self._mean(name).to(value.device).update(value)
        step = trainer.global_step
        # batches of an accumulated step, which come after a row, belong to the next
        if step % trainer.log_every_n_steps == 0 and step != self._row:  # type: ignore[attr-defined]
            self._row = step
            for name, mean in self._means.items():
                pl_module.log(f"{name}_mean", mean.compute())
                mean.reset()

    def state_dict(self) -> dict[str, Any]:
        """The sums since the last row."""
        return {"row": self._row, "means": {name: dict(mean.state_dict()) for name, mean in self._means.items()}}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from them."""
        self._row = state_dict["row"]
        for name, sums in state_dict["means"].items():
            self._mean(name).load_state_dict(sums)

    def _mean(self, name: str) -> MeanMetric:
        if name not in self._means:
            # to look for nan would have a GPU waited for; what a step logs is reduced over ranks already
            self._means[name] = MeanMetric(nan_strategy="disable", sync_on_compute=False)
            self._means[name].persistent(True)
        return self._means[name]


class ProgressBar(LightningBar):
    """One bar over the optimiser steps of the whole run, with loss and best score.

    Lightning's own is a bar an epoch, of which a low-shot run has thousands, and a continued epoch has no total.
    """

    def __init__(self, evaluation: PeriodicEvaluation) -> None:
        super().__init__()
        self._evaluation = evaluation
        self._shown = True
        self._bar: tqdm[Any] | None = None

    def disable(self) -> None:
        """Show nothing: of a process that is not the first."""
        self._shown = False

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin at the step of the run; what earlier processes have done is no part of the pace."""
        self._bar = tqdm(
            total=int(trainer.estimated_stepping_batches),
            initial=trainer.global_step,
            desc="training",
            unit=" steps",
            dynamic_ncols=True,
            disable=not self._shown,
        )

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Move on, with new figures where Lightning logs: a GPU would be waited for at every step."""
        if self._bar is None or not self._shown:
            return
        if trainer.global_step % trainer.log_every_n_steps == 0:  # type: ignore[attr-defined]
            self._bar.set_postfix(self.figures(trainer, pl_module), refresh=False)
        self._bar.update(trainer.global_step - self._bar.n)

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Leave the bar as it stands at the end."""
        if self._bar is not None:
            self._bar.close()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Leave it as it stands after a fault or a signal, where Lightning tears nothing down."""
        self.teardown(trainer, pl_module, "fit")

    def figures(self, trainer: Trainer, pl_module: LightningModule) -> dict[str, Any]:
        """Losses without `train/`, and the best score, beside the untrained one where that is better."""
        shown = self.get_metrics(trainer, pl_module)
        figures = {name.removeprefix("train/"): value for name, value in shown.items() if name != "v_num"}
        evaluation = self._evaluation
        if "score" in evaluation.best:
            below = f" (untrained {evaluation.untrained_score:.2f})" if evaluation.is_worse_than_untrained else ""
            figures["best"] = f"{evaluation.best['score']:.2f}{below}"
        return figures
