"""One run on two devices: two processes that Lightning starts, one folder that the first alone writes."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sweeping import results

from sentcse.config import TrainConfig
from sentcse.errors import ConfigError, DataError
from sentcse.methods import SimCSE
from sentcse.records.run_folder import RunFolder
from sentcse.training import frame
from sentcse.training.fitting import start_or_continue
from sentcse.training.run import EncoderRun, method_class, train

Configure = Callable[..., TrainConfig]
Settings = Callable[..., list[str]]

TWO = ("trainer.devices=2", "trainer.strategy=ddp", "trainer.threads=1")


def command(folder: Path, words: list[str]) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "sentcse.train", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


@pytest.mark.slow
def test_two_processes_make_one_run(settings: Settings, configure: Configure, tmp_path: Path) -> None:
    words = settings(*TWO)
    said = command(tmp_path, words)
    folder = RunFolder(configure(*TWO))
    # 40 sentences in batches of twice 8: two whole ones and a short one
    assert "3 steps an epoch" in said
    assert said.count("before training") == 1  # the first process alone speaks
    with folder.metrics.open(newline="") as lines:
        steps = [int(row["step"]) for row in csv.DictReader(lines) if row["val/pairs_spearman"]]
    assert steps == [0, 2, 4, 6]
    results = json.loads(folder.results.read_text())
    assert results["best"]["step"] in steps
    assert (folder.encoder / "model.safetensors").is_file()

    assert "This run is complete" in command(tmp_path, words)
    again = command(tmp_path, [*words, "overwrite=true"])
    assert "before training" in again
    assert json.loads(folder.results.read_text())["best"] == results["best"]


def test_a_further_process_leaves_the_folder_alone(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    did: list[str] = []
    monkeypatch.setattr(frame.rank_zero_only, "rank", 1)
    monkeypatch.setattr(frame.logging.getLogger("sentcse"), "level", 0)  # restored afterwards
    monkeypatch.setattr(EncoderRun, "prepare", lambda run: did.append("prepare"))
    monkeypatch.setattr(EncoderRun, "fit", lambda run: did.append("fit"))
    folder = RunFolder(configure())
    folder.create(configure())
    before = sorted(folder.path.rglob("*"))
    assert train(configure("overwrite=true")) == {}
    assert did == ["prepare", "fit"]
    assert sorted(folder.path.rglob("*")) == before
    # of a finished run, its first process trains nothing either
    folder.results.write_text(json.dumps(results()))
    assert train(configure()) == {}
    assert did == ["prepare", "fit"]


def test_too_few_sentences_for_two_processes(configure: Configure, tmp_path: Path) -> None:
    corpus = tmp_path / "three.txt"
    corpus.write_text("a dog\na man\nthe city\n")
    config = configure(f"data.path={corpus}")
    run = EncoderRun(config)
    run.prepare()

    class Trainer:
        global_rank, world_size = 0, 2

    with pytest.raises(DataError, match=r"3 sentence\(s\) for 2 process\(es\)"):
        start_or_continue(Trainer(), run.method, run.data, run.folder)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("sentcse.methods.Nothing", "cannot be imported"),
        ("no_such_module.Method", "cannot be imported"),
        ("Method", "cannot be imported"),
        ("torch.nn.Linear", "is not a method"),
        ("sentcse.methods.Method", "is not a method"),
        ("sentcse.methods.base.flatten_views", "is not a method"),
    ],
)
def test_what_is_no_method(target: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=f"method._target_={target} {sentence}"):
        method_class(target)
    assert method_class("sentcse.methods.SimCSE") is SimCSE
