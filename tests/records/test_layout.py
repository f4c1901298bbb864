"""The names of files and columns: those of an earlier version's disk, and one meaning each."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from sentcse.config.tasks import STS_TASKS
from sentcse.records import layout
from sentcse.records.contents import Results, StoredSweep

OLD = Path(__file__).parents[1] / "old" / "files" / "runs"
OF_A_RUN = {
    value for name, value in vars(layout).items() if name.endswith(("_FILE", "_FOLDER")) and name != "SWEEP_FILE"
}


def test_the_names_are_different_ones() -> None:
    names = [value for name, value in vars(layout).items() if name.endswith(("_FILE", "_FOLDER", "_CHECKPOINT"))]
    assert len(set(names)) == len(names)


def test_an_old_runs_folder_holds_what_it_is_looked_up_by() -> None:
    runs = sorted(path.parent for path in OLD.glob(f"*/{layout.CONFIG_FILE}"))
    assert len(runs) == 3
    for run in runs:
        assert {path.name for path in run.iterdir()} <= OF_A_RUN
        assert (run / layout.METRICS_FILE).is_file()
    assert [(run / layout.RESULTS_FILE).is_file() for run in runs] == [False, True, True]
    assert {path.name for path in (runs[0] / layout.CHECKPOINTS_FOLDER).iterdir()} == {
        layout.BEST_CHECKPOINT,
        layout.LAST_CHECKPOINT,
    }
    assert (runs[1] / layout.GENERATOR_FOLDER / "generator.json").is_file()
    assert (runs[2] / layout.ENCODER_FOLDER / "sentcse.json").is_file()
    (sweep,) = (OLD / layout.SWEEPS_FOLDER).iterdir()
    assert (sweep / layout.SWEEP_FILE).is_file()
    assert any((OLD / layout.UNTRAINED_FOLDER).iterdir())


def test_columns_of_an_old_curve() -> None:
    (run,) = OLD.glob("simcse_*")
    with (run / layout.METRICS_FILE).open(encoding="utf-8", newline="") as file:
        columns = next(csv.reader(file))
    scored = [layout.spearman_metric("pairs", "dev"), layout.ALIGNMENT, layout.UNIFORMITY]
    assert columns[:5] == [layout.STEP, *scored, layout.spearman_metric("pairs", "test")]
    assert [column for column in columns if column.endswith(layout.SPEARMAN)] == [columns[1], columns[4]]
    assert [column for column in columns if column.startswith(layout.VALIDATION)] == scored


@pytest.mark.parametrize("task", STS_TASKS)
def test_a_task_has_a_metric_and_a_key_for_each_of_its_parts(task: str) -> None:
    assert layout.spearman_metric(task, "dev") == f"val/{task}_spearman"
    assert layout.spearman_metric(task, "test") == f"test/{task}_spearman"
    assert layout.score_key(task, "dev") == f"{task}_dev"
    assert layout.score_key(task, "test") == f"{task}_test" != layout.STS_AVERAGE == "sts_avg_test"


def test_the_key_of_the_format_is_in_what_is_written() -> None:
    assert layout.FORMAT in Results.__annotations__
    assert layout.FORMAT in StoredSweep.__annotations__
