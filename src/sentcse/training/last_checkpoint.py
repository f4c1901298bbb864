"""When the state that a run continues from is written: by minutes, at the end, and when the run is asked to stop."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import ModelCheckpoint

from sentcse.methods.global_batch import sum_over_ranks
from sentcse.training.periodic_evaluation import log_training_row
from sentcse.training.sharding import own_part
from sentcse.training.stop_signals import NAMES, Stopped, StopSignals


class LastCheckpoint(ModelCheckpoint):
    """Saves weights, moments and places whenever so many minutes have passed, whatever was selected meanwhile.

    Only where an optimiser step ends, so that no accumulated gradient is lost, and only weights that are finite. The
    first SIGTERM or Ctrl-C is answered at the end of the step, behind a checkpoint. Several processes agree on both at
    steps that are logged: the first one's clock counts, and a signal to any of them.

    Args:
        path: the file.
        minutes: between two writes; 0 for every step.
        signals: what this process was asked.
    """

    def __init__(self, path: Path, *, minutes: float, signals: StopSignals) -> None:
        super().__init__(
            dirpath=path.parent, filename=path.stem, save_on_train_epoch_end=False, enable_version_counter=False
        )
        self.seconds = 60 * minutes
        self.signals = signals
        self._written = 0.0
        self._step = 0

    @property
    def state_key(self) -> str:
        """As before this class was one: a run that was begun then goes on without a warning."""
        return super().state_key.replace(type(self).__qualname__, ModelCheckpoint.__qualname__, 1)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock."""
        super().on_train_start(trainer, pl_module)
        self._written, self._step = time.monotonic(), trainer.global_step

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Save where it is time, after what was scored at this step; end the run where it was asked to.

        Raises:
            Stopped: after SIGTERM or Ctrl-C, in all processes of the run.
        """
        if trainer.global_step == self._step:
            return  # between two batches of one step
        self._step = trainer.global_step
        asked, is_time = self._decided(trainer)
        if asked is not None or is_time:
            log_training_row(trainer)
            self._save(trainer, pl_module)
        if asked is not None:
            raise Stopped(asked)

    def _decided(self, trainer: Trainer) -> tuple[str | None, bool]:
        """The signal that the run is to answer now, and whether it is time to save."""
        asked, is_time = self.signals.received, self._is_time(trainer)
        if trainer.world_size == 1:
            return asked, is_time
        if trainer.global_step % trainer.log_every_n_steps > 0:  # type: ignore[attr-defined]
            return None, False
        here = [*(asked == each for each in NAMES), is_time and trainer.is_global_zero]
        votes = sum_over_ranks(torch.tensor(here, dtype=torch.float32, device=trainer.strategy.root_device))
        *given, is_time = (votes > 0).tolist()
        return next((each for each, found in zip(NAMES, given, strict=True) if found), None), is_time

    def _is_time(self, trainer: Trainer) -> bool:
        return time.monotonic() - self._written >= self.seconds

    def _save(self, trainer: Trainer, pl_module: LightningModule) -> None:
        # a run could not continue from weights that are not finite, and the loss is looked at only where it is logged
        if _is_finite(pl_module):
            super().on_validation_end(trainer, pl_module)
        self._written = time.monotonic()

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """After an evaluation: save if it was the run's last."""
        if trainer.should_stop or trainer.global_step >= trainer.estimated_stepping_batches:
            self._save(trainer, pl_module)


def _is_finite(module: LightningModule) -> bool:
    """Whether all weights are, also those of which other processes have a part: all of them save, or none."""
    broken = torch.stack([~own_part(weights).isfinite().all() for weights in module.parameters()]).any()
    return sum_over_ranks(broken.float()).item() == 0
