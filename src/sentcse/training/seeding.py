"""Every step's randomness is a function of (seed, epoch, batch, rank): a run that was killed continues bit for bit."""

from __future__ import annotations

import hashlib
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer


def step_seed(seed: int, epoch: int, batch: int, rank: int) -> int:
    """A 63-bit seed that shares nothing with those of neighbouring steps."""
    digest = hashlib.blake2b(f"{seed}/{epoch}/{batch}/{rank}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


class StepSeed(Callback):
    """Reseeds torch before every batch, so that dropout and masking depend on nothing that came before."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Reseed the CPU and every GPU."""
        torch.manual_seed(step_seed(self.seed, trainer.current_epoch, batch_idx, trainer.global_rank))
