"""Trainings that stop at a step, as a crash or Ctrl-C would stop them."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import pytest
from pytorch_lightning import Callback, LightningModule, Trainer

from sentcse.config import TrainConfig

Stop = Callable[[TrainConfig, int, BaseException], None]
"""Train, but stop before the step after the one that is given, with this fault."""


class StopAt(Callback):
    """Raises a fault before the step after `step`: nothing is saved any more."""

    def __init__(self, step: int, fault: BaseException) -> None:
        self.step, self.fault = step, fault

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        if trainer.global_step == self.step:
            raise self.fault


@contextmanager
def with_callback(module: ModuleType, callback: Callback) -> Iterator[None]:
    """Have every trainer that `module` builds inside the block call `callback` first."""
    build = module.build_trainer

    def built(*arguments: Any) -> Trainer:
        trainer: Trainer = build(*arguments)
        trainer.callbacks.insert(0, callback)
        return trainer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "build_trainer", built)
        yield


@contextmanager
def stopping_at(module: ModuleType, step: int, fault: BaseException) -> Iterator[None]:
    """Stop every training that `module` builds inside the block; the fault must come out of it."""
    handler = signal.getsignal(signal.SIGINT)
    try:
        with with_callback(module, StopAt(step, fault)), pytest.raises(type(fault)):
            yield
    finally:
        signal.signal(signal.SIGINT, handler)  # Lightning ignores Ctrl-C once it has had one
