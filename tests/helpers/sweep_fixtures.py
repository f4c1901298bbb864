"""`python -m sentcse.train -m` with jobs that take no time."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hydra.core.global_hydra import GlobalHydra
from sweeping import Job, RunSweep

from sentcse.command.composed import run_command
from sentcse.sweeps.sweep_job import run_sweep_job


@pytest.fixture
def sweep(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> RunSweep:
    """`python -m sentcse.train -m` with a job of the test's own, in an empty folder; returns the exit code."""
    monkeypatch.chdir(tmp_path)

    def sweep(job: Job, *words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["sentcse-train", "-m", "experiment=simcse_bert", *words])
        GlobalHydra.instance().clear()
        return run_command(job, "train", run_sweep_job)

    return sweep
