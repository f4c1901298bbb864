"""A run that was stopped anywhere and started again ends bit for bit as one that was left alone."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from composing import checked
from forking import Ended, Server
from run_outcomes import outcome

from sentcse.config import TrainConfig
from sentcse.records.run_folder import RunFolder

Configure = Callable[..., TrainConfig]
Settings = Callable[..., list[str]]

LONG = (
    "trainer.max_epochs=24",
    "evaluation.every_n_steps=7",
    "runs.root=runs",
    "data.cache_dir=cache",
    "trainer.save_last_minutes=0.003",
    "trainer.threads=1",
)
"""120 steps: time enough to be killed in."""


def finish(server: Server, folder: Path, words: list[str]) -> str:
    folder.mkdir(exist_ok=True)
    ended = server.run("train", words, folder)
    assert ended.code == 0, ended.said
    return ended.said


def stop_at(server: Server, folder: Path, words: list[str], step: int, how: signal.Signals) -> Ended:
    """Start, send a signal once a row of `step` or later is written, and wait for the end."""
    folder.mkdir(exist_ok=True)
    rows = folder / RunFolder(checked(*words)).path / "metrics.csv"
    started, deadline = server.start("train", words, folder), time.monotonic() + 120
    while not (rows.is_file() and any(int(row.split(",")[0]) >= step for row in rows.read_text().splitlines()[1:-1])):
        assert time.monotonic() < deadline, started.log.read_text()
        time.sleep(0.002)
    started.send(how)
    ended = started.wait()
    assert ended.code != 0, f"the run was over before it could be stopped at step {step}: {ended.said}"
    return ended


@pytest.mark.slow
@pytest.mark.parametrize(
    "more",
    [[], ["trainer.accumulate_grad_batches=2"], ["data.num_workers=2"], ["trainer.precision=bf16"]],
    ids=["plain", "accumulation", "workers", "bf16"],
)
def test_sigkill(settings: Settings, tmp_path: Path, forked: Server, more: list[str]) -> None:
    words = settings(*LONG, *more)
    draw = random.Random(time.time_ns())
    steps = sorted(draw.sample(range(2, 45 if "accumulate" in str(more) else 90), 2))
    print("killed at", steps)  # shown where the test fails
    for step in steps:
        ended = stop_at(forked, tmp_path / "killed", words, step, signal.SIGKILL)
        assert ended.code == -signal.SIGKILL, ended.said
    finish(forked, tmp_path / "killed", words)
    finish(forked, tmp_path / "alone", words)
    name = RunFolder(checked(*words)).path
    assert outcome(tmp_path / "killed" / name) == outcome(tmp_path / "alone" / name)
    assert "This run is complete" in finish(forked, tmp_path / "killed", words)


@pytest.mark.slow
@pytest.mark.parametrize(("how", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_asked_to_stop(settings: Settings, tmp_path: Path, forked: Server, how: signal.Signals, code: int) -> None:
    words = settings(*LONG)
    ended = stop_at(forked, tmp_path / "stopped", words, 30, how)
    assert ended.code == code, ended.said
    assert "Traceback" not in ended.said
    assert "The same command continues" in ended.said
    assert "Continuing at step" in finish(forked, tmp_path / "stopped", words)
    finish(forked, tmp_path / "alone", words)
    name = RunFolder(checked(*words)).path
    assert outcome(tmp_path / "stopped" / name) == outcome(tmp_path / "alone" / name)
