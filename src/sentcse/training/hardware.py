"""The machine that a run is on, for its record."""

from __future__ import annotations

import platform
from pathlib import Path

import torch

from sentcse.config.schema import Trainer
from sentcse.training.device import choose_accelerator

CPUINFO = Path("/proc/cpuinfo")


def hardware(trainer: Trainer) -> dict[str, str | int]:
    """Device, processor and threads, on a GPU its name: of the last process, where a run was continued."""
    return machine(choose_accelerator(trainer))


def machine(accelerator: str) -> dict[str, str | int]:
    """The same of this process, with `accelerator` being the device: `cpu`, `gpu` or another of Lightning's names."""
    gpu = {"gpu": torch.cuda.get_device_name()} if accelerator == "gpu" else {}
    return {"device": accelerator, **gpu, "processor": processor(CPUINFO), "threads": torch.get_num_threads()}


def processor(cpuinfo: Path) -> str:
    """The processor's name from Linux's cpuinfo; elsewhere what the platform says, at least its architecture."""
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name" and value.strip():
                return value.strip()
    named = platform.processor()
    return named if named else platform.machine()
