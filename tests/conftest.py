"""What every test may rely on: one thread, no hub, real data only where SENTCSE_DATA names it."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest_plugins = ["run_fixtures", "sweep_fixtures", "transfer_fixtures", "usual_fixtures"]

# before any Hugging Face library is imported
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("WANDB_MODE", "offline")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
# of the commands that tests start: threads of several tests at once wait for each other longer than they compute
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_interrupts() -> None:
    """A shell's background job has it ignored, and so would all that is tested."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _no_handler_left() -> Iterator[None]:
    """A command that runs in this process has its messages go to what is its output: closed, when the test is over."""
    yield
    for handler in logging.root.handlers[:]:
        if type(handler) is logging.StreamHandler:
            logging.root.removeHandler(handler)


@pytest.fixture
def float64() -> Iterator[None]:
    """Models and tensors of double precision, for claims of equality: what is left between two ways is a fault.

    In float32 the distance of two ways depends on the processor's instructions, as far as 1e-5 in a small model.
    """
    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.fixture
def without_float64(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Apple's GPUs, which have none: only what was brought to the CPU may become double."""
    from torch import Tensor

    brought: list[Tensor] = []
    cpu, double = Tensor.cpu, Tensor.double

    def bring(tensor: Tensor) -> Tensor:
        brought.append(cpu(tensor))
        return brought[-1]

    def widen(tensor: Tensor) -> Tensor:
        assert any(each is tensor for each in brought), "an Apple GPU has no float64"
        return double(tensor)

    monkeypatch.setattr(Tensor, "cpu", bring)
    monkeypatch.setattr(Tensor, "double", widen)


@pytest.fixture(scope="session")
def golden_folder() -> Path:
    """Values of the published implementations: SENTCSE_GOLDEN, else those that lie beside the tests."""
    return Path(os.environ.get("SENTCSE_GOLDEN", Path(__file__).parent / "golden"))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real evaluation data and sentences."""
    folder = os.environ.get("SENTCSE_DATA")
    if folder is None:
        pytest.skip("SENTCSE_DATA is not set: real evaluation data are not at hand")
    return Path(folder)
