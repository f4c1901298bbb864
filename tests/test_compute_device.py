from __future__ import annotations

import pytest
import torch

from sentcse.compute_device import choose_device, describe_device
from sentcse.errors import ConfigError


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
