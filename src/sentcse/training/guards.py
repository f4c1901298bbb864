"""What stops a run that would train on for nothing: a loss that is no number, or two views that are one."""

from __future__ import annotations

import math
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.plugins.precision import MixedPrecision
from torch import Tensor

from sentcse.errors import SentcseError
from sentcse.modules.dropout import dropout_settings
from sentcse.training.sharding import whole_weights

SAME = 0.01
"""Values closer than this are one value: a few roundings of bfloat16; a dropout of 0.1 % moves MiniLM's by 0.14."""


SKIPPED_IN_A_ROW = 20
"""Steps that fp16 may leave out one after the other: each halves the loss scale, from 65,536 to nothing."""


class LossGuard(Callback):
    """Stops at a loss that is not finite, or under fp16 where the gradient scaler has to leave out step after step.

    Looks where Lightning logs, so that a GPU is not waited for at every step. Under fp16 logs `train/loss_scale` and
    `train/skipped_steps`, those since the row before; one loss that is not finite is left out and ends nothing.

    Raises:
        SentcseError: naming step, learning rate and what to try.
    """

    def __init__(self) -> None:
        self._scale = 0.0
        self._step = 0
        self._in_a_row = 0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Note where the loss scale starts."""
        scaler = _scaler(trainer)
        if scaler is not None:
            self._scale, self._step = scaler.get_scale(), trainer.global_step

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Look at the loss of a logged step, or at the scale."""
        if trainer.global_step % trainer.log_every_n_steps != 0:  # type: ignore[attr-defined]
            return
        scaler = _scaler(trainer)
        if scaler is not None:
            self._look_at_scale(trainer, pl_module, scaler.get_scale())
            return
        loss = outputs["loss"].detach()
        if not torch.isfinite(loss):
            raise SentcseError(
                f"The loss of step {trainer.global_step} is {loss.item():g} ({_settings(trainer)}): set a lower "
                "optimizer.learning_rate, or trainer.precision=32. What was selected before is in the run's folder."
            )

    def _look_at_scale(self, trainer: Trainer, pl_module: LightningModule, scale: float) -> None:
        steps = trainer.global_step - self._step
        # it doubles after 2,000 good steps at the soonest: between two looks it falls only by what is skipped
        skipped = max(0, round(math.log2(self._scale / scale))) if scale > 0 else steps
        self._in_a_row = self._in_a_row + skipped if skipped >= steps else 0
        self._scale, self._step = scale, trainer.global_step
        pl_module.log("train/loss_scale", scale)
        pl_module.log("train/skipped_steps", float(skipped))
        if self._in_a_row >= SKIPPED_IN_A_ROW:
            raise SentcseError(
                f"The gradients of the last {self._in_a_row} steps before step {trainer.global_step} were not finite, "
                f"and no step was made ({_settings(trainer)}, loss scale {scale:g}): set a lower "
                "optimizer.learning_rate, or trainer.precision=bf16 or 32. What was selected before is in the run's "
                "folder."
            )


def _scaler(trainer: Trainer) -> torch.amp.GradScaler | None:
    plugin = trainer.precision_plugin
    return plugin.scaler if isinstance(plugin, MixedPrecision) else None


def _settings(trainer: Trainer) -> str:
    return f"learning rate {trainer.optimizers[0].param_groups[0]['lr']:.3g}, precision {trainer.precision}"


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
        twice = ids.shape[1] == 2 and torch.equal(ids[:, 0], ids[:, 1])
        if not trainer.strategy.broadcast(twice):
            return  # pairs are different sentences
        with whole_weights(trainer, pl_module) as whole:
            same = whole is not None and self._are_one(trainer, whole.encoder, ids[0], mask[0])
        # processes end together: one that goes on would wait for the others
        if trainer.strategy.broadcast(same):
            encoder: Any = pl_module.encoder
            settings = ", ".join(f"{k}={v:g}" for k, v in dropout_settings(encoder.backbone.config).items())
            raise SentcseError(
                "Both views of a sentence come out the same, so that InfoNCE has no positive to learn from: the "
                f"encoder's dropout is 0 ({settings}); set encoder.dropout=0.1."
            )

    def _are_one(self, trainer: Trainer, encoder: Any, ids: Tensor, mask: Tensor) -> bool:
        """Whether two views, (2, tokens) each of ids and mask, have one vector."""
        with torch.no_grad(), trainer.precision_plugin.forward_context():
            # one sentence is enough, and the head is left out: its BatchNorm would count this batch
            vectors = encoder(ids, mask)
        # not bit for bit: rows of one product may be rounded differently
        return torch.allclose(vectors[0].float(), vectors[1].float(), rtol=SAME, atol=SAME)
