"""Offline W&B runs of processes side by side, and of processes that are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from composing import checked
from wandb_files import OfflineRun, parts, read_offline

from sentcse.records.metrics_file import read_rows
from sentcse.records.run_folder import RunFolder
from sentcse.training.wandb.run import SUPERSEDED

Settings = Callable[..., list[str]]

pytestmark = pytest.mark.slow

WANDB = ("logger=wandb", "trainer.threads=1")


def start(folder: Path, words: list[str]) -> subprocess.Popen[str]:
    """A training process that finds no network and no account."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    return subprocess.Popen(
        [sys.executable, "-m", "sentcse.train", *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**environment, "HF_HUB_OFFLINE": "1", "HTTPS_PROXY": "http://127.0.0.1:9", "HOME": str(folder)},
    )


def finish(process: subprocess.Popen[str]) -> str:
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 0, said
    return said


def assert_whole(found: OfflineRun, folder: RunFolder) -> None:
    """Every value of metrics.csv is in the file once, and nothing else of that kind."""
    wanted = {
        (step, key): value
        for step, row in read_rows(folder.metrics)
        for key, value in row.items()
        if not key.startswith("test/")
    }
    kept = {
        (step, key): value
        for step, row in found.history.items()
        for key, value in row.items()
        if key.startswith(("train/", "val/"))
    }
    assert kept == pytest.approx(wanted)
    assert found.exit_code == 0
    assert "best/step" in found.summary
    assert "test/pairs_spearman" in found.summary


def test_a_sweep_of_parallel_offline_jobs_loses_nothing(settings: Settings, tmp_path: Path) -> None:
    """A sweep of two jobs in two processes, and a third run beside them, all in one folder of runs."""
    sweep = ["-m", *settings(*WANDB, "seed=1,2", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2")]
    alone = settings(*WANDB, "seed=3", "logger.tags=[alone]")
    for process in [start(tmp_path, sweep), start(tmp_path, alone)]:
        finish(process)
    found = {}
    for seed in (1, 2, 3):
        folder = RunFolder(checked(*settings(*WANDB, f"seed={seed}")))
        (part,) = parts(folder.path)
        found[seed] = read_offline(part)
        assert_whole(found[seed], folder)
        assert found[seed].config["seed"] == seed
        assert f"seed={seed}" in found[seed].run["tags"]
    assert len({each.run["run_id"] for each in found.values()}) == 3
    (sweep_folder,) = (tmp_path / "runs" / "sweeps").iterdir()
    assert [found[seed].run.get("run_group") for seed in (1, 2, 3)] == [sweep_folder.name, sweep_folder.name, None]


def test_a_run_that_is_killed_twice_is_whole_at_the_end(settings: Settings, tmp_path: Path) -> None:
    words = settings(*WANDB, "trainer.max_epochs=30", "evaluation.every_n_steps=7")
    folder = RunFolder(checked(*words))
    for step in (20, 90):
        process = start(tmp_path, words)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and process.poll() is None:
            if folder.metrics.is_file() and max([at for at, _ in read_rows(folder.metrics)], default=0) >= step:
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(0.01)
        assert process.wait(60) == -signal.SIGKILL
    said = finish(start(tmp_path, words))
    assert "Continuing at step" in said
    (part,) = parts(folder.path)
    assert_whole(read_offline(part), folder)
    assert sorted(read_offline(part).history) == list(range(151))
    assert len(list((folder.path / "wandb" / SUPERSEDED).iterdir())) == 2
