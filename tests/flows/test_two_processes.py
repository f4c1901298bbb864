"""One run on two devices: two processes that Lightning starts, one folder that the first alone writes."""

from __future__ import annotations

import csv
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from run_fixtures import train_in_a_process
from run_outcomes import outcome

from sentcse.config import TrainConfig
from sentcse.records.run_folder import RunFolder

Configure = Callable[..., TrainConfig]
Settings = Callable[..., list[str]]

TWO = ("trainer.devices=2", "trainer.strategy=ddp", "trainer.threads=1")


@pytest.mark.slow
def test_two_processes_make_one_run(settings: Settings, configure: Configure, tmp_path: Path) -> None:
    words = settings(*TWO)
    said = train_in_a_process(tmp_path, words)
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

    assert "This run is complete" in train_in_a_process(tmp_path, words)
    again = train_in_a_process(tmp_path, [*words, "overwrite=true"])
    assert "before training" in again
    assert json.loads(folder.results.read_text())["best"] == results["best"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "more",
    [[], ["data.chunk=3", "trainer.accumulate_grad_batches=2", "data.length_window=2"]],
    ids=["plain", "chunks"],
)
def test_two_processes_train_as_one_with_the_whole_batch(
    settings: Settings, configure: Configure, inputs: Path, tmp_path: Path, more: list[str]
) -> None:
    """Pairs without dropout, through the command line; 38 of them, so that the last batch is short."""
    lines = (inputs / "sentences.txt").read_text(encoding="utf-8").splitlines()[:38]
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text(
        "".join(f"{a}\t{b}\n" for a, b in zip(["anchor", *lines], ["positive", *lines[::-1]], strict=True))
    )
    common = [f"data.path={pairs}", "encoder.dropout=0", "method.head=batchnorm", "optimizer.learning_rate=1e-4", *more]
    found = []
    for place, here in (("one", ["data.batch_size=16"]), ("two", [*TWO, "data.batch_size=8"])):
        train_in_a_process(tmp_path, settings(*common, *here, runs=place))
        with RunFolder(configure(*common, *here, runs=place)).metrics.open(newline="") as file:
            found.append([row for row in csv.DictReader(file) if row["train/loss"]])
    one, two = found
    assert len(one) == len(two) > 0
    for alone, together in zip(one, two, strict=True):
        assert alone["step"] == together["step"]
        for name in ("train/loss", "train/positive_cosine", "train/negative_cosine"):
            assert float(together[name]) == pytest.approx(float(alone[name]), rel=1e-3), (alone["step"], name)


@pytest.mark.slow
def test_two_nodes_under_torchrun_make_the_run_of_one_node_with_two_devices(
    settings: Settings, configure: Configure, tmp_path: Path
) -> None:
    one = ["trainer.max_steps=3", *TWO]
    train_in_a_process(tmp_path, settings(*one, runs="one"))
    two = ["trainer.max_steps=3", "trainer.num_nodes=2", "trainer.strategy=ddp", "trainer.threads=1"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = [
        subprocess.Popen(
            [
                *(sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=1", "--nnodes=2"),
                *(f"--node_rank={node}", "--master_addr=127.0.0.1", f"--master_port={port}", "-m", "sentcse.train"),
                *settings(*two, runs="two"),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "HF_HUB_OFFLINE": "1"},
        )
        for node in (0, 1)
    ]
    for process in started:
        said, _ = process.communicate(timeout=300)
        assert process.returncode == 0, said
        assert "Traceback" not in said
    folders = [RunFolder(configure(*one, runs="one")), RunFolder(configure(*two, runs="two"))]
    alone, together = (json.loads(folder.results.read_text()) for folder in folders)
    assert together["best"] == alone["best"]
    assert together["test"] == alone["test"]


@pytest.mark.slow
def test_a_task_of_slurm_is_a_run(
    settings: Settings, configure: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its variables alone, as no SLURM is at hand."""
    variables = {"NTASKS": "1", "JOB_NAME": "job", "JOB_ID": "77", "PROCID": "0", "LOCALID": "0", "NODEID": "0"}
    for name, value in {**variables, "NODELIST": "localhost"}.items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    words = settings("trainer.max_steps=2")
    assert "before training" in train_in_a_process(tmp_path, words)
    assert RunFolder(configure("trainer.max_steps=2")).results.is_file()
    assert "This run is complete" in train_in_a_process(tmp_path, words)


@pytest.mark.slow
def test_a_run_whose_processes_die_and_are_asked_to_stop_ends_as_one_that_was_left_alone(
    settings: Settings, configure: Configure, tmp_path: Path
) -> None:
    words = [*TWO, "trainer.max_steps=200", "evaluation.every_n_steps=200"]
    folder = RunFolder(configure(*words))

    def stop(how: signal.Signals, *, second: bool) -> tuple[int, str]:
        started = subprocess.Popen(
            [sys.executable, "-m", "sentcse.train", *settings(*words)],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "HF_HUB_OFFLINE": "1"},
        )
        child = second_process(started, folder)
        os.kill(child if second else started.pid, how)
        said, _ = started.communicate(timeout=300)
        assert "Traceback" not in said
        assert not folder.results.exists()
        return started.returncode, said

    code, said = stop(signal.SIGKILL, second=True)
    assert code == 1, said
    assert "Another process of this run has ended or cannot be reached" in said
    # one process is asked, which tells the other, and the first one speaks for both
    for how, second, expected in (
        (signal.SIGTERM, False, 143),
        (signal.SIGTERM, True, 143),
        (signal.SIGINT, False, 130),
    ):
        code, said = stop(how, second=second)
        assert code == expected, said
        assert "Continuing at step" in said
        assert said.count("The same command continues where the last checkpoint was written.") == 1
    assert "Continuing at step" in train_in_a_process(tmp_path, settings(*words))
    train_in_a_process(tmp_path, settings(*words, runs="whole"))
    assert outcome(folder.path) == outcome(RunFolder(configure(*words, runs="whole")).path)


@pytest.mark.slow
def test_two_processes_stop_early_together(settings: Settings, configure: Configure, tmp_path: Path) -> None:
    """Of steps that change no score the first is kept."""
    words = [*TWO, "optimizer.learning_rate=1e-12", "evaluation.every_n_steps=1", "callbacks.early_stopping=2"]
    said = train_in_a_process(tmp_path, settings(*words))
    results = json.loads(RunFolder(configure(*words)).results.read_text())
    assert results["best"]["step"] == 1
    assert results["stopped"].startswith("Stopped at step 3: 2 evaluations without a better")
    assert results["stopped"] in said


def second_process(first: subprocess.Popen[str], folder: RunFolder) -> int:
    """The process that `first` has started, once the two have written a checkpoint."""
    begun, until = time.time(), time.monotonic() + 300
    while time.monotonic() < until and first.poll() is None:
        found = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True)
        rows = [line.split(maxsplit=2) for line in found.stdout.splitlines()]
        children = [int(pid) for pid, parent, args in rows if int(parent) == first.pid and "sentcse" in args]
        if folder.last.is_file() and folder.last.stat().st_mtime > begun and len(children) == 1:
            return children[0]
        time.sleep(0.05)
    first.kill()
    raise AssertionError(f"no checkpoint of two processes was written: {first.communicate()[0]}")
