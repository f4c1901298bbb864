"""`python -m sentcse.generator`, up to the training itself."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from composing import compose
from hydra.core.global_hydra import GlobalHydra

from sentcse.command.composed import run_command
from sentcse.generator import generator_job
from sentcse.sweeps.sweep_job import run_sweep_job
from sentcse.training import generator_run, preflight


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["experiment=quickstart"], 2, "experiment is not a choice of this command"),
        (["generator.name_or_path=x", "data=text", "data.path=x.txt"], 2, "generator is not a known setting"),
        (
            ["encoder.name_or_path=./nowhere", "data=text", "data.path=x.txt"],
            1,
            "error: nowhere is not a folder",
        ),
    ],
)
def test_the_command_says_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    words: list[str],
    code: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["sentcse-generator", *words])
    GlobalHydra.instance().clear()
    assert run_command(generator_job, "generator_train", run_sweep_job) == code
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error
    assert list(tmp_path.iterdir()) == []


def test_what_is_checked_is_fetched_and_then_trained_on(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setattr(preflight, "fetch_sources", lambda config: done.append(f"fetched {config.data.path}"))
    monkeypatch.setattr(generator_run, "train_generator", lambda config: done.append(f"trained {config.seed}"))
    generator_job(compose("data=text", "data.path=x.txt", "seed=7", config_name="generator_train"))
    assert done == ["fetched x.txt", "trained 7"]
