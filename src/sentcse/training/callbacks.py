"""The callbacks that a configuration chooses: early stopping, averaged weights, running means, a table of modules."""

from __future__ import annotations

import logging

from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.callbacks import EarlyStopping, EMAWeightAveraging
from pytorch_lightning.utilities.model_summary.model_summary import ModelSummary

from sentcse.config.schema import Callbacks
from sentcse.printing.wording import count
from sentcse.training.meters import RunningMeans
from sentcse.training.periodic_evaluation import PeriodicEvaluation

logger = logging.getLogger(__name__)


class StopEarly(EarlyStopping):
    """Stops after so many evaluations that were no better, which `PeriodicEvaluation` has it look at."""

    def __init__(self, evaluation: PeriodicEvaluation, patience: int) -> None:
        if evaluation.monitor is None:
            raise ValueError("evaluation must compare scores, and its monitor is None")
        self.evaluation = evaluation
        super().__init__(
            evaluation.monitor,
            mode=evaluation.mode,
            patience=patience,
            check_on_train_epoch_end=False,
            # a collapsed encoder is no better, and may recover
            check_finite=False,
        )

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Train no further what had stopped when its process was killed."""
        if self.wait_count >= self.patience:
            trainer.should_stop = True

    @property
    def reason(self) -> str | None:
        """Why the training has stopped before its last step, one sentence; None where it has not."""
        if self.wait_count < self.patience:
            return None
        best, last = int(self.evaluation.best["step"]), self.evaluation.last_step
        return (
            f"Stopped at step {last}: {count(self.wait_count, 'evaluation')} without a better {self.monitor} than that "
            f"of step {best} (callbacks.early_stopping={self.patience})."
        )


class ModuleTable(Callback):
    """Prints Lightning's table of modules where the command prints."""

    def __init__(self, depth: int) -> None:
        self.depth = depth

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Print it."""
        logger.info("%s", ModelSummary(pl_module, max_depth=self.depth))


def why_stopped(trainer: Trainer) -> str | None:
    """Why a training has stopped before its last step, one sentence; None where it has not."""
    if trainer.global_step >= trainer.estimated_stepping_batches:
        return None
    return next((each.reason for each in trainer.early_stopping_callbacks if isinstance(each, StopEarly)), None)


def chosen_callbacks(settings: Callbacks, evaluation: PeriodicEvaluation) -> list[Callback]:
    """The callbacks, in the order before `evaluation`, which scores what they made of a step."""
    found: list[Callback] = []
    if settings.ema is not None:
        # buffers as they are: an average of whole numbers, such as BERT's positions, would be rounded down
        found.append(EMAWeightAveraging(decay=settings.ema, use_buffers=False))
    if settings.early_stopping is not None:
        found.append(StopEarly(evaluation, settings.early_stopping))
    if settings.running_means:
        found.append(RunningMeans())
    if settings.model_summary is not None:
        found.append(ModuleTable(settings.model_summary))
    return found
