"""One run on two devices: two processes, started by Lightning or side by side; the first alone writes the folder."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from forking import Server, free_port
from run_fixtures import train_in_processes
from run_outcomes import outcome

from sentcse.config import TrainConfig
from sentcse.records.run_folder import RunFolder
from sentcse.training.run import train

Configure = Callable[..., TrainConfig]
Settings = Callable[..., list[str]]

CONTINUES = "The same command continues where the last checkpoint was written."
GONE = "Another process of this run has ended or cannot be reached"
TWO = ("trainer.devices=2", "trainer.strategy=ddp", "trainer.threads=1")


@pytest.mark.slow
def test_two_processes_make_one_run(settings: Settings, configure: Configure, tmp_path: Path, forked: Server) -> None:
    words = settings(*TWO)
    started = start_by_lightning(tmp_path, words)
    said, _ = started.communicate(timeout=300)
    assert started.returncode == 0, said
    assert "Traceback" not in said
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

    assert "This run is complete" in train_in_processes(forked, words, tmp_path)
    again = train_in_processes(forked, [*words, "overwrite=true"], tmp_path)
    assert "before training" in again
    assert json.loads(folder.results.read_text())["best"] == results["best"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "more",
    [[], ["data.chunk=3", "trainer.accumulate_grad_batches=2", "data.length_window=2"]],
    ids=["plain", "chunks"],
)
def test_two_processes_train_as_one_with_the_whole_batch(
    settings: Settings, configure: Configure, inputs: Path, tmp_path: Path, forked: Server, more: list[str]
) -> None:
    """Pairs without dropout, through the command line; 38 of them, so that the last batch is short."""
    lines = (inputs / "sentences.txt").read_text(encoding="utf-8").splitlines()[:38]
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text(
        "".join(f"{a}\t{b}\n" for a, b in zip(["anchor", *lines], ["positive", *lines[::-1]], strict=True))
    )
    common = [f"data.path={pairs}", "encoder.dropout=0", "method.head=batchnorm", "optimizer.learning_rate=1e-4", *more]
    found = []
    train(configure(*common, *(one := ["data.batch_size=16"]), runs="one"))
    train_in_processes(forked, settings(*common, *(two := [*TWO, "data.batch_size=8"]), runs="two"), tmp_path)
    for place, here in (("one", one), ("two", two)):
        with RunFolder(configure(*common, *here, runs=place)).metrics.open(newline="") as file:
            found.append([row for row in csv.DictReader(file) if row["train/loss"]])
    assert len(found[0]) == len(found[1]) > 0
    for alone, together in zip(*found, strict=True):
        assert alone["step"] == together["step"]
        for name in ("train/loss", "train/positive_cosine", "train/negative_cosine"):
            assert float(together[name]) == pytest.approx(float(alone[name]), rel=1e-3), (alone["step"], name)


@pytest.mark.slow
def test_two_nodes_under_torchrun_make_the_run_of_one_node_with_two_devices(
    settings: Settings, configure: Configure, tmp_path: Path, forked: Server
) -> None:
    one = ["trainer.max_steps=3", *TWO]
    train_in_processes(forked, settings(*one, runs="one"), tmp_path)
    two = ["trainer.max_steps=3", "trainer.num_nodes=2", "trainer.strategy=ddp", "trainer.threads=1"]
    port = free_port()
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
def test_a_task_of_slurm_is_a_run(settings: Settings, configure: Configure, tmp_path: Path, forked: Server) -> None:
    """By its variables alone, as no SLURM is at hand."""
    own = {
        "NTASKS": 1,
        "JOB_NAME": "job",
        "JOB_ID": 77,
        "PROCID": 0,
        "LOCALID": 0,
        "NODEID": 0,
        "NODELIST": "localhost",
    }
    variables = {f"SLURM_{name}": value for name, value in own.items()}
    words = settings("trainer.max_steps=2")
    for expected in ("before training", "This run is complete"):
        ended = forked.start("train", words, tmp_path, variables=variables).wait()
        assert ended.code == 0, ended.said
        assert expected in ended.said
    assert RunFolder(configure("trainer.max_steps=2")).results.is_file()


@pytest.mark.slow
def test_a_run_whose_processes_die_and_are_asked_to_stop_ends_as_one_that_was_left_alone(
    settings: Settings, configure: Configure, tmp_path: Path, forked: Server
) -> None:
    words = [*TWO, "trainer.max_steps=200", "evaluation.every_n_steps=200"]
    folder = RunFolder(configure(*words))
    # started by Lightning: the second one is killed, and the first one asked to stop
    code, said = stop_what_lightning_starts(tmp_path, settings(*words), folder, signal.SIGKILL, second=True)
    assert code == 1, said
    assert GONE in said
    code, said = stop_what_lightning_starts(tmp_path, settings(*words), folder, signal.SIGTERM, second=False)
    assert code == 143, said
    assert said.count(CONTINUES) == 1
    # started side by side, as torchrun and schedulers do
    for how, which, expected in ((signal.SIGTERM, 1, 143), (signal.SIGINT, 0, 130)):
        begun, started = time.time(), forked.start_together(settings(*words), tmp_path)
        wait_for_a_checkpoint(folder, begun)
        started[which].send(how)
        first, second = (each.wait() for each in started)
        assert first.code == second.code == expected, (first.said, second.said)
        assert "Traceback" not in first.said + second.said
        assert "Continuing at step" in first.said
        assert CONTINUES in first.said
        assert not folder.results.exists()
    # the first one, which writes, is killed
    begun, started = time.time(), forked.start_together(settings(*words), tmp_path)
    wait_for_a_checkpoint(folder, begun)
    started[0].send(signal.SIGKILL)
    _, second = (each.wait() for each in started)
    assert second.code == 1
    assert GONE in second.said
    assert "Continuing at step" in train_in_processes(forked, settings(*words), tmp_path)
    train_in_processes(forked, settings(*words, runs="whole"), tmp_path)
    assert outcome(folder.path) == outcome(RunFolder(configure(*words, runs="whole")).path)


@pytest.mark.slow
def test_two_processes_stop_early_together(
    settings: Settings, configure: Configure, tmp_path: Path, forked: Server
) -> None:
    """Of steps that change no score the first is kept."""
    words = [*TWO, "optimizer.learning_rate=1e-12", "evaluation.every_n_steps=1", "callbacks.early_stopping=2"]
    said = train_in_processes(forked, settings(*words), tmp_path)
    results = json.loads(RunFolder(configure(*words)).results.read_text())
    assert results["best"]["step"] == 1
    assert results["stopped"].startswith("Stopped at step 3: 2 evaluations without a better")
    assert results["stopped"] in said


def start_by_lightning(place: Path, words: list[str]) -> subprocess.Popen[str]:
    """The command, whose further devices are processes that it starts."""
    return subprocess.Popen(
        [sys.executable, "-m", "sentcse.train", *words],
        cwd=place,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )


def stop_what_lightning_starts(
    place: Path, words: list[str], folder: RunFolder, how: signal.Signals, *, second: bool
) -> tuple[int, str]:
    """Send a signal to the first process, or to the second one, once they write; the first one's code and words."""
    begun, started = time.time(), start_by_lightning(place, words)
    wait_for_a_checkpoint(folder, begun)
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(maxsplit=2) for line in listed.splitlines()]
    (child,) = (int(pid) for pid, parent, args in rows if int(parent) == started.pid and "sentcse" in args)
    os.kill(child if second else started.pid, how)
    said, _ = started.communicate(timeout=300)
    assert "Traceback" not in said
    assert not folder.results.exists()
    return started.returncode, said


def wait_for_a_checkpoint(folder: RunFolder, begun: float) -> None:
    """Wait until one is written after a moment."""
    until = time.monotonic() + 300
    while not folder.last.is_file() or folder.last.stat().st_mtime < begun:
        assert time.monotonic() < until, "no checkpoint of two processes was written"
        time.sleep(0.01)
