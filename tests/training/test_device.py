from __future__ import annotations

import pytest
import torch

from sentcse.config.schema import Trainer
from sentcse.cpu import cpu_multiplies_bf16
from sentcse.errors import ConfigError
from sentcse.training import device
from sentcse.training.device import (
    LIGHTNING_PRECISION,
    check_devices,
    choose_accelerator,
    choose_precision,
)


def machine(monkeypatch: pytest.MonkeyPatch, *, gpu: bool = False, mps: bool = False, bf16: bool = False) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    monkeypatch.setattr(device, "cpu_multiplies_bf16", lambda: bf16)


@pytest.mark.parametrize(
    ("there", "chosen"), [({"gpu": True, "mps": True}, "gpu"), ({"mps": True}, "mps"), ({}, "cpu")]
)
def test_auto_takes_what_is_there(monkeypatch: pytest.MonkeyPatch, there: dict[str, bool], chosen: str) -> None:
    machine(monkeypatch, **there)
    assert choose_accelerator(Trainer()) == chosen
    assert choose_accelerator(Trainer(accelerator="cpu")) == "cpu"


@pytest.mark.parametrize(
    ("accelerator", "devices", "sentence"),
    [
        ("cpu", [0], r"trainer\.devices=\[0\] names devices, and a CPU has none to name"),
        ("gpu", 3, r"trainer\.devices=3: there are 2 GPUs here"),
        ("gpu", [0, 2], r"trainer\.devices=\[0, 2\]: there are 2 GPUs here"),
    ],
)
def test_devices_that_are_not_there(
    monkeypatch: pytest.MonkeyPatch, accelerator: str, devices: int | list[int], sentence: str
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(ConfigError, match=sentence):
        check_devices(Trainer(devices=devices), accelerator)
    for possible in (2, [0, 1], [1], "auto"):
        check_devices(Trainer(devices=possible), "gpu")
    check_devices(Trainer(devices=2), "cpu")


@pytest.mark.parametrize("accelerator", ["gpu", "mps"])
def test_a_device_that_is_not_there(monkeypatch: pytest.MonkeyPatch, accelerator: str) -> None:
    machine(monkeypatch)
    with pytest.raises(ConfigError, match=f"trainer.accelerator={accelerator}: no such device here"):
        choose_accelerator(Trainer(accelerator=accelerator))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("accelerator", "bf16", "precision"),
    [("gpu", False, "fp16"), ("gpu", True, "fp16"), ("cpu", True, "bf16"), ("cpu", False, "32"), ("mps", True, "32")],
)
def test_auto_precision(monkeypatch: pytest.MonkeyPatch, accelerator: str, bf16: bool, precision: str) -> None:
    machine(monkeypatch, bf16=bf16)
    assert choose_precision(Trainer(), accelerator) == precision


@pytest.mark.parametrize("precision", ["32", "bf16"])
@pytest.mark.parametrize("accelerator", ["cpu", "mps", "gpu"])
def test_a_named_precision_is_taken(accelerator: str, precision: str) -> None:
    assert choose_precision(Trainer(precision=precision), accelerator) == precision  # type: ignore[arg-type]
    assert precision in LIGHTNING_PRECISION


@pytest.mark.parametrize("accelerator", ["cpu", "mps"])
def test_fp16_needs_cuda(accelerator: str) -> None:
    with pytest.raises(ConfigError, match=f"fp16 needs a CUDA GPU and this run is on {accelerator}"):
        choose_precision(Trainer(precision="fp16"), accelerator)


@pytest.mark.parametrize(
    ("found", "can"),
    [({"amx_bf16": True}, True), ({"avx512_bf16": True}, True), ({"avx512": True}, False), ({}, False)],
)
def test_instructions_of_the_processor(monkeypatch: pytest.MonkeyPatch, found: dict[str, bool], can: bool) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: found, raising=False)
    assert cpu_multiplies_bf16() is can


def test_an_older_torch_knows_no_instructions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert cpu_multiplies_bf16() is False
