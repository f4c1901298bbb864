"""What lets a killed run continue bit for bit: randomness by step, epochs counted, checkpoints written whole.

Every step's randomness is a function of (seed, epoch, batch, rank) and of nothing that ran before.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import torch
from lightning_fabric.plugins import TorchCheckpointIO
from pytorch_lightning import Callback, LightningModule, Trainer

from sentcse.errors import SentcseError
from sentcse.machine.files import first_line, written_whole


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


class EpochProgress(Callback):
    """Writes into a checkpoint that its epoch has begun.

    A run that continues from a checkpoint of an epoch's last batch goes on with the next epoch, but Lightning (2.6)
    does not count that one as begun, because the hook that would has already been passed when it restarted. A
    checkpoint of that epoch then looks as if made between two epochs, and a run that continues from it in its turn
    takes the epoch's first batches once more. While a batch ends, an epoch has begun and has not been left: its
    counters follow from the number of epochs that have been left.
    """

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Count the epoch as begun."""
        loops = checkpoint["loops"]["fit_loop"]
        batches = loops["epoch_loop.batch_progress"]["current"]
        if batches["completed"] == batches["processed"]:
            return  # no batch is ending: the run is over
        progress = loops["epoch_progress"]
        for counters in (progress["total"], progress["current"]):
            counters["ready"] = counters["started"] = counters["processed"] + 1


class WholeFileCheckpointIO(TorchCheckpointIO):
    """Writes beside the target and renames.

    Lightning's own goes through the system's folder for temporary files, from where a file is copied if it lies on
    another file system: a run that is killed meanwhile would leave half a checkpoint.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | os.PathLike[str], storage_options: Any = None
    ) -> None:
        """Write a checkpoint; one that was there before stays until the new one is complete.

        Raises:
            SentcseError: if it cannot be written, as when the disk is full.
        """
        target = Path(path)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with written_whole(target, alone=True) as partial:
                torch.save(checkpoint, partial)
        except (OSError, RuntimeError) as error:
            if (signal := _signal_behind(error)) is not None:
                raise signal from None
            raise SentcseError(
                f"{target} cannot be written ({first_line(error)}): is the disk full? The checkpoint before it is "
                "whole; make room, and the same command continues from there."
            ) from error


def _signal_behind(error: BaseException) -> BaseException | None:
    """Ctrl-C or SIGTERM in the midst of writing: torch's writer, left half way, raises a fault of its own on top."""
    behind = error.__context__
    while behind is not None and not isinstance(behind, KeyboardInterrupt | SystemExit):
        behind = behind.__context__
    return behind
