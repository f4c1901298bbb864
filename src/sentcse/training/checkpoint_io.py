"""Checkpoints are written whole or not at all, on any file system."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from lightning_fabric.plugins import TorchCheckpointIO


class WholeFileCheckpointIO(TorchCheckpointIO):
    """Writes beside the target and renames.

    Lightning's own goes through the system's folder for temporary files, from where a file is copied if it lies on
    another file system: a run that is killed meanwhile would leave half a checkpoint.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | os.PathLike[str], storage_options: Any = None
    ) -> None:
        """Write a checkpoint; one that was there before stays until the new one is complete."""
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.partial")
        with partial.open("wb") as file:
            torch.save(checkpoint, file)
            file.flush()
            os.fsync(file.fileno())  # else a power cut may leave the new name with no content
        os.replace(partial, target)
