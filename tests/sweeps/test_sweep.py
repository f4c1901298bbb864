from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hydra.core.global_hydra import GlobalHydra
from sweeping import Recorder, RunSweep, begin, complete

from sentcse import runs
from sentcse.command.composed import run_command
from sentcse.command.composition import compose
from sentcse.config import check_config
from sentcse.errors import BusyError, DataError
from sentcse.records.layout import LOCK_FILE
from sentcse.records.outcomes import JobOutcome, Outcomes
from sentcse.records.run_folder import RunFolder
from sentcse.records.sweep_record import read_sweep
from sentcse.sweeps.sweep_job import run_sweep_job

HOLD = """
import fcntl, sys
with open(sys.argv[1], "w") as file:
    fcntl.flock(file, fcntl.LOCK_EX)
    print("held", flush=True)
    sys.stdin.read()
"""


def fail(values: dict[str, Any]) -> None:
    raise DataError("there is no data")


def killed_with_seed_1(values: dict[str, Any]) -> None:
    """Of two workers the second is at job 2 when the first dies, however busy the machine: no further job has begun."""
    begin(values)
    if values["seed"] == 1:
        Path("killed").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if values["seed"] == 2:
        while not Path("killed").exists():
            time.sleep(0.01)
        time.sleep(1)
    complete(values)


def the_sweep() -> Path:
    (folder,) = Path("runs/sweeps").iterdir()
    return folder


def table(said: str) -> str:
    """The last table of what was said."""
    return said[said.rindex("job  status") :]


def test_the_grid_is_every_combination(sweep: RunSweep, capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[tuple[int, int, int]] = []

    def job(values: dict[str, Any]) -> None:
        seen.append((values["data"]["low_shot"]["size"], values["seed"], values["data"]["low_shot"]["seed"]))
        complete(values)

    assert sweep(job, "data.low_shot.size=64,100", "seed=48,49") == 0
    assert seen == [(64, 48, 48), (64, 49, 49), (100, 48, 48), (100, 49, 49)]
    said = capsys.readouterr().out
    assert "job 3 of 4 done after" in said
    assert table(said).splitlines()[:2] == [
        "job  status  size  seed  step    dev   test",
        "  1  done    64    48       1  80.00  75.00",
    ]
    assert said.endswith("4 jobs: 4 done\n")


def test_runs_and_the_sweeps_record_lie_in_one_home_folder(
    sweep: RunSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    assert sweep(Recorder(), 'runs.root="~/runs"', "seed=1,2") == 0
    assert [path.name for path in tmp_path.iterdir()] == ["home"]
    (record,) = (home / "runs" / "sweeps").iterdir()
    assert [state.status for state in read_sweep(record).states()] == ["done", "done"]
    capsys.readouterr()
    assert runs.main(["status", "root=~/runs"]) == 0
    assert capsys.readouterr().out == f"{record.name}  2 jobs: 2 done\n"


def test_the_sweeps_of_configs_carry_their_grid(sweep: RunSweep) -> None:
    job = Recorder()
    assert sweep(job, "sweep=low_shot", "data.low_shot.size=64,100", "seed=1") == 0
    assert job.seeds == [1, 1]  # what the command line says of an axis goes before
    assert the_sweep().name.startswith("low_shot_")


def test_a_grid_of_configs_needs_no_m(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["sweep=low_shot", "experiment=simcse_minilm,micse_minilm", "data.low_shot.size=64", "seed=1"]
    monkeypatch.setattr(sys, "argv", ["sentcse-train", *words])
    GlobalHydra.instance().clear()
    job = Recorder()
    assert run_command(job, "train", run_sweep_job) == 0
    assert job.seeds == [1, 1]
    assert the_sweep().name.startswith("low_shot_")


def test_methods_and_percents_are_axes_too(sweep: RunSweep) -> None:
    seen = []

    def job(values: dict[str, Any]) -> None:
        seen.append((values["name"], values["data"]["low_shot"]["percent"], values["data"]["low_shot"]["official"]))
        complete(values)

    # of the group that the fixture chooses, the later choice wins
    words = ["experiment=simcse_minilm,micse_minilm", "data.low_shot.percent=0.0064,10", "data.low_shot.official=true"]
    assert sweep(job, *words) == 0
    assert seen == [(name, p, True) for name in ("simcse_minilm", "micse_minilm") for p in (0.0064, 10)]


def test_done_jobs_are_skipped_interrupted_and_failed_ones_run_again(
    sweep: RunSweep, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(values: dict[str, Any]) -> None:
        begin(values)
        raise KeyboardInterrupt

    first = Recorder({2: fail, 3: stop})
    assert sweep(first, "seed=1,2,3,4") == 130
    assert first.seeds == [1, 2, 3]
    said = capsys.readouterr()
    assert [line.split()[1] for line in table(said.out).splitlines()[1:5]] == [
        "done",
        "failed",
        "interrupted",
        "missing",
    ]
    assert "there is no data" in table(said.out)
    assert "The same command continues" in said.err

    second = Recorder()
    assert sweep(second, "seed=1,2,3,4") == 0
    assert second.seeds == [2, 3, 4]
    said = capsys.readouterr()
    assert "job 2 of 4 (1 were done before) done after" in said.out
    assert said.out.endswith("4 jobs: 4 done\n")

    third = Recorder()
    assert sweep(third, "seed=1,2,3,4") == 0
    assert third.seeds == []
    assert table(capsys.readouterr().out) == table(said.out)
    assert len(read_sweep(the_sweep()).commands) == 3


def test_a_job_that_was_killed_has_its_next_turn_last(sweep: RunSweep) -> None:
    """It would kill the sweep again before the others have had a turn."""
    assert sweep(Recorder({1: fail, 2: fail}), "seed=1,2,3") == 1
    outcomes = Outcomes(the_sweep())
    (killed,) = [path.stem for path in outcomes.folder.glob("*_seed1_*.json")]
    (outcomes.folder / f"{killed}.json").unlink()  # it began, and never said how it ended
    assert outcomes.is_open(killed)
    again = Recorder()
    assert sweep(again, "seed=1,2,3") == 0
    assert again.seeds == [2, 1]


@pytest.mark.parametrize(
    ("words", "is_said"),
    [
        (["data.low_shot.size=64,100"], True),
        (["data.low_shot.size=64,100", "trainer.max_steps=10"], False),
        (["data.low_shot.size=64,100", "trainer.max_epochs=3", "budget=epochs"], False),
        (["data.low_shot.size=64", "seed=1,2"], False),
    ],
)
def test_sizes_of_unequal_training_are_said(
    sweep: RunSweep, capsys: pytest.CaptureFixture[str], words: list[str], is_said: bool
) -> None:
    assert sweep(Recorder(), *words) == 0
    assert ("train unequally long" in capsys.readouterr().out) == is_said


def test_the_jobs_beside_a_killed_one_are_waited_for(
    sweep: RunSweep, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """submitit raises for the first job that it lost; the others have processes of their own."""
    local = pytest.importorskip("hydra_plugins.hydra_submitit_launcher.submitit_launcher", reason="the extra `sweep`")
    each = [compose(["experiment=simcse_bert", f"seed={seed}"]) for seed in (1, 2)]
    folders = [RunFolder(check_config(values)) for values in each]
    held, worked = threading.Event(), threading.Event()
    monkeypatch.setattr("sentcse.sweeps.sweep.STARTING_SECONDS", 3.0)

    def launch(self: Any, job_overrides: list[list[str]], initial_job_idx: int) -> None:
        outcomes = Outcomes(the_sweep())
        for folder in folders:
            outcomes.begin(folder.path.name)

        def work() -> None:
            with folders[1].locked():
                held.set()
                time.sleep(5)
                complete(each[1])
                worked.set()
            outcomes.write(folders[1].path.name, JobOutcome("done", None, 2.0))

        threading.Thread(target=work).start()
        held.wait()
        raise RuntimeError("Job 0 was killed")

    monkeypatch.setattr(local.LocalLauncher, "launch", launch)
    assert sweep(Recorder(), "seed=1,2", "hydra/launcher=submitit_local") == 1
    assert worked.is_set()
    assert "2 jobs: 1 done, 1 missing" in capsys.readouterr().out


def test_what_changes_no_result_makes_no_other_sweep(sweep: RunSweep) -> None:
    assert sweep(Recorder(), "seed=1,2") == 0
    again = Recorder()
    words = ["trainer.accelerator=gpu", "data.num_workers=2", "logger.tags=[a]", "trainer.devices=[1]"]
    assert sweep(again, "seed=1,2", *words) == 0
    assert again.seeds == []
    assert the_sweep()


def test_a_larger_grid_takes_over_what_a_smaller_one_has_done(sweep: RunSweep) -> None:
    sweep(Recorder(), "seed=1,2")
    larger = Recorder()
    assert sweep(larger, "seed=1,2,3") == 0
    assert larger.seeds == [3]


def test_overwrite_makes_all_again(sweep: RunSweep) -> None:
    sweep(Recorder(), "seed=1,2")
    again = Recorder()
    sweep(again, "seed=1,2", "overwrite=true")
    assert again.seeds == [1, 2]


def test_the_record_is_there_before_the_first_job_and_names_all(sweep: RunSweep) -> None:
    def look(values: dict[str, Any]) -> None:
        record = read_sweep(the_sweep())
        assert [job.settings for job in record.jobs] == [{"seed": "1"}, {"seed": "2"}]
        assert [state.status for state in record.states()] == ["missing", "missing"]
        complete(values)

    assert sweep(Recorder({1: look}), "seed=1,2") == 0
    (command,) = read_sweep(the_sweep()).commands
    assert command["command"] == "sentcse-train -m experiment=simcse_bert seed=1,2"


def test_a_combination_that_cannot_run_is_a_failed_job(sweep: RunSweep, capsys: pytest.CaptureFixture[str]) -> None:
    job = Recorder()
    assert sweep(job, "seed=1,-1") == 1
    assert job.seeds == [1]
    assert "job 2 failed (seed=-1): seed must be at least 0, got -1." in capsys.readouterr().out


def test_two_names_of_one_run_are_one_job(sweep: RunSweep, capsys: pytest.CaptureFixture[str]) -> None:
    job = Recorder()
    assert sweep(job, "trainer.threads=1,2") == 0
    assert len(job.seeds) == 1
    assert "1 of 2 combinations are runs that others are, too" in capsys.readouterr().out


def test_several_devices_a_job_are_refused(sweep: RunSweep, capsys: pytest.CaptureFixture[str]) -> None:
    job = Recorder()
    assert sweep(job, "seed=1,2", "trainer.devices=2") == 2
    assert "submitit" in capsys.readouterr().err
    assert job.seeds == []
    assert not Path("runs").exists()


def test_a_run_that_another_process_trains_is_left_to_it(sweep: RunSweep, capsys: pytest.CaptureFixture[str]) -> None:
    held: list[subprocess.Popen[str]] = []

    def another(values: dict[str, Any]) -> None:
        folder = begin(values)
        other = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(folder.path / LOCK_FILE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        held.append(other)
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with folder.locked():
            pass

    try:
        job = Recorder({1: another})
        assert sweep(job, "seed=1,2") == 1
        assert job.seeds == [1, 2]
        said = capsys.readouterr()
        assert "2 jobs: 1 done, 1 running" in said.out
        assert "failed" not in said.out
    finally:
        held[0].kill()
        held[0].communicate()
    once_more = Recorder()
    assert sweep(once_more, "seed=1,2") == 0
    assert once_more.seeds == [1]


def test_what_another_process_has_done_meanwhile_is_seen(sweep: RunSweep) -> None:
    """Job 1 is busy when its turn comes and free at the end: it is taken up then."""
    calls = []

    def busy_once(values: dict[str, Any]) -> None:
        calls.append(1)
        if len(calls) == 1:
            raise BusyError("Another process is training in it.")
        complete(values)

    job = Recorder({1: busy_once})
    assert sweep(job, "seed=1,2") == 0
    assert job.seeds == [1, 2, 1]


def test_sigterm_ends_the_sweep_and_another_exit_only_its_job(sweep: RunSweep) -> None:
    def end(values: dict[str, Any]) -> None:
        raise SystemExit(128 + signal.SIGTERM)

    job = Recorder({2: end})
    with pytest.raises(SystemExit):
        sweep(job, "seed=1,2,3")
    assert job.seeds == [1, 2]


@pytest.mark.slow
def test_a_killed_worker_takes_no_job_along_that_had_not_begun(
    sweep: RunSweep, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher", reason="the extra `sweep` is not installed")
    words = ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "hydra.launcher.pre_dispatch=2"]
    assert sweep(killed_with_seed_1, "seed=1,2,3,4,5,6", *words) == 1
    states = {state.job.settings["seed"]: state.status for state in read_sweep(the_sweep()).states()}
    assert states["1"] == "interrupted"
    assert [states[seed] for seed in "456"] == ["done"] * 3
    assert "the launcher stopped (TerminatedWorkerError" in capsys.readouterr().err
    # once more, with a folder for each run by now: one of them must not count as begun before it is
    for path in Path("runs").glob("*/results.json"):
        path.unlink()
    assert sweep(killed_with_seed_1, "seed=1,2,3,4,5,6", *words) == 1
    states = {state.job.settings["seed"]: state.status for state in read_sweep(the_sweep()).states()}
    assert [states[seed] for seed in "456"] == ["done"] * 3


def test_a_folder_of_runs_can_be_moved(sweep: RunSweep) -> None:
    sweep(Recorder({2: fail}), "seed=1,2")
    Path("runs").rename("elsewhere")
    (folder,) = Path("elsewhere/sweeps").iterdir()
    assert [state.status for state in read_sweep(folder).states()] == ["done", "failed"]
    assert read_sweep(folder / "sweep.json").name == folder.name


def test_one_reason_of_many_jobs_is_said_once(sweep: RunSweep, capsys: pytest.CaptureFixture[str]) -> None:
    job = Recorder(dict.fromkeys((1, 2, 3, 5), fail))
    assert sweep(job, "seed=1,2,3,4,5") == 1
    said = table(capsys.readouterr().out)
    assert "jobs 1\u20133, 5 failed: there is no data" in said
    assert said.count("there is no data") == 1


def test_what_complete_runs_keep_may_be_said_later(sweep: RunSweep) -> None:
    def with_checkpoints(values: dict[str, Any]) -> None:
        complete(values)
        folder = begin(values)
        folder.last.touch()
        folder.best.touch()

    assert sweep(Recorder({1: with_checkpoints, 2: with_checkpoints}), "seed=1,2") == 0
    again = Recorder()
    assert sweep(again, "seed=1,2", "runs.keep=best") == 0
    assert again.seeds == []
    assert sorted(path.name for path in Path("runs").glob("*/checkpoints/*")) == ["best.ckpt"] * 2


@pytest.mark.parametrize(("words", "said"), [([], "the same command"), (["overwrite=true"], "the command without")])
def test_how_to_go_on(sweep: RunSweep, capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    assert sweep(Recorder({1: fail}), "seed=1,2", *words) == 1
    assert f"1 of 2 jobs are not done: {said}" in capsys.readouterr().err
