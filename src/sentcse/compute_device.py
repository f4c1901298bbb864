"""The device that an encoder computes on outside of training."""

from __future__ import annotations

import re

import torch

from sentcse.errors import ConfigError

NAME = re.compile(r"(?P<kind>cpu|cuda|mps)(:(?P<number>\d+))?")


def choose_device(name: str) -> torch.device:
    """The device of this name; `auto` takes a GPU if there is one.

    Args:
        name: auto, cpu, cuda, cuda:1, mps, as torch names them.

    Raises:
        ConfigError: if there is no such device here.
    """
    if name == "auto":
        present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
        return torch.device(next(kind for kind, is_there in present.items() if is_there))
    known = NAME.fullmatch(name)
    if known is None:
        raise ConfigError(f"device={name} is no device; use auto, cpu, cuda, cuda:0, cuda:1 ... or mps.")
    kind, number = known["kind"], int(known["number"] or 0)
    there = {"cpu": 1, "cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available())}
    count = there[kind]
    if count == 0:
        raise ConfigError(f"device={name}: no such device here; use auto or cpu.")
    if number >= count:
        raise ConfigError(f"device={name}: there are {count} {kind} devices here, numbered from 0.")
    return torch.device(name)


def describe_device(device: torch.device) -> str:
    """The device for records, with the name of a GPU: `cuda:0 (NVIDIA H200)`."""
    return f"{device} ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else str(device)
