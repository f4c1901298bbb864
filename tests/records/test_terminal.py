"""Runs and sweeps as a terminal shows them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sweeping import TESTS, made, results

from sentcse.records.run_lock import locked
from sentcse.records.run_record import RunRecord, read_run
from sentcse.records.sweep_record import JobState, RecordedJob
from sentcse.records.terminal import (
    compare_text,
    differing_values,
    jobs_by_status,
    list_table,
    mean_test,
    scores,
    short_key,
    show_text,
    status,
    sweep_table,
)


def run(root: Path, *overrides: str, **changes: Any) -> RunRecord:
    """A run that is done, with `changes` of its results."""
    return read_run(made(root, *overrides, results={**results(), **changes}).path)


def state(number: int, found: RunRecord | None, **settings: str) -> JobState:
    place = None if found is None else found.path
    return JobState(RecordedJob(number, settings, place, None), "missing" if found is None else "done", None, found)


@pytest.mark.parametrize(
    ("words", "size", "budget"),
    [
        (["data.low_shot.size=64", "trainer.max_steps=100"], "64", "100 steps"),
        (["data.low_shot.percent=0.5", "trainer.max_epochs=3"], "0.5%", "3 epochs"),
        ([], "", "1 epochs"),
    ],
)
def test_the_size_of_a_run_that_is_not_done_is_as_it_was_asked_for(
    tmp_path: Path, words: list[str], size: str, budget: str
) -> None:
    folder = made(tmp_path, *words)
    _, line = list_table([read_run(folder.path)]).splitlines()
    assert line.split() == ["interrupted", "micse", *size.split(), "42", *budget.split(), folder.path.name]
    folder.results.write_text(json.dumps(results(sentences=1000)))
    _, line = list_table([read_run(folder.path)]).splitlines()
    assert line.split()[:5] == ["done", "micse", "1000", "42", budget.split()[0]]


def test_a_run_is_running_while_a_process_holds_it(tmp_path: Path) -> None:
    folder = made(tmp_path)
    with locked(folder.path):
        assert status(read_run(folder.path)) == "running"
    assert status(read_run(folder.path)) == "interrupted"
    folder.record_failure(ValueError("no memory"))
    assert status(read_run(folder.path)) == "failed"


def test_scores_before_and_after(tmp_path: Path) -> None:
    before = {"stsb_dev": 70.0, **{f"{task}_test": 60.0 for task in TESTS}}
    found = scores(run(tmp_path, initial=before))
    assert found[0] == ("stsb_dev", 70.0, 80.5)
    assert found[1:-1] == [(f"{task}_test", 60.0, 70.0 + number) for number, task in enumerate(TESTS)]
    assert found[-1] == ("sts_avg_test", 60.0, 73.0)
    some = {task: {"spearman": value, "pairs": 3} for task, value in (("stsb", 75.0), ("sickr", None))}
    assert scores(run(tmp_path / "some", test=some)) == [("stsb_dev", 70.0, 80.5), ("stsb_test", None, 75.0)]
    assert scores(read_run(made(tmp_path / "begun").path)) == []


def test_one_run_in_full(tmp_path: Path) -> None:
    done = run(tmp_path, "method.ami_layers=[1,2]", "name=a")
    lines = show_text(done).splitlines()
    assert lines[:2] == [f"run      {done.path}", "status   done"]
    assert "data     wiki.txt, 64 sentences, SHA-256 000000000000" in lines
    assert "stsb_dev 70.00 -> 80.50" in lines
    assert "stsb_test - -> 75.00" in lines
    assert {"method.ami_layers: [1, 2]", "name: a", "trainer.max_steps: null", "trainer.progress: true"} <= set(lines)


def test_duplicates_that_were_dropped_are_told(tmp_path: Path) -> None:
    data = {**results()["data"], "dropped_duplicates": 1200}
    assert "dropped  1,200 duplicates" in show_text(run(tmp_path, data=data)).splitlines()


def test_runs_side_by_side(tmp_path: Path) -> None:
    one = run(tmp_path, "seed=1")
    other = run(tmp_path, "seed=2", "trainer.threads=3", best={"step": 1, "stsb_dev": 79.25}, test={})
    assert differing_values([one, other]) == {"seed": [1, 2], "data.low_shot.seed": [1, 2]}
    lines = [line.split() for line in compare_text([one, other]).splitlines()]
    assert lines[0] == ["(1)", "done", one.name]
    assert ["seed", "1", "2"] in lines
    assert ["stsb_dev", "80.50", "79.25", "(-1.25)"] in lines
    assert ["sts12_test", "70.00", "-"] in lines
    assert "The settings that results depend on are the same." in compare_text([one, one])


def test_a_key_that_a_run_of_another_version_lacks_differs(tmp_path: Path) -> None:
    one, other = run(tmp_path, "seed=1"), run(tmp_path / "other", "seed=1")
    del other.config["optimizer"]["weight_decay"]
    assert differing_values([one, other]) == {"optimizer.weight_decay": [one.config["optimizer"]["weight_decay"], None]}


def test_the_mean_of_what_was_tested(tmp_path: Path) -> None:
    assert mean_test(run(tmp_path)) == pytest.approx(73.0)
    some = {task: {"spearman": value, "pairs": 3} for task, value in (("stsb", 75.0), ("sts12", 70.0), ("sickr", None))}
    assert mean_test(run(tmp_path / "some", test=some)) == pytest.approx(72.5)
    zero = {task: {"spearman": value, "pairs": 3} for task, value in (("stsb", 75.0), ("sts12", 0.0))}
    assert mean_test(run(tmp_path / "zero", test=zero)) == pytest.approx(37.5)
    assert mean_test(run(tmp_path / "none", test={})) is None


def test_the_jobs_of_a_sweep(tmp_path: Path) -> None:
    done = run(tmp_path, "seed=1", precision="bf16")
    axes = {"data.low_shot.size": "64", "optimizer.learning_rate": "1e-5"}
    lines = sweep_table([state(1, done, seed="1", **axes), state(2, None, seed="2")]).splitlines()
    assert [line.split() for line in lines] == [
        ["job", "status", "seed", "size", "learning_rate", "step", "dev", "test"],
        ["1", "done", "1", "64", "1e-5", "25", "80.50", "73.00"],
        ["2", "missing", "2"],
        ["2", "jobs:", "1", "done,", "1", "missing"],
    ]


def test_jobs_of_several_precisions_are_noted(tmp_path: Path) -> None:
    runs = [run(tmp_path, f"seed={n}", precision=kind) for n, kind in enumerate(("bf16", "32", "bf16", None))]
    states = [state(n, each, seed=str(n)) for n, each in enumerate(runs)]
    (note,) = [line for line in sweep_table(states).splitlines() if line.startswith("note: ")]
    assert "(1 in 32, 2 in bf16): set trainer.precision" in note
    assert "note:" not in sweep_table([states[0], states[2], states[3]])


def test_jobs_are_counted_by_their_status() -> None:
    assert jobs_by_status([state(1, None)]) == "1 job: 1 missing"
    job = RecordedJob(1, {}, None, None)
    many = [JobState(job, kind, None, None) for kind in ("missing", "failed", "done", "failed", "running")]
    assert jobs_by_status(many) == "5 jobs: 1 done, 2 failed, 1 running, 1 missing"


def test_a_key_is_as_short_as_it_is_clear() -> None:
    assert short_key("data.low_shot.size", ["data.low_shot.size", "seed"]) == "size"
    assert short_key("data.low_shot.seed", ["data.low_shot.seed", "seed"]) == "data.low_shot.seed"
    assert short_key("seed", ["data.low_shot.seed", "seed"]) == "seed"


def test_a_run_without_dev_scores_is_listed_and_shown(tmp_path: Path) -> None:
    free = run(
        tmp_path / "a",
        "evaluation.dev=[]",
        "evaluation.select=info_nce",
        best={"step": 75, "info_nce": 0.25},
        initial={"info_nce": 0.5},
        stopped="Stopped at step 90.",
        merge={"alpha": 0.625, "scores": {"0": 0.5, "0.625": 0.25, "1": None}},
    )
    assert "merge    alpha 0.625" in show_text(free)
    _, line = list_table([free]).splitlines()
    step, dev = line.split()[6:8]
    assert (step, dev) == ("75", "-")
    assert scores(free)[0] == ("info_nce", 0.5, 0.25)
    assert "stopped  Stopped at step 90." in show_text(free)
    last = run(tmp_path / "b", "evaluation=none", best={"step": 100}, initial={}, test={})
    assert (scores(last), last.dev, last.selecting) == ([], None, None)
    assert "evaluation.select" in compare_text([free, last])
