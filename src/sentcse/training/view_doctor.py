"""Two views of a sentence must differ: some encoders ship with dropout 0, and then SimCSE has nothing to learn from."""

from __future__ import annotations

from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer

from sentcse.dropout_settings import dropout_settings
from sentcse.errors import SentcseError

SAME = 0.01
"""Values closer than this are one value: a few roundings of bfloat16; a dropout of 0.1 % moves MiniLM's by 0.14."""


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
