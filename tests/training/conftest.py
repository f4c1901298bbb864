"""Trainings that stop at a step."""

from __future__ import annotations

import pytest
from stopping import Stop, stopping_at

from sentcse.config import TrainConfig
from sentcse.training import run as module
from sentcse.training.run import train


@pytest.fixture
def stopped() -> Stop:
    """Train, but stop before the step after `step`."""

    def stopped(config: TrainConfig, step: int, fault: BaseException) -> None:
        with stopping_at(module, step, fault):
            train(config)

    return stopped
