from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from sweeping import made, results

from sentcse.records.failures import UNKNOWN, failed_jobs, failed_runs
from sentcse.records.metrics_file import MetricsFile
from sentcse.records.run_record import RunRecord, read_run
from sentcse.records.sweep_record import JobState, RecordedJob
from sentcse.records.terminal import list_table
from sentcse.runs import main


def runs(root: Path, *reasons: str) -> list[RunRecord]:
    folders = [made(root, f"seed={seed}") for seed in range(len(reasons))]
    for folder, reason in zip(folders, reasons, strict=True):
        folder.record_failure(ValueError(reason))
    return [read_run(folder.path) for folder in folders]


def test_a_line_a_reason(tmp_path: Path) -> None:
    found = runs(tmp_path, "no memory", "no disk", "no memory")
    done = read_run(made(tmp_path, "seed=9", results=results()).path)
    assert failed_runs([*found, done]) == [
        f"2 runs failed, the first of them {found[0].name}: ValueError: no memory",
        f"{found[1].name} failed: ValueError: no disk",
    ]
    assert failed_runs([dataclasses.replace(found[0], reason=None)]) == [f"{found[0].name} failed: {UNKNOWN}"]


def test_a_damaged_one_is_named_by_its_file(tmp_path: Path) -> None:
    folder = made(tmp_path)
    folder.results.write_text("{")
    (line,) = failed_runs([read_run(folder.path)])
    assert line.startswith(f"{folder.results} cannot be read as JSON")


def test_a_failed_job_without_a_reason_is_told_as_well() -> None:
    jobs = [RecordedJob(number, {"seed": str(number)}, None, None) for number in (1, 2, 3)]
    states = [JobState(job, "failed", reason, None) for job, reason in zip(jobs, (None, "no", "no"), strict=True)]
    assert failed_jobs(states) == [f"job 1 failed (seed=1): {UNKNOWN}", "jobs 2, 3 failed: no"]


def test_the_list_says_why_and_where_each_run_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (failed,) = runs(Path("runs"), "no memory")
    MetricsFile(failed.path / "metrics.csv").append({"train/loss": 1.0}, 50)
    begun = made(Path("runs"), "seed=8")
    begun.metrics.write_text("no table\n")
    assert main(["list"]) == 0
    said = capsys.readouterr().out
    assert said.splitlines()[-1] == f"note: {failed.name} failed: ValueError: no memory"
    (line,) = [line for line in said.splitlines() if line.startswith("failed")]
    assert line.split()[-3:] == ["at", "50", failed.name]
    (line,) = list_table([read_run(begun.path)]).splitlines()[1:]
    assert " at " not in line
