"""What every test may rely on: one thread, no hub, real data only where SENTCSE_DATA names it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest_plugins = ["run_fixtures", "sweep_fixtures", "transfer_fixtures"]

# before any Hugging Face library is imported
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("WANDB_MODE", "offline")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


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
