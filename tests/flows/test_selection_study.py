"""docs/studies/selection.py and merging.py: what they read of runs, and their figures against figures by hand."""

from __future__ import annotations

import csv
import math
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from made_runs import UNTRAINED, Made, make_run

from sentcse.config import TrainConfig
from sentcse.config.tasks import STS_TASKS
from sentcse.evaluation.tasks.sts import load_pairs
from sentcse.training.run import train

STUDIES = Path(__file__).parents[2] / "docs" / "studies"
STEPS = (0, 25, 50, 75, 100)
DEV = (80.0, 82.0, 84.0, 83.0, 81.0)
INFO_NCE = (0.9, 0.5, 0.4, 0.3, 0.2)
"""Falls to the end, where STS-B dev has its best in the middle."""
BOTH = (-1.0, -1.6, -2.0, -1.8, -1.5)
"""Agrees with STS-B dev entirely: lower is better."""
AVERAGE = (73.0, 74.0, 76.0, 77.0, 75.0)


@pytest.fixture(scope="module")
def scripts() -> Iterator[Any]:
    """A script by its name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(STUDIES))
        yield import_module
    for name in ("selection", "merging"):
        sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def study(scripts: Any) -> Any:
    return scripts("selection")


@pytest.fixture(scope="module")
def merging(scripts: Any) -> Any:
    return scripts("merging")


def write_metrics(folder: Path, *, shift: float = 0.0, tests: bool = True, rtd: bool = False) -> None:
    """The metrics of an evaluation a row, and, with `rtd`, two training rows before each."""
    rows: list[dict[str, Any]] = []
    for place, step in enumerate(STEPS):
        if rtd and step > 0:
            rows += [
                {"step": step - 15, "train/rtd_accuracy": 0.1 * place},
                {"step": step, "train/rtd_accuracy": 0.3 * place},
            ]
        row = {"step": step, "val/stsb_spearman": DEV[place] + shift, "val/info_nce": INFO_NCE[place] + shift}
        row |= {"val/alignment_uniformity": BOTH[place]} | ({"val/rtd_accuracy": AVERAGE[place] / 100} if rtd else {})
        # their mean is AVERAGE, and STS-B test is two above it
        away = {task: (2.0 if task == "stsb" else -2.0 if task == "sts12" else 0.0) for task in STS_TASKS}
        if tests or step == 0:
            row |= {f"test/{task}_spearman": AVERAGE[place] + shift + away[task] for task in STS_TASKS}
        rows.append(row)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with (folder / "metrics.csv").open("w", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


def make(root: Path, **options: Any) -> None:
    for seed, shift in ((48, 0.0), (49, 1.0), (50, 2.0)):
        held_out = (("evaluation.label_free", True), ("evaluation.test_curve", True))
        write_metrics(make_run(root, Made(seed=seed, changes=held_out)), shift=shift, **options)


def records(study: Any, root: Path, output: Path, name: str) -> list[dict[str, str]]:
    assert study.main([str(root), "--output", str(output)]) == 0
    with (output / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def one(rows: list[dict[str, str]], **wanted: str) -> dict[str, str]:
    (found,) = [row for row in rows if all(row[name] == value for name, value in wanted.items())]
    return found


def test_correlations_are_those_by_hand(study: Any, tmp_path: Path) -> None:
    make(tmp_path / "runs", rtd=True)
    rows = records(study, tmp_path / "runs", tmp_path / "out", "selection_correlations")
    ours = [row for row in rows if row["method"] != "all"]
    # steps 25 to 100: dev ranks 2 4 3 1, turned InfoNCE 1 2 3 4: 1 - 6 * (1 + 4 + 0 + 9) / 60
    found = one(ours, target="STS-B dev", score="InfoNCE")
    assert float(found["within_runs"]) == pytest.approx(-0.4)
    assert found["runs"] == "3"
    # over seeds InfoNCE rises with the score, by the shift: turned, it orders the runs the wrong way round
    assert float(found["over_runs"]) == pytest.approx(-1)
    agreed = one(ours, target="STS-B dev", score="alignment + uniformity")
    assert float(agreed["within_runs"]) == pytest.approx(1)
    assert agreed["over_runs"] == ""  # it is the same in all runs
    # the average's ranks 1 3 4 2: 1 - 6 * (0 + 1 + 1 + 4) / 60
    assert float(one(ours, target="STS average", score="InfoNCE")["within_runs"]) == pytest.approx(0.4)
    while_training = one(ours, target="STS average", score="RTD accuracy while training")
    assert float(while_training["within_runs"]) == pytest.approx(0.4)
    assert float(one(ours, target="STS average", score="RTD accuracy")["within_runs"]) == pytest.approx(1)
    assert not [row for row in ours if row["target"] == row["score"]]


def test_what_is_lost_is_what_by_hand_is_lost(study: Any, tmp_path: Path) -> None:
    make(tmp_path / "runs")
    rows = records(study, tmp_path / "runs", tmp_path / "out", "selection_regrets")
    lost = {row["selected_by"]: row for row in rows if row["target"] == "STS average"}
    expected = {
        "STS-B dev": (77.0, -1, 0),  # step 50
        "InfoNCE": (76.0, -2, -1),  # step 100
        "alignment + uniformity": (77.0, -1, 0),
        "last step": (76.0, -2, -1),
        "start, untrained": (74.0, -4, -3),
    }
    assert set(lost) == set(expected)
    for rule, (mean, against_best, against_dev) in expected.items():
        assert float(lost[rule]["mean"]) == pytest.approx(mean)
        assert float(lost[rule]["against_best"]) == pytest.approx(against_best)
        assert float(lost[rule]["against_dev"]) == pytest.approx(against_dev)
    assert float(one(rows, target="STS-B test", selected_by="STS-B dev")["mean"]) == pytest.approx(79)


def test_runs_without_a_curve_of_tests_are_compared_on_dev_alone(study: Any, tmp_path: Path) -> None:
    make(tmp_path / "runs", tests=False)
    rows = records(study, tmp_path / "runs", tmp_path / "out", "selection_regrets")
    assert {row["target"] for row in rows} == {"STS-B dev"}


def test_runs_without_such_scores_are_told_what_to_do(
    study: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_run(tmp_path, Made())
    assert study.main([str(tmp_path)]) == 1
    assert "train with evaluation.label_free=true" in capsys.readouterr().err
    assert study.main([str(tmp_path / "nowhere")]) == 1


def test_training_rows_count_since_the_evaluation_before(study: Any) -> None:
    found = study.since_the_last({10: 1.0, 20: 3.0, 30: 5.0}, [25, 50, 75])
    assert found == {25: 2.0, 50: 5.0}


def test_too_few_or_constant_values_have_no_rank_correlation(study: Any) -> None:
    assert math.isnan(study.rank_correlation([1, 2], [1, 2]))
    assert math.isnan(study.rank_correlation([1, 1, 1], [1, 2, 3]))
    assert study.rank_correlation([1, 2, 3], [10, 20, 15]) == pytest.approx(0.5)


def test_what_merging_brought_is_paired_by_seed_with_the_step_itself(merging: Any, tmp_path: Path) -> None:
    """Step 50 scores 76, 77 and 78 on average, as `write_metrics` has it."""
    merge = ("merge", {"alpha": 1.25, "scores": {"1": 84.0, "1.25": 84.5}})
    for seed, shift, gained in ((48, 0.0, 0.5), (49, 1.0, 1.0), (50, 2.0, 1.5)):
        scores = tuple((f"{task}_test", 76 + shift + gained) for task in STS_TASKS)
        best = ("best", {"step": 50, "stsb_dev": 84.5})
        write_metrics(make_run(tmp_path / "runs", Made(seed=seed, scores=scores, results=(merge, best))), shift=shift)
    rows = records(merging, tmp_path / "runs", tmp_path / "out", "merging")
    average = one(rows, target="STS average")
    assert [float(average[name]) for name in ("start", "step", "merged")] == pytest.approx(
        [UNTRAINED["sts12_test"], 77, 78]
    )
    half = 4.302653 * 0.5 / math.sqrt(3)  # Student's t of two degrees of freedom
    assert [float(average[name]) for name in ("gain", "low", "high")] == pytest.approx([1, 1 - half, 1 + half])
    assert (average["least_alpha"], average["most_alpha"], average["runs"]) == ("1.25", "1.25", "3")
    # STS-B's test is two above the average at the step
    assert float(one(rows, target="STS-B test")["gain"]) == pytest.approx(-1)


def test_the_step_is_scored_where_the_run_has_not(
    merging: Any, configure: Callable[..., TrainConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = configure("evaluation.test=[pairs]", "runs.keep=best", "evaluation.precision=bfloat16")
    results = train(config)
    ((_, _, run),) = merging.sized_runs([Path(config.runs.root)])
    tasks = [load_pairs(config.evaluation.pairs_test, name=task, split="test") for task in STS_TASKS]
    monkeypatch.setattr(merging, "load_sts", lambda *_: tasks)
    assert merging.score_step(run) == pytest.approx(dict.fromkeys(STS_TASKS, results["test"]["pairs"]["spearman"]))


def test_a_run_without_all_tests_is_named(merging: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    merge = ("merge", {"alpha": 1.25, "scores": {}})
    folder = make_run(tmp_path, Made(tests=("stsb",), results=(merge,)))
    assert merging.main([str(tmp_path)]) == 1
    said = f"{folder.name} has no score of sts12, sts13, sts14, sts15, sts16, sickr: train with all seven tests"
    assert said in capsys.readouterr().err


def test_runs_that_were_not_merged_are_told_what_to_do(
    merging: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_run(tmp_path, Made())
    assert merging.main([str(tmp_path)]) == 1
    assert "train with evaluation.merge=true" in capsys.readouterr().err
