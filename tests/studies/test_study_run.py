"""A run as a report sees it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from made_runs import Made, configuration, make_run

from sentcse.config.tasks import STS_TASKS
from sentcse.records.metrics_file import Curve
from sentcse.records.run_record import RunRecord
from sentcse.studies.collect import collect
from sentcse.studies.study_run import Budget, Replicate, StudyRun, score_label, setting_text, shortened


def test_which_gpu_a_job_took_is_no_setting(tmp_path: Path) -> None:
    """Jobs of a sweep over two GPUs."""
    for seed in (48, 49, 50, 51):
        make_run(tmp_path, Made(seed=seed, changes=(("trainer.devices", [seed % 2]), ("evaluation.verify", "text"))))
    make_run(tmp_path, Made(seed=52))
    (part,) = collect([tmp_path]).parts
    assert (part.series, len(part.done("simcse", 64))) == (("simcse",), 5)
    make_run(tmp_path, Made(seed=53, changes=(("trainer.devices", [0, 1]),)))
    (part,) = collect([tmp_path]).parts
    assert part.series == ("simcse, devices=1", "simcse, devices=2")


def record(made: Made, results: dict[str, Any] | None = None, **changes: Any) -> RunRecord:
    """A run that is done where it has results."""
    config = configuration(Path("runs"), made).model_dump(mode="json", by_alias=True) | changes
    status: Any = "interrupted" if results is None else "done"
    return RunRecord(Path("runs/a"), "a", config, status, None, results)  # type: ignore[arg-type]


def run_of(made: Made, results: dict[str, Any] | None = None, **curves: Curve) -> StudyRun:
    return StudyRun(record(made, results), {f"val/{name}": curve for name, curve in curves.items()}, made.size)


def results(**more: Any) -> dict[str, Any]:
    return {"best": {"step": 50, "stsb_dev": 80.5}, "data": {"sentences": 64}, "seconds": 1.0, **more}


def test_scores_and_what_was_measured_at_the_selected_step() -> None:
    tested = {task: {"spearman": 70.0 + place, "pairs": 1} for place, task in enumerate(STS_TASKS)}
    initial = {"stsb_dev": 70.0, **{f"{task}_test": 60.0 for task in STS_TASKS}}
    run = run_of(Made(), results(test=tested, initial=initial), alignment={25: 0.5, 50: 0.25}, stsb_spearman={50: 80.5})
    assert run.done
    assert run.scores == {
        "stsb_dev": 80.5,
        **{f"{task}_test": 70.0 + place for place, task in enumerate(STS_TASKS)},
        "sts_avg_test": 73.0,
    }
    assert run.initial["sts_avg_test"] == 60.0
    assert [run.outcome(key) for key in ("stsb_dev", "alignment", "uniformity", "sst_test")] == [80.5, 0.25, None, None]
    assert (run.dev_score, run.dev_curve) == ("stsb_dev", {50: 80.5})


def test_a_run_that_is_not_done_has_no_outcome() -> None:
    run = run_of(Made(), alignment={0: 0.5})
    assert (run.done, run.scores, run.initial, run.outcome("alignment"), run.outcome("stsb_dev")) == (
        False, {}, {}, None, None,
    )  # fmt: skip
    assert (run.made_with, run.part_of_results("data")) == ({}, {})


def test_a_split_is_part_of_a_replicate_where_there_is_one() -> None:
    split = (("data.low_shot.seed", 7),)
    assert run_of(Made(seed=1, changes=split)).replicate == Replicate(1, 7)
    assert run_of(Made(seed=1, size=None, changes=split)).replicate == Replicate(1, None)


@pytest.mark.parametrize(
    ("steps", "label", "slug"), [(1250, "1,250 steps", "1250_steps"), (None, "budget in epochs", "epochs")]
)
def test_a_budget_in_words_and_in_names_of_files(steps: int | None, label: str, slug: str) -> None:
    assert run_of(Made(steps=steps)).budget == Budget(steps)
    assert (Budget(steps).label, Budget(steps).slug) == (label, slug)


def test_settings_are_what_may_tell_methods_apart() -> None:
    """Not what a study varies, nor what changes no result, nor what the method or the number of steps leaves unread."""
    base = run_of(Made()).settings
    varied = [("seed", 3), ("data.low_shot.seed", 5), ("data.low_shot.size", 70)]
    unread = [("generator.name_or_path", "runs/g"), ("trainer.max_epochs", 9), ("trainer.threads", 3), ("name", "x")]
    for change in (*varied, *unread):
        assert run_of(Made(changes=(change,))).settings == base, change
    for change in (("method.temperature", 0.1), ("optimizer.learning_rate", 1e-4), ("trainer.max_steps", 9)):
        changed = run_of(Made(changes=(change,))).settings
        assert {key for key in base if changed[key] != base[key]} == {change[0]}
    assert run_of(Made("diffcse")).settings["generator.name_or_path"] == "/made/generator_seed42/model"
    assert run_of(Made(steps=None)).settings["trainer.max_epochs"] == 1
    # of what a study varies, a command still needs the rest
    assert run_of(Made(seed=3)).effective["seed"] == 3


def test_a_run_of_another_version_is_taken_at_its_word() -> None:
    run = StudyRun(record(Made(), unheard_of={"a": 1}), {}, 64)
    assert run.config["unheard_of.a"] == 1
    assert run.settings["method.temperature"] == 0.05


def test_a_setting_that_is_younger_than_the_run_has_its_default() -> None:
    old = record(Made())
    del old.config["trainer"]["gradient_clip_val"]
    assert StudyRun(old, {}, 64).settings == run_of(Made()).settings


def test_what_a_run_was_made_with() -> None:
    made = run_of(
        Made(),
        results(precision="bf16", versions={"torch": "2.13"}, hardware={"device": "gpu", "gpu": "H200", "threads": 8}),
    ).made_with
    assert made == {"precision": "bf16", "torch": "2.13", "device": "gpu H200"}
    assert run_of(Made(), results(hardware="a laptop", versions=None)).made_with == {}  # of a version long ago


def test_names_of_scores_and_values() -> None:
    assert [score_label(key) for key in ("stsb_dev", "sickr_test", "sts_avg_test")] == [
        "STS-B dev", "SICK-R test", "STS average",
    ]  # fmt: skip
    assert shortened("/home/me/data/wiki.txt") == ".../data/wiki.txt"
    assert (shortened("data/wiki.txt"), shortened(5), shortened(None)) == ("data/wiki.txt", 5, None)
    written = [setting_text(value) for value in (None, True, False, 0.05, [1, "/a/b/c"], "text", ("x", None))]
    assert written == ["null", "true", "false", "0.05", "[1, .../b/c]", "text", "[x, null]"]
