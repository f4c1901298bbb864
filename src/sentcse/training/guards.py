"""What stops a run that would train on for nothing: a loss that is no number, or two views that are one."""

from __future__ import annotations

from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer

from sentcse.errors import SentcseError
from sentcse.modules.dropout import dropout_settings

SAME = 0.01
"""Values closer than this are one value: a few roundings of bfloat16; a dropout of 0.1 % moves MiniLM's by 0.14."""


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


class ViewDoctor(Callback):
    """Encodes the first batch once more at the start and refuses to train on identical views.

    Belongs before `StepSeed`, which sets the randomness of the step afresh.

    Raises:
        SentcseError: if both views of every sentence have the same vector.
    """

    def __init__(self) -> None:
        self._done = False

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Look at the first batch of this process only."""
        if self._done:
            return
        self._done = True
        ids, mask = batch["input_ids"], batch["attention_mask"]
        if ids.shape[1] != 2 or not torch.equal(ids[:, 0], ids[:, 1]):
            return  # pairs are different sentences
        encoder: Any = pl_module.encoder
        with torch.no_grad(), trainer.precision_plugin.forward_context():
            # one sentence is enough, and the head is left out: its BatchNorm would count this batch
            vectors = encoder(ids[0], mask[0])
        # not bit for bit: rows of one product may be rounded differently
        if torch.allclose(vectors[0].float(), vectors[1].float(), rtol=SAME, atol=SAME):
            settings = ", ".join(f"{k}={v:g}" for k, v in dropout_settings(encoder.backbone.config).items())
            raise SentcseError(
                "Both views of a sentence come out the same, so that InfoNCE has no positive to learn from: the "
                f"encoder's dropout is 0 ({settings}); set encoder.dropout=0.1."
            )
