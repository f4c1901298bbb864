"""The page's table of runs, and what opens behind each name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from made_runs import Made, grid, make_unfinished

from sentcse.studies.remake import remake_command
from sentcse.studies.run_details import headline_keys, run_columns, run_details, run_rows
from sentcse.studies.study import Study

StudyOf = Callable[[Iterable[Made]], Study]


def names(study: Study) -> list[str]:
    return [str(column["name"]) for column in run_columns(study)]


def cells(study: Study, name: str) -> list[dict[str, Any]]:
    place = names(study).index(name)
    return [row["cells"][place] for row in run_rows(study)]


@pytest.mark.parametrize(
    "runs",
    [
        grid(("simcse", "micse"), (64,), (48, 49)),
        [Made(), Made(steps=None)],
        [Made(seed=1, changes=(("data.low_shot.seed", 7),)), Made(size=None)],
    ],
    ids=["plain", "budgets", "splits"],
)
def test_a_row_has_a_cell_for_each_column(study_of: StudyOf, runs: list[Made]) -> None:
    study = study_of(runs)
    columns, rows = run_columns(study), run_rows(study)
    assert [row["index"] for row in rows] == list(range(len(study.runs)))
    for row, run in zip(rows, study.runs, strict=True):
        assert row["cells"][0]["text"] == run.record.name
        assert [cell["figure"] for cell in row["cells"]] == [column["figure"] for column in columns]
    assert ("budget" in names(study)) == (len(study.parts) > 1)
    assert ("split" in names(study)) == any(part.splits_of_their_own for part in study.parts)
    assert [detail["name"] for detail in run_details(study)] == [run.record.name for run in study.runs]


def test_figures_are_sorted_by_their_whole_value(study_of: StudyOf, tmp_path: Path) -> None:
    make_unfinished(tmp_path, Made(seed=50))
    study = study_of([Made(seed=48, size=1000), Made(seed=49, scores=(("stsb_test", 70.126),))])
    scores = {cell["text"]: cell["value"] for cell in cells(study, "STS-B test")}
    assert scores["70.13"] == "70.126"
    assert scores["\u2013"] == ""  # of the run that is not done: goes to the end
    assert {cell["text"]: cell["value"] for cell in cells(study, "sentences")} == {"64": "64", "1,000": "1000"}
    assert {cell["text"] for cell in cells(study, "seed")} == {"48", "49", "50"}
    assert sorted(cell["text"] for cell in cells(study, "status")) == ["done", "done", "interrupted"]


def test_headline_scores_of_all_parts(study_of: StudyOf) -> None:
    study = study_of([Made(tests=("sts12",)), Made(steps=250)])
    assert headline_keys(study) == ["stsb_dev", "sts12_test", "stsb_test", "sts_avg_test"]
    assert [cell["text"] == "\u2013" for cell in cells(study, "STS average")] == [True, False]


def test_what_opens_behind_a_run(study_of: StudyOf) -> None:
    initial, best = {"stsb_dev": 79.0, "stsb_test": 75.5}, (("stsb_dev", 81.5), ("stsb_test", None))
    study = study_of([Made(tests=("stsb",), scores=best, results=(("initial", initial), ("precision", "32")))])
    ((detail,), (run,)) = run_details(study), study.runs
    assert detail["scores"] == [
        ["STS-B dev", "81.50", "79.00", "+2.50"],
        ["STS-B test", "\u2013", "75.50", "\u2013"],  # collapsed
    ]
    facts = dict(detail["facts"])
    assert (facts["method"], facts["sentences"], facts["seed"]) == ("simcse", "64", "48")
    assert (facts["seed of the split"], facts["budget"]) == ("48", "100 steps")
    assert facts["made with"].startswith("precision 32, python 3.11.7")
    assert facts["training and evaluation"] == "62 s"
    assert facts["SHA-256 of the data"] == run.part_of_results("data")["sha256"]
    assert detail["command"] == remake_command(run)
    assert [key for key, _ in detail["settings"]] == sorted(run.effective)
    (trace,) = detail["curve"]["figure"]["data"]
    assert (trace["x"], trace["y"]) == (list(run.dev_curve), list(run.dev_curve.values()))
    assert detail["reason"] == ""


def test_a_run_that_failed_says_why_without_the_place_of_its_folder(study_of: StudyOf, tmp_path: Path) -> None:
    failed = make_unfinished(tmp_path, Made(seed=49), reason=f"{tmp_path}/a/b is full.")
    waiting = make_unfinished(tmp_path, Made(seed=50))
    (waiting / "metrics.csv").unlink()
    details = {detail["name"]: detail for detail in run_details(study_of([Made()]))}
    assert details[failed.name]["reason"] == "Status: failed. .../a/b is full."
    assert (details[failed.name]["scores"], details[failed.name]["curve"] is None) == ([], False)
    assert details[waiting.name]["reason"] == "Status: interrupted."
    assert details[waiting.name]["curve"] is None
    assert dict(details[waiting.name]["facts"])["training and evaluation"] == "\u2013"
