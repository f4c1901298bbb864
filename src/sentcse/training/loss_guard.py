"""A loss that is no number any more will not become one again: better to stop than to train on."""

from __future__ import annotations

from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer

from sentcse.errors import SentcseError


class LossGuard(Callback):
    """Stops at a loss that is not finite.

    Looks where Lightning logs, so that a GPU is not waited for at every step.

    Raises:
        SentcseError: naming step, learning rate and what to try.
    """

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Look at the loss of a logged step."""
        if trainer.global_step % trainer.log_every_n_steps != 0:  # type: ignore[attr-defined]
            return
        loss = outputs["loss"].detach()
        if not torch.isfinite(loss):
            rate = trainer.optimizers[0].param_groups[0]["lr"]
            raise SentcseError(
                f"The loss of step {trainer.global_step} is {loss.item():g} (learning rate {rate:.3g}, precision "
                f"{trainer.precision}): set a lower optimizer.learning_rate, or trainer.precision=32. What was "
                "selected before is in the run's folder."
            )
