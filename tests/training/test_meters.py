"""Pace and bar, by a clock that the tests turn on."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from sentcse.training import meters
from sentcse.training.meters import ProgressBar, Throughput


class Clock:
    """Seconds that pass when it is told so."""

    def __init__(self) -> None:
        self.now = 100.0

    def perf_counter(self) -> float:
        return self.now


class Logged(dict[str, float]):
    """A module that keeps what is logged last."""

    device = torch.device("cpu")

    def log(self, name: str, value: float) -> None:
        self[name] = value


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(meters, "time", clock)
    return clock


def at_step(step: int, *, rate: float = 0.5, processes: int = 1) -> Any:
    optimizer = SimpleNamespace(param_groups=[{"lr": rate}])
    return SimpleNamespace(global_step=step, log_every_n_steps=2, world_size=processes, optimizers=[optimizer])


def train_batch(meter: Throughput, module: Any, step: int, clock: Clock, seconds: float, **options: Any) -> None:
    """A batch of eight sentences that takes so long."""
    batch, trainer = {"input_ids": [None] * 8}, at_step(step - 1, **options)
    meter.on_train_batch_start(trainer, module, batch, 0)
    clock.now += seconds
    trainer.global_step, trainer.optimizers[0].param_groups[0]["lr"] = step, 0.0  # the schedule has moved on
    meter.on_train_batch_end(trainer, module, None, batch, 0)


def test_sentences_by_second_leave_out_what_lies_between_batches(clock: Clock) -> None:
    meter, logged = Throughput(), Logged()
    train_batch(meter, logged, 1, clock, 1.0)
    assert "train/sentences_per_second" not in logged  # Lightning logs every second step
    clock.now += 1000  # an evaluation
    train_batch(meter, logged, 2, clock, 3.0)
    assert logged["train/sentences_per_second"] == 16 / 4
    # what was logged is not counted again
    train_batch(meter, logged, 3, clock, 1.0)
    train_batch(meter, logged, 4, clock, 1.0)
    assert logged["train/sentences_per_second"] == 8


def test_all_processes_count(clock: Clock) -> None:
    meter, logged = Throughput(), Logged()
    train_batch(meter, logged, 2, clock, 2.0, processes=3)
    assert logged["train/sentences_per_second"] == 3 * 8 / 2


def test_the_rate_is_that_of_the_step_and_not_of_the_next(clock: Clock) -> None:
    meter, logged = Throughput(), Logged()
    train_batch(meter, logged, 2, clock, 1.0, rate=0.25)
    assert logged["train/learning_rate"] == 0.25


def test_seconds_go_on_over_restarts(clock: Clock) -> None:
    meter = Throughput()
    clock.now += 50  # loading
    assert meter.total_seconds() == 0
    meter.on_train_start(at_step(0), None)  # type: ignore[arg-type]
    clock.now += 20
    assert meter.state_dict() == {"seconds": 20}
    again = Throughput()
    again.load_state_dict(meter.state_dict())
    assert again.total_seconds() == 20
    again.on_train_start(at_step(7), None)  # type: ignore[arg-type]
    clock.now += 5
    assert again.total_seconds() == 25


def test_the_bar_shows_the_best_score_and_no_version() -> None:
    evaluation: Any = SimpleNamespace(best={})
    logger = SimpleNamespace(version="12345678")
    trainer: Any = SimpleNamespace(loggers=[logger], progress_bar_metrics={"train/loss": 0.5})
    bar = ProgressBar(evaluation)
    assert bar.get_metrics(trainer, None) == {"loss": 0.5}  # type: ignore[arg-type]
    evaluation.best = {"step": 2, "score": 81.234}
    assert bar.get_metrics(trainer, None) == {"loss": 0.5, "best": "81.23"}  # type: ignore[arg-type]
