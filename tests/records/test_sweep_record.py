"""sweep.json: written before the first job, read back wherever it lies, and what the folders say of each job."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from composing import checked
from sweeping import made, results

from sentcse.errors import SentcseError
from sentcse.records.outcomes import JobOutcome, Outcomes
from sentcse.records.run_folder import RunFolder
from sentcse.records.run_lock import locked
from sentcse.records.sweep_record import Job, job_state, read_sweep, sweep_folder, write_sweep


def job_of(number: int, folder: RunFolder | None, *, fault: str | None = None) -> Job:
    return Job(number, (f"seed={number}",), {"seed": str(number)}, None, folder, fault)


def run(root: Path, seed: int, **more: Any) -> RunFolder:
    return made(root, f"seed={seed}", **more)


def test_the_folder_follows_from_the_runs() -> None:
    def job(seed: str) -> Job:
        config = checked("experiment=simcse_bert", f"seed={seed}")
        return Job(1, (), {}, config, RunFolder(config), None)

    one = sweep_folder(Path("sweeps"), "grid", [job("1"), job("2")])
    assert one == sweep_folder(Path("sweeps"), "grid", [job("2"), job("1")])
    assert one != sweep_folder(Path("sweeps"), "grid", [job("1"), job("3")])
    assert len(sweep_folder(Path("sweeps"), "x" * 500, [job("1")]).name) < 80


def test_what_is_no_sweep(tmp_path: Path) -> None:
    with pytest.raises(SentcseError, match=r"is not a sweep: there is no sweep\.json"):
        read_sweep(tmp_path)
    (tmp_path / "sweep.json").write_text(json.dumps({"format": 99}))
    with pytest.raises(SentcseError, match="update sentcse"):
        read_sweep(tmp_path)


def test_what_is_written_is_read_back_with_every_command(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "sweeps" / "mine"
    jobs = [job_of(1, run(tmp_path / "runs", 1)), job_of(2, None, fault="No such key.\nAnd no such value.")]
    first = write_sweep(folder, jobs, command="train -m seed=1,2")
    second = write_sweep(folder, jobs, command="train -m seed=1,2 overwrite=true")
    assert [start["command"] for start in second.commands] == ["train -m seed=1,2", "train -m seed=1,2 overwrite=true"]
    assert second.commands[:1] == first.commands
    assert second.commands[0]["started"].endswith("+00:00")
    assert read_sweep(folder) == read_sweep(folder / "sweep.json") == second
    assert second.name == "mine"
    assert [(job.number, job.settings, job.run, job.fault) for job in second.jobs] == [
        (1, {"seed": "1"}, jobs[0].run, None),
        (2, {"seed": "2"}, None, "No such key. And no such value."),
    ]
    stored = json.loads((folder / "sweep.json").read_text())
    assert stored["jobs"][0]["run"] == f"../../{jobs[0].run.name}"  # type: ignore[union-attr]


def test_a_sweep_of_a_newer_version_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "sweep.json").write_text('{"format": 99}')
    with pytest.raises(SentcseError, match="update sentcse"):
        write_sweep(tmp_path, [], command="train -m")
    assert (tmp_path / "sweep.json").read_text() == '{"format": 99}'


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SentcseError, match=r"set runs\.root to a folder that can"):
        write_sweep(tmp_path / "file" / "mine", [], command="train -m")


def test_what_the_folders_say_of_each_job(tmp_path: Path) -> None:
    root, folder = tmp_path / "runs", tmp_path / "runs" / "sweeps" / "mine"
    done, failed, interrupted, running, missing, damaged = (
        run(root, 1, results=results()),
        run(root, 2),
        run(root, 3),
        run(root, 4),
        RunFolder(checked("experiment=micse_bert", f"runs.root={root}", "seed=5")),
        run(root, 6),
    )
    failed.record_failure(ValueError("no memory"))
    (damaged.path / "config.yaml").write_text("a: [")
    folders = [done, failed, interrupted, running, missing, damaged]
    jobs = [job_of(number, each) for number, each in enumerate(folders, start=1)] + [job_of(7, None, fault="No key.")]
    record = write_sweep(folder, jobs, command="train -m")
    with locked(running.path):
        states = record.states()
    assert [state.status for state in states] == [
        "done",
        "failed",
        "interrupted",
        "running",
        "missing",
        "failed",
        "failed",
    ]
    assert [state.reason for state in states[:5]] == [None, "ValueError: no memory", None, None, None]
    assert "config.yaml cannot be read" in str(states[5].reason)
    assert (states[6].reason, states[6].run) == ("No key.", None)
    assert [None if state.run is None else state.run.path for state in states[:5]] == [
        done.path,
        failed.path,
        interrupted.path,
        running.path,
        None,
    ]


def test_the_outcome_of_a_job_tells_why_where_its_folder_does_not(tmp_path: Path) -> None:
    root, folder = tmp_path / "runs", tmp_path / "runs" / "sweeps" / "mine"
    begun, waiting, done = (
        run(root, 1),
        RunFolder(checked("experiment=micse_bert", f"runs.root={root}", "seed=2")),
        (run(root, 3, results=results())),
    )
    record = write_sweep(folder, [job_of(n, each) for n, each in enumerate((begun, waiting, done), 1)], command="x")
    outcomes = Outcomes(folder)
    for each in (begun, waiting, done):
        outcomes.write(each.path.name, JobOutcome("failed", "It was killed.", 1.0))
    assert [(state.status, state.reason) for state in record.states()] == [
        ("failed", "It was killed."),
        ("failed", "It was killed."),
        ("done", None),
    ]
    outcomes.write(begun.path.name, JobOutcome("busy", None, 1.0))
    assert job_state(record.jobs[0], outcomes).status == "interrupted"
