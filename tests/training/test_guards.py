"""A loss that is not finite ends the run with a sentence."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from sentcse.errors import SentcseError
from sentcse.training.guards import LossGuard


def look(loss: float, *, step: int) -> None:
    trainer: Any = SimpleNamespace(
        global_step=step,
        log_every_n_steps=10,
        precision="bf16-mixed",
        optimizers=[SimpleNamespace(param_groups=[{"lr": 0.5}])],
    )
    module: Any = None
    LossGuard().on_train_batch_end(trainer, module, {"loss": torch.tensor(loss)}, {}, 0)


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_it_stops_at_a_logged_step(loss: float) -> None:
    with pytest.raises(SentcseError, match=r"step 20 is (nan|inf) \(learning rate 0.5.*lower optimizer.learning_rate"):
        look(loss, step=20)


def test_it_lets_numbers_pass_and_looks_at_logged_steps_only() -> None:
    look(1.5, step=20)
    look(float("nan"), step=21)
    with pytest.raises(SentcseError, match="step 30 is nan"):
        look(float("nan"), step=30)
