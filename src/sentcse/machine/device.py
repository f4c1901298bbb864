"""The device that computes, how precisely it should, and what it is called in records."""

from __future__ import annotations

import platform
import re
from pathlib import Path

import torch

from sentcse.errors import ConfigError

NAME = re.compile(r"(?P<kind>cpu|cuda|mps)(:(?P<number>\d+))?")
LIGHTNING_PRECISION = {"32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}
CPUINFO = Path("/proc/cpuinfo")


def choose_device(name: str) -> torch.device:
    """The device of this name, for an encoder outside of training; `auto` takes a GPU if there is one.

    Args:
        name: auto, cpu, cuda, cuda:1, mps, as torch names them.

    Raises:
        ConfigError: if there is no such device here.
    """
    if name == "auto":
        return torch.device(next(kind for kind, count in _devices_here().items() if count > 0))
    known = NAME.fullmatch(name)
    if known is None:
        raise ConfigError(f"device={name} is no device; use auto, cpu, cuda, cuda:0, cuda:1 ... or mps.")
    kind, number = known["kind"], int(known["number"] or 0)
    count = _devices_here()[kind]
    if count == 0:
        raise ConfigError(f"device={name}: no such device here; use auto or cpu.")
    if number >= count:
        raise ConfigError(f"device={name}: there are {count} {kind} devices here, numbered from 0.")
    return torch.device(name)


def choose_devices(name: str) -> list[torch.device]:
    """As `choose_device`, but `auto` takes all GPUs where there are several."""
    gpus = torch.cuda.device_count() if name == "auto" and torch.cuda.is_available() else 0
    return [torch.device("cuda", i) for i in range(gpus)] if gpus > 1 else [choose_device(name)]


def choose_accelerator(name: str) -> str:
    """`gpu`, `mps` or `cpu`, as Lightning names them, for `trainer.accelerator`; `auto` takes a GPU if there is one.

    Raises:
        ConfigError: if the device is not there.
    """
    there = {"gpu" if kind == "cuda" else kind: count > 0 for kind, count in _devices_here().items()}
    if name == "auto":
        return next(kind for kind, available in there.items() if available)
    if not there[name]:
        raise ConfigError(f"trainer.accelerator={name}: no such device here; use auto or cpu.")
    return name


def check_devices(wanted: int | list[int] | str, accelerator: str) -> None:
    """Refuse devices that the accelerator cannot have.

    Args:
        wanted: `trainer.devices`: how many, which, or `auto`.
        accelerator: a name that `choose_accelerator` gave.

    Raises:
        ConfigError: for a list on a CPU, and for GPUs that are not there.
    """
    if accelerator == "cpu" and isinstance(wanted, list):
        raise ConfigError(f"trainer.devices={wanted} names devices, and a CPU has none to name: give how many.")
    if accelerator == "gpu" and not isinstance(wanted, str):
        there = torch.cuda.device_count()
        if (max(wanted) + 1 if isinstance(wanted, list) else wanted) > there:
            raise ConfigError(f"trainer.devices={wanted}: there are {there} GPUs here, numbered from 0; name fewer.")


def choose_precision(name: str, accelerator: str) -> str:
    """`32`, `bf16` or `fp16` for `trainer.precision` on this accelerator.

    auto is fp16 on CUDA, the published setting. On a CPU it is bf16 where the processor multiplies bf16 itself: equal
    scores in less time (docs/precision.md has the measurement); else 32.

    Raises:
        ConfigError: for fp16 without CUDA, which Lightning would replace by bf16 unasked.
    """
    if name == "fp16" and accelerator != "gpu":
        raise ConfigError(f"trainer.precision=fp16 needs a CUDA GPU and this run is on {accelerator}: use auto or 32.")
    if name != "auto":
        return name
    if accelerator == "gpu":
        return "fp16"
    return "bf16" if accelerator == "cpu" and cpu_multiplies_bf16() else "32"


def choose_batch_size(given: int | None, accelerator: str) -> int:
    """Sentences that are encoded together for scores: those that are given, else what keeps this accelerator busy."""
    if given is not None:
        return given
    return 64 if accelerator == "cpu" else 512


def cpu_multiplies_bf16() -> bool:
    """Whether the processor has instructions for bf16 matrix products."""
    get_capabilities = getattr(torch.cpu, "get_capabilities", None)  # torch >= 2.10
    if get_capabilities is None:
        return False
    found = get_capabilities()
    return bool(found.get("amx_bf16", False) or found.get("avx512_bf16", False) or found.get("bf16", False))


def multiplies_bf16(device: torch.device) -> bool:
    """Whether a device has instructions for bf16 matrix products."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type == "cpu" and cpu_multiplies_bf16()


def describe_device(device: torch.device) -> str:
    """The device for records, with the name of a GPU: `cuda:0 (NVIDIA H200)`."""
    return f"{device} ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else str(device)


def hardware(accelerator: str) -> dict[str, str | int]:
    """Device, processor and threads of this process, on a GPU its name.

    Args:
        accelerator: a name that `choose_accelerator` gave.
    """
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


def _devices_here() -> dict[str, int]:
    """How many there are of each kind, those that are preferred first."""
    return {
        "cuda": torch.cuda.device_count() if torch.cuda.is_available() else 0,
        "mps": int(torch.backends.mps.is_available()),
        "cpu": 1,
    }
