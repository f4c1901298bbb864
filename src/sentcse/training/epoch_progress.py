"""Lightning loses count of an epoch that it begins by continuing at the end of the one before."""

from __future__ import annotations

from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer


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
