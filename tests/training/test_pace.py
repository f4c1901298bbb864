"""Steps that are timed: what a whole run has of them, and that nothing is left behind."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from sentcse.config import TrainConfig
from sentcse.training import pace
from sentcse.training.pace import Pace, time_steps


def test_seconds_of_a_run() -> None:
    found = Pace(5, seconds_a_step=0.5, steps=100, seconds_an_evaluation=2.0, evaluations=4, test_share=0.5)
    assert found.seconds_a_run == 100 * 0.5 + (4 + 0.5) * 2
    assert replace(found, test_share=None).seconds_a_run == 100 * 0.5 + 4 * 2


def test_a_run_is_counted_from_a_few_steps_of_it(
    configure: Callable[..., TrainConfig],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Forty sentences in batches of eight, two batches a step: three steps an epoch, the last of one batch."""
    monkeypatch.setattr(pace, "load_sts", lambda *tasks, **options: [SimpleNamespace(pairs=45)] * 2)
    config = configure("trainer.accumulate_grad_batches=2", "trainer.max_epochs=3", "evaluation.every_n_steps=4")
    caplog.set_level(logging.INFO, "sentcse")
    found = time_steps(config, 2)
    assert (found.timed_steps, found.steps, found.test_share) == (2, 9, 3.0)
    # before the first step, at 4, 8 and 9
    assert found.evaluations == 4
    assert 0 < found.seconds_a_step < 60
    assert 0 < found.seconds_an_evaluation < 60
    assert caplog.messages == []
    assert not list(tmp_path.glob(".timed-*"))
    assert not (tmp_path / "runs").exists()
    assert time_steps(configure("trainer.max_steps=7"), 1).steps == 7
