from __future__ import annotations

import csv
from pathlib import Path

import pytest

from sentcse.records.metrics_file import MetricsFile, read_series


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "metrics.csv"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines))


def test_rows_are_appended_at_once(path: Path) -> None:
    file = MetricsFile(path)
    file.log_metrics({"loss": 1.5, "epoch": 0}, step=1)
    assert path.read_text().splitlines() == ["step,loss", "1,1.5"]
    file.log_metrics({"loss": 0.1 + 0.2}, step=2)
    assert path.read_text().splitlines()[2] == "2,0.30000000000000004"  # nothing is rounded


def test_a_new_metric_gets_a_column(path: Path) -> None:
    file = MetricsFile(path)
    file.log_metrics({"loss": 1.0}, step=1)
    file.log_metrics({"score": 2.0}, step=1)
    file.log_metrics({"loss": 3.0, "score": 4.0}, step=2)
    assert path.read_text().splitlines() == ["step,loss,score", "1,1.0,", "1,,2.0", "2,3.0,4.0"]


def test_a_later_process_appends_with_the_columns_of_the_first(path: Path) -> None:
    MetricsFile(path).log_metrics({"b": 1.0, "a": 2.0}, step=1)
    MetricsFile(path).log_metrics({"a": 3.0, "c": 5.0, "b": 4.0}, step=2)
    assert path.read_text().splitlines() == ["step,b,a,c", "1,1.0,2.0,", "2,4.0,3.0,5.0"]


def test_steps_that_a_continued_run_makes_again_are_dropped(path: Path) -> None:
    file = MetricsFile(path)
    for step in range(5):
        file.log_metrics({"loss": float(step)}, step=step)
    MetricsFile(path).forget_after(2)
    assert [row["step"] for row in rows(path)] == ["0", "1", "2"]
    MetricsFile(path).forget_after(-1)
    assert rows(path) == []
    assert path.read_text() == "step,loss\n" or path.read_text() == "step,loss\r\n"


def test_forgetting_before_there_is_a_file(path: Path) -> None:
    MetricsFile(path).forget_after(3)
    assert not path.exists()


@pytest.mark.parametrize("cut", range(1, 9))
def test_a_last_row_that_a_kill_has_cut(path: Path, cut: int) -> None:
    """Wherever it was cut, the rows before it stay and the next row starts on a line of its own."""
    file = MetricsFile(path)
    file.log_metrics({"loss": 1.25, "score": 10.5}, step=1)
    file.log_metrics({"loss": 2.25, "score": 20.5}, step=2)
    path.write_bytes(path.read_bytes()[:-cut])
    again = MetricsFile(path)
    again.forget_after(1)
    again.log_metrics({"loss": 3.25}, step=2)
    assert rows(path) == [
        {"step": "1", "loss": "1.25", "score": "10.5"},
        {"step": "2", "loss": "3.25", "score": ""},
    ]


def test_a_file_of_a_process_that_was_killed_at_its_first_row(path: Path) -> None:
    path.write_text("")
    file = MetricsFile(path)
    file.forget_after(-1)
    file.log_metrics({"loss": 1.0}, step=1)
    assert rows(path) == [{"step": "1", "loss": "1.0"}]


def test_read_series(path: Path) -> None:
    file = MetricsFile(path)
    file.log_metrics({"loss": 1.0}, step=1)
    file.log_metrics({"score": float("nan")}, step=2)
    file.log_metrics({"loss": 0.5}, step=3)
    series = read_series(path)
    assert series["loss"] == ([1, 3], [1.0, 0.5])
    assert series["score"][0] == [2]


def test_lightning_may_ask_for_name_version_and_hyperparameters(path: Path) -> None:
    file = MetricsFile(path)
    file.log_hyperparams({"a": 1})
    assert (file.name, file.version) == ("metrics", "")
    assert not path.exists()
