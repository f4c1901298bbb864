"""A run that was stopped anywhere and started again ends bit for bit as one that was left alone."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from composing import checked
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


# The rest is done to processes, which is the real thing and slow.


def start(folder: Path, words: list[str]) -> subprocess.Popen[str]:
    folder.mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-m", "sentcse.train", *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )


def finish(folder: Path, words: list[str]) -> str:
    process = start(folder, words)
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 0, said
    return said


def stop_at(folder: Path, words: list[str], step: int, how: signal.Signals) -> tuple[int, str]:
    """Start, send a signal once a row of `step` or later is written, return the exit code and what was said."""
    process = start(folder, words)
    path = folder / RunFolder(checked(*words)).path / "metrics.csv"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        if path.is_file() and any(int(line.split(",")[0]) >= step for line in path.read_text().splitlines()[1:-1]):
            process.send_signal(how)
            break
        time.sleep(0.002)
    said, _ = process.communicate(timeout=120)
    assert process.returncode != 0, f"the run was over before it could be stopped at step {step}: {said}"
    return process.returncode, said


@pytest.mark.slow
@pytest.mark.parametrize(
    "more",
    [[], ["trainer.accumulate_grad_batches=2"], ["data.num_workers=2"], ["trainer.precision=bf16"]],
    ids=["plain", "accumulation", "workers", "bf16"],
)
def test_sigkill(settings: Settings, tmp_path: Path, more: list[str]) -> None:
    words = settings(*LONG, *more)
    draw = random.Random(time.time_ns())
    steps = sorted(draw.sample(range(2, 45 if "accumulate" in str(more) else 90), 2))
    print("killed at", steps)  # shown where the test fails
    for step in steps:
        code, said = stop_at(tmp_path / "killed", words, step, signal.SIGKILL)
        assert code == -signal.SIGKILL, said
    finish(tmp_path / "killed", words)
    finish(tmp_path / "alone", words)
    name = RunFolder(checked(*words)).path
    assert outcome(tmp_path / "killed" / name) == outcome(tmp_path / "alone" / name)
    assert "This run is complete" in finish(tmp_path / "killed", words)


@pytest.mark.slow
@pytest.mark.parametrize(("how", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_asked_to_stop(settings: Settings, tmp_path: Path, how: signal.Signals, code: int) -> None:
    words = settings(*LONG)
    found, said = stop_at(tmp_path / "stopped", words, 30, how)
    assert found == code, said
    assert "Traceback" not in said
    assert "The same command continues" in said
    assert "Continuing at step" in finish(tmp_path / "stopped", words)
    finish(tmp_path / "alone", words)
    name = RunFolder(checked(*words)).path
    assert outcome(tmp_path / "stopped" / name) == outcome(tmp_path / "alone" / name)
