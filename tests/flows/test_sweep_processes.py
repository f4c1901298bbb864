"""Sweeps of tiny encoders in processes of their own, killed, interrupted, side by side: the outcome is the same."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from forking import Server
from run_fixtures import write_inputs

from sentcse.records.run_lock import is_locked
from sentcse.records.sweep_record import read_sweep

pytestmark = pytest.mark.slow

KILLS = 10
SETTINGS = (
    "data=text",
    "data.path=../inputs/sentences.txt",
    "data.batch_size=8",
    "data.cache_dir=cache",
    "encoder.name_or_path=../inputs/encoder",
    "evaluation=embedded",
    "evaluation.pairs_dev=../inputs/pairs.tsv",
    "evaluation.pairs_test=../inputs/pairs.tsv",
    "evaluation.every_n_steps=5",
    "trainer.accelerator=cpu",
    "trainer.precision=32",
    "trainer.log_every_n_steps=1",
    "trainer.max_steps=60",
    "optimizer.learning_rate=1e-3",
    "name=tiny",
    "runs.root=runs",
)
GRID = ("data.low_shot.size=16,20", "seed=1,2")


@dataclass
class Ended:
    """What a sweep left behind.

    Attributes:
        folder: where it ran.
        code: its exit code.
        said: all that it printed.
    """

    folder: Path
    code: int
    said: str

    @property
    def table(self) -> str:
        """What became of the jobs, as it was printed last."""
        return re.sub(r"(?m)^error: .*\n?", "", self.said[self.said.rindex("job  status") :])

    def results(self) -> dict[str, tuple[bytes, dict[str, Any]]]:
        """Of each run: weights, and results without what the clock and the place decide."""
        found = {}
        for path in self.folder.glob("runs/tiny_*/results.json"):
            results = json.loads(path.read_text())
            del results["seconds"]
            del results["config"]["trainer"]
            found[path.parent.name] = (path.with_name("encoder").joinpath("model.safetensors").read_bytes(), results)
        return found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `inputs/`, in which every sweep has one of its own."""
    folder = tmp_path_factory.mktemp("sweeps")
    write_inputs(folder / "inputs")
    return folder


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    folder.mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-m", "sentcse.train", "-m", *SETTINGS, *words],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        # a test run in the background of a shell has Ctrl-C switched off, and children would inherit that
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        env={**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
    )


def finish(folder: Path, *words: str) -> Ended:
    process = start(folder, *words)
    said, _ = process.communicate(timeout=300)
    return Ended(folder, process.returncode, said)


def rows(folder: Path) -> int:
    """Rows of all runs' metrics."""
    return sum(len(path.read_text().splitlines()) for path in folder.glob("runs/tiny_*/metrics.csv"))


def wait_for(folder: Path, more: int) -> None:
    """Until so many rows have been added."""
    enough, deadline = rows(folder) + more, time.monotonic() + 120
    while rows(folder) < enough:
        assert time.monotonic() < deadline, "the sweep has ended, or stands still"
        time.sleep(0.005)


@pytest.fixture(scope="module")
def undisturbed(place: Path) -> Ended:
    """The sweep as it goes when nobody touches it."""
    ended = finish(place / "undisturbed", *GRID)
    assert ended.code == 0, ended.said
    assert ended.said.endswith("4 jobs: 4 done\n")
    return ended


def test_ten_sigkills(place: Path, undisturbed: Ended, forked: Server) -> None:
    """Some come while torch is imported or the sweep is planned, the others in the middle of training."""
    folder, seed = place / "killed", time.time_ns()
    draw = random.Random(seed)
    print("seed of the moments:", seed)  # shown where the test fails
    seconds = [draw.uniform(0.1, 6) for _ in range(3)]
    moments = [*seconds, *(draw.randint(1, 25) for _ in range(KILLS - len(seconds)))]
    draw.shuffle(moments)
    for moment in moments:
        if isinstance(moment, float):
            process = start(folder, *GRID)
            time.sleep(moment)
            assert process.poll() is None, f"over before it could be killed: {process.communicate()[0]}"
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        else:
            folder.mkdir(exist_ok=True)
            started = forked.start("train", ["-m", *SETTINGS, *GRID], folder)
            wait_for(folder, moment)
            started.send(signal.SIGKILL)
            killed = started.wait()
            assert killed.code == -signal.SIGKILL, f"over before it could be killed: {killed.said}"
    ended = finish(folder, *GRID)
    assert ended.code == 0, ended.said
    assert ended.table == undisturbed.table
    assert ended.results() == undisturbed.results()
    assert len(ended.results()) == 4
    (sweep,) = (folder / "runs" / "sweeps").iterdir()
    assert sweep.name == next((undisturbed.folder / "runs" / "sweeps").iterdir()).name


def test_ctrl_c_prints_the_table(place: Path, undisturbed: Ended) -> None:
    folder = place / "interrupted"
    process = start(folder, *GRID)
    wait_for(folder, 90)  # in the second job: one has 74
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 130, said
    statuses = [line.split()[1] for line in Ended(folder, 130, said).table.splitlines()[1:5]]
    assert statuses == ["done", "interrupted", "missing", "missing"]
    assert "Traceback" not in said
    (sweep,) = (folder / "runs" / "sweeps").iterdir()
    assert [state.status for state in read_sweep(sweep).states()] == statuses


def test_joblib_shares_the_cores_and_leaves_no_orphans(place: Path, undisturbed: Ended) -> None:
    joblib = pytest.importorskip("joblib", reason="the extra `sweep` is not installed")
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher", reason="the extra `sweep` is not installed")
    folder, words = place / "joblib", (*GRID, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
    process = start(folder, *words)
    wait_for(folder, 20)
    process.kill()  # the first process alone, as the system does when memory is short
    deadline = time.monotonic() + 20
    while any(is_locked(path) for path in folder.glob("runs/tiny_*")) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(is_locked(path) for path in folder.glob("runs/tiny_*")), "a worker trains on without its sweep"
    process.communicate()
    ended = finish(folder, *words)
    assert ended.code == 0, ended.said
    assert ended.table == undisturbed.table
    assert ended.results() == undisturbed.results()
    threads = {path.read_text().partition("threads: ")[2].split()[0] for path in folder.glob("runs/*/config.yaml")}
    assert threads == {str(max(1, joblib.cpu_count() // 2))}


def test_submitit_in_its_local_mode(place: Path, undisturbed: Ended) -> None:
    pytest.importorskip("submitit", reason="the extra `sweep` is not installed")
    pytest.importorskip("hydra_plugins.hydra_submitit_launcher", reason="the extra `sweep` is not installed")
    folder, words = place / "submitit", ("data.low_shot.size=16,100", "seed=1", "hydra/launcher=submitit_local")
    ended = finish(folder, *words)
    assert ended.code == 1, ended.said
    assert "2 jobs: 1 done, 1 failed" in ended.table
    assert "data.low_shot.size is 100, and the corpus has 40 rows: take a smaller split." in ended.table
    assert "job 1 of 2" in ended.said
    ((name, result),) = ended.results().items()
    assert result == undisturbed.results()[name]
    (sweep,) = (folder / "runs" / "sweeps").iterdir()
    assert len(list(sweep.glob(".submitit/*/*_log.out"))) == 2
