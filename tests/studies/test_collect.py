"""Runs of a study: each read once, sorted by budget, named by what tells them apart; what is missing is known."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from made_runs import Made, configuration, make_run, make_runs, make_unfinished

from sentcse.errors import SentcseError
from sentcse.records.outcomes import JobOutcome, Outcomes
from sentcse.records.run_folder import RunFolder
from sentcse.records.sweep_record import Job, write_sweep
from sentcse.studies.collect import collect


def test_budgets_are_parts_of_their_own(tmp_path: Path) -> None:
    make_runs(tmp_path, [Made(steps=100), Made(steps=250), Made(steps=None), Made(seed=49)])
    study = collect([tmp_path])
    assert [(part.label, len(part.runs)) for part in study.parts] == [
        ("100 steps", 2),
        ("250 steps", 1),
        ("1 epoch", 1),
    ]
    assert [part.slug for part in study.parts] == ["100_steps", "250_steps", "epochs"]


def test_budgets_that_are_taken_together_tell_methods_apart(tmp_path: Path) -> None:
    """Only where a method has several, and never in one mean."""
    longer = make_run(tmp_path, Made("diffcse", steps=250))
    make_runs(tmp_path, [Made(), Made("diffcse"), Made(size=500), Made("micse", steps=None)])
    study = collect([tmp_path], apart=False)
    (part,) = study.parts
    assert part.series == ("simcse", "diffcse, max_steps=100", "diffcse, max_steps=250", "micse")
    assert [run.record.name for run in part.done("diffcse, max_steps=250")] == [longer.name]
    assert (part.label, part.slug) == ("100 steps, 250 steps and 1 epoch", "100_steps_250_steps_epochs")
    assert study.has_budgets


def test_a_budget_without_any_result_is_left_out(tmp_path: Path) -> None:
    make_runs(tmp_path, [Made(), Made(seed=49)])
    begun = make_unfinished(tmp_path, Made(steps=250))
    study = collect([tmp_path])
    assert [part.label for part in study.parts] == ["100 steps"]
    assert study.notes == (f"Left out, as none of its runs is done: 250 steps, {begun.name} (interrupted).",)


def test_a_run_that_has_not_counted_its_sentences_gets_them_from_its_peers(tmp_path: Path) -> None:
    make_run(tmp_path, Made(size=None))
    make_unfinished(tmp_path, Made(size=None, seed=49))
    (part,) = collect([tmp_path]).parts
    assert [run.size for run in part.runs] == [16_979, 16_979]


def counted(sentences: int) -> tuple[tuple[str, Any], ...]:
    """What results.json says of a corpus of so many sentences."""
    return (("data", {"source": "corpus", "sha256": str(sentences), "sentences": sentences}),)


def test_a_run_keeps_the_number_of_sentences_that_it_counted(tmp_path: Path) -> None:
    """The corpus grew between two seeds; a third, not done, may have seen either."""
    make_run(tmp_path, Made(size=None, results=counted(900)))
    make_run(tmp_path, Made(size=None, seed=49, results=counted(1000)))
    make_unfinished(tmp_path, Made(size=None, seed=50))
    sizes = {run.record.seed: run.size for run in collect([tmp_path]).runs}
    assert sizes == {48: 900, 49: 1000, 50: None}


@pytest.mark.parametrize("key", ["data.split", "data.dataset_config"])
def test_peers_are_of_one_split_of_one_dataset(tmp_path: Path, key: str) -> None:
    dataset = (("data.path", None), ("data.dataset", "owner/name"))
    make_run(tmp_path, Made(size=None, changes=(*dataset, (key, "a")), results=counted(900)))
    make_unfinished(tmp_path, Made(size=None, seed=49, changes=(*dataset, (key, "a"))))
    make_unfinished(tmp_path, Made(size=None, seed=50, changes=(*dataset, (key, "b"))))
    sizes = {run.record.seed: run.size for run in collect([tmp_path]).runs}
    assert sizes == {48: 900, 49: 900, 50: None}


def test_one_run_in_two_folders_counts_once(tmp_path: Path) -> None:
    first = make_run(tmp_path / "a", Made())
    shutil.copytree(first, tmp_path / "b" / first.name)
    study = collect([tmp_path / "a", tmp_path / "b"])
    assert len(study.runs) == 1
    assert study.notes == (f"{first.name} is there twice; it counts once.",)
    assert collect([tmp_path / "a", first]).notes == ()  # one folder named twice is no news


def test_of_runs_that_differ_in_their_tests_alone_the_fuller_counts(tmp_path: Path) -> None:
    few, all_seven = make_run(tmp_path, Made(tests=("stsb",))), make_run(tmp_path, Made())
    study = collect([tmp_path])
    assert [run.record.name for run in study.runs] == [all_seven.name]
    assert study.notes == (f"{few.name} trains as {all_seven.name} does; it counts once.",)


def test_nothing_done_is_a_fault(tmp_path: Path) -> None:
    make_unfinished(tmp_path, Made())
    with pytest.raises(SentcseError, match="of 1 runs none is done"):
        collect([tmp_path])
    with pytest.raises(SentcseError, match="does not exist"):
        collect([tmp_path / "nowhere"])


def test_curves_leave_out_what_is_no_number(tmp_path: Path) -> None:
    folder = make_run(tmp_path, Made())
    with (folder / "metrics.csv").open("a", encoding="utf-8") as file:
        file.write("125,nan,70.0,0.1,-2,\n150,8")  # collapsed; then cut by a kill
    (run,) = collect([tmp_path]).runs
    curves = run.curves
    assert list(run.dev_curve) == [0, 25, 50, 75, 100]
    assert curves["val/sickr_spearman"][125] == 70.0
    assert "train/loss" not in curves


def job(root: Path, number: int, made: Made, *, fault: str | None = None) -> Job:
    config = None if fault is not None else configuration(root, made)
    folder = None if config is None else RunFolder(config)
    return Job(number, (f"seed={made.seed}",), {"seed": str(made.seed)}, config, folder, fault)


def test_a_sweep_tells_what_folders_cannot(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    done, failed, waiting, refused = Made(seed=48), Made(seed=49), Made(seed=50), Made(seed=51)
    make_run(runs, done)
    stopped = make_unfinished(runs, failed)
    sweep = runs / "sweeps" / "mine"
    jobs = [
        job(runs, 1, done),
        job(runs, 2, failed),
        job(runs, 3, waiting),
        job(runs, 4, refused, fault="No such key."),
    ]
    first = write_sweep(sweep, jobs, command="train -m seed=48,49 'data.path=/home/me/data/wiki/lines.txt'")
    (started,) = {entry["started"][:16].replace("T", " ") for entry in first.commands}
    write_sweep(sweep, jobs, command="train -m seed=48,49 'data.path=/home/me/data/wiki/lines.txt'")
    write_sweep(sweep, jobs, command="train -m 'evaluation.test=[stsb,sickr]'")
    Outcomes(sweep).write(stopped.name, JobOutcome("failed", "The disk is full.", 1.0))

    for source in (runs, sweep, sweep / "sweep.json"):
        study = collect([source])
        (open_run,) = study.parts[0].not_done()
        assert (open_run.record.status, open_run.record.reason) == ("failed", "The disk is full.")
        told, given, other, *rest = study.notes
        assert told == "Sweep mine: 4 jobs, started 3 times."
        assert given.startswith(f"Sweep mine was started on {started} and ")
        assert given.endswith(" (UTC) by: train -m seed=48,49 data.path=.../wiki/lines.txt")
        assert other.endswith(" (UTC) by: train -m 'evaluation.test=[stsb,sickr]'")
        assert rest == [
            "Sweep mine: seed=51 could not start: No such key.",
            "Sweep mine: 1 job not begun.",
        ]


def test_runs_without_a_sweep_have_no_notes(tmp_path: Path) -> None:
    make_run(tmp_path, Made())
    assert collect([tmp_path]).notes == ()


def test_runs_that_no_dev_score_selected_count_with_their_tests(tmp_path: Path) -> None:
    free = (("evaluation.dev", []), ("evaluation.select", "info_nce"))
    make_runs(
        tmp_path,
        [Made(changes=free, seed=seed, results=(("best", {"step": 50, "info_nce": 0.25}),)) for seed in (48, 49)],
    )
    (part,) = collect([tmp_path]).parts
    assert (part.dev_scores(), part.score_keys()[0], part.primary_key()) == ([], "sts12_test", "sts_avg_test")
    (run, _) = part.runs
    assert (run.dev_score, run.dev_curve, run.dev_label, run.record.best_step) == (None, {}, "\u2013", 50)


def test_runs_that_scored_no_task_are_left_out(tmp_path: Path) -> None:
    none = (("evaluation.dev", []), ("evaluation.select", "last"))
    unscored = make_run(tmp_path, Made(steps=250, changes=none, tests=(), results=(("best", {"step": 250}),)))
    make_run(tmp_path, Made())
    study = collect([tmp_path])
    assert [part.label for part in study.parts] == ["100 steps"]
    assert study.notes == (f"Left out, as its runs scored no task: 250 steps, {unscored.name}.",)
