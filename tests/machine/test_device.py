from __future__ import annotations

import os
import platform
from pathlib import Path

import pytest
import torch

from sentcse.errors import ConfigError
from sentcse.machine import device
from sentcse.machine.device import (
    LIGHTNING_PRECISION,
    check_devices,
    choose_accelerator,
    choose_batch_size,
    choose_device,
    choose_devices,
    choose_precision,
    cpu_multiplies_bf16,
    describe_device,
    hardware,
    multiplies_bf16,
    processor,
)


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that says it has two GPUs."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"GPU {device.index}")


@pytest.mark.usefixtures("gpus")
def test_auto_takes_a_gpu() -> None:
    assert choose_device("auto") == torch.device("cuda")
    assert choose_device("cpu") == torch.device("cpu")
    assert describe_device(choose_device("cuda:1")) == "cuda:1 (GPU 1)"


@pytest.mark.usefixtures("gpus")
def test_auto_takes_all_gpus_of_several(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose_devices("auto") == [torch.device("cuda:0"), torch.device("cuda:1")]
    assert choose_devices("cuda:1") == [torch.device("cuda:1")]
    assert choose_devices("cpu") == [torch.device("cpu")]
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert choose_devices("auto") == [torch.device("cuda")]


@pytest.mark.parametrize(
    ("given", "accelerator", "size"), [(None, "cpu", 64), (None, "gpu", 512), (None, "mps", 512), (7, "gpu", 7)]
)
def test_scores_are_taken_in_batches_by_device(given: int | None, accelerator: str, size: int) -> None:
    assert choose_batch_size(given, accelerator) == size


def test_auto_takes_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose_device("auto") == torch.device("mps")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert choose_device("auto") == torch.device("cpu")
    assert describe_device(torch.device("cpu")) == "cpu"


@pytest.mark.usefixtures("gpus")
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("cuda:2", "device=cuda:2: there are 2 cuda devices here, numbered from 0"),
        ("gpu", "device=gpu is no device; use auto, cpu, cuda"),
        ("cuda:", "device=cuda: is no device"),
        ("cuda:one", "device=cuda:one is no device"),
        ("", "device= is no device"),
    ],
)
def test_what_is_not_there_gets_a_sentence(name: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        choose_device(name)


def test_cuda_on_a_machine_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(ConfigError, match="device=cuda: no such device here; use auto or cpu"):
        choose_device("cuda")


def machine(monkeypatch: pytest.MonkeyPatch, *, gpu: bool = False, mps: bool = False, bf16: bool = False) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: int(gpu))
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    monkeypatch.setattr(device, "cpu_multiplies_bf16", lambda: bf16)


@pytest.mark.parametrize(
    ("there", "chosen"), [({"gpu": True, "mps": True}, "gpu"), ({"mps": True}, "mps"), ({}, "cpu")]
)
def test_auto_takes_what_is_there(monkeypatch: pytest.MonkeyPatch, there: dict[str, bool], chosen: str) -> None:
    machine(monkeypatch, **there)
    assert choose_accelerator("auto") == chosen
    assert choose_accelerator("cpu") == "cpu"


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
        check_devices(devices, accelerator)
    for possible in (2, [0, 1], [1], "auto"):
        check_devices(possible, "gpu")
    check_devices(2, "cpu")


@pytest.mark.parametrize("accelerator", ["gpu", "mps"])
def test_a_device_that_is_not_there(monkeypatch: pytest.MonkeyPatch, accelerator: str) -> None:
    machine(monkeypatch)
    with pytest.raises(ConfigError, match=f"trainer.accelerator={accelerator}: no such device here"):
        choose_accelerator(accelerator)


@pytest.mark.parametrize(
    ("accelerator", "bf16", "precision"),
    [("gpu", False, "fp16"), ("gpu", True, "fp16"), ("cpu", True, "bf16"), ("cpu", False, "32"), ("mps", True, "32")],
)
def test_auto_precision(monkeypatch: pytest.MonkeyPatch, accelerator: str, bf16: bool, precision: str) -> None:
    machine(monkeypatch, bf16=bf16)
    assert choose_precision("auto", accelerator) == precision


@pytest.mark.parametrize("precision", ["32", "bf16"])
@pytest.mark.parametrize("accelerator", ["cpu", "mps", "gpu"])
def test_a_named_precision_is_taken(accelerator: str, precision: str) -> None:
    assert choose_precision(precision, accelerator) == precision
    assert precision in LIGHTNING_PRECISION


@pytest.mark.parametrize("accelerator", ["cpu", "mps"])
def test_fp16_needs_cuda(accelerator: str) -> None:
    with pytest.raises(ConfigError, match=f"fp16 needs a CUDA GPU and this run is on {accelerator}"):
        choose_precision("fp16", accelerator)


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


def test_instructions_of_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """What emulates bf16 has none."""
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda *, including_emulation: including_emulation)
    assert multiplies_bf16(torch.device("cuda")) is False
    assert multiplies_bf16(torch.device("mps")) is False
    assert multiplies_bf16(torch.device("cpu")) is cpu_multiplies_bf16()


def test_a_cpu_run_names_device_processor_and_threads() -> None:
    found = hardware("cpu")
    assert found["device"] == "cpu"
    assert found["threads"] == 1
    assert found["processor"] != ""
    assert "gpu" not in found


def test_the_processor_is_read_from_cpuinfo(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(
        f"processor\t: 0{os.linesep}model name\t: A Fast: One\nprocessor\t: 1\nmodel name\t: B\n"
    )
    assert processor(tmp_path / "cpuinfo") == "A Fast: One"


def test_elsewhere_the_platform_answers(tmp_path: Path) -> None:
    (tmp_path / "arm").write_text("CPU implementer\t: 0x61\n")
    for place in (tmp_path / "arm", tmp_path / "nowhere"):
        assert processor(place) in (platform.processor(), platform.machine())
        assert processor(place) != ""
