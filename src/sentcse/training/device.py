"""Where a run computes, and how precisely."""

from __future__ import annotations

import torch

from sentcse.config.schema import Trainer
from sentcse.cpu import cpu_multiplies_bf16
from sentcse.errors import ConfigError

LIGHTNING_PRECISION = {"32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}


def choose_accelerator(trainer: Trainer) -> str:
    """`cpu`, `gpu` or `mps` for the configured accelerator; auto takes a GPU if there is one.

    Raises:
        ConfigError: if the device is not there.
    """
    there = {"gpu": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if trainer.accelerator == "auto":
        return next(name for name, available in there.items() if available)
    if not there[trainer.accelerator]:
        raise ConfigError(f"trainer.accelerator={trainer.accelerator}: no such device here; use auto or cpu.")
    return trainer.accelerator


def check_devices(trainer: Trainer, accelerator: str) -> None:
    """Refuse devices that the accelerator cannot have.

    Raises:
        ConfigError: for a list on a CPU, and for GPUs that are not there.
    """
    wanted = trainer.devices
    if accelerator == "cpu" and isinstance(wanted, list):
        raise ConfigError(f"trainer.devices={wanted} names devices, and a CPU has none to name: give how many.")
    if accelerator == "gpu" and wanted != "auto":
        there = torch.cuda.device_count()
        if (max(wanted) + 1 if isinstance(wanted, list) else wanted) > there:
            raise ConfigError(f"trainer.devices={wanted}: there are {there} GPUs here, numbered from 0; name fewer.")


def choose_precision(trainer: Trainer, accelerator: str) -> str:
    """`32`, `bf16` or `fp16` for the configured precision on this device.

    auto is fp16 on CUDA, the published setting. On a CPU it is bf16 where the processor multiplies bf16 itself: equal
    scores in less time (docs/precision.md has the measurement); else 32.

    Raises:
        ConfigError: for fp16 without CUDA, which Lightning would replace by bf16 unasked.
    """
    if trainer.precision == "fp16" and accelerator != "gpu":
        raise ConfigError(f"trainer.precision=fp16 needs a CUDA GPU and this run is on {accelerator}: use auto or 32.")
    if trainer.precision != "auto":
        return trainer.precision
    if accelerator == "gpu":
        return "fp16"
    return "bf16" if accelerator == "cpu" and cpu_multiplies_bf16() else "32"
