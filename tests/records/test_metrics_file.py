from __future__ import annotations

import csv
from pathlib import Path

import pytest

from sentcse.errors import SentcseError
from sentcse.records.metrics_file import MetricsFile, read_dev_curves, read_rows, read_series


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "metrics.csv"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines))


def test_rows_are_appended_at_once(path: Path) -> None:
    file = MetricsFile(path)
    file.append({"loss": 1.5}, 1)
    assert path.read_text().splitlines() == ["step,loss", "1,1.5"]
    file.append({"loss": 0.1 + 0.2}, 2)
    assert path.read_text().splitlines()[2] == "2,0.30000000000000004"  # nothing is rounded


def test_a_new_metric_gets_a_column(path: Path) -> None:
    file = MetricsFile(path)
    file.append({"loss": 1.0}, 1)
    file.append({"score": 2.0}, 1)
    file.append({"loss": 3.0, "score": 4.0}, 2)
    assert path.read_text().splitlines() == ["step,loss,score", "1,1.0,", "1,,2.0", "2,3.0,4.0"]


def test_a_later_process_appends_with_the_columns_of_the_first(path: Path) -> None:
    MetricsFile(path).append({"b": 1.0, "a": 2.0}, 1)
    MetricsFile(path).append({"a": 3.0, "c": 5.0, "b": 4.0}, 2)
    assert path.read_text().splitlines() == ["step,b,a,c", "1,1.0,2.0,", "2,4.0,3.0,5.0"]


def test_steps_that_a_continued_run_makes_again_are_dropped(path: Path) -> None:
    file = MetricsFile(path)
    for step in range(5):
        file.append({"loss": float(step)}, step)
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
    file.append({"loss": 1.25, "score": 10.5}, 1)
    file.append({"loss": 2.25, "score": 20.5}, 2)
    path.write_bytes(path.read_bytes()[:-cut])
    again = MetricsFile(path)
    again.forget_after(1)
    again.append({"loss": 3.25}, 2)
    assert rows(path) == [
        {"step": "1", "loss": "1.25", "score": "10.5"},
        {"step": "2", "loss": "3.25", "score": ""},
    ]


def test_a_file_of_a_process_that_was_killed_at_its_first_row(path: Path) -> None:
    path.write_text("")
    file = MetricsFile(path)
    file.forget_after(-1)
    file.append({"loss": 1.0}, 1)
    assert rows(path) == [{"step": "1", "loss": "1.0"}]


def test_series_are_values_by_step(path: Path) -> None:
    file = MetricsFile(path)
    file.append({"loss": 1.0}, 1)
    file.append({"val/score": float("nan"), "val/other": 4.0}, 2)
    file.append({"loss": 0.5}, 3)
    assert read_rows(path)[0] == (1, {"loss": 1.0})
    series = read_series(path)
    assert series["loss"] == {1: 1.0, 3: 0.5}
    assert list(series["val/score"]) == [2]
    assert read_dev_curves(path) == {"val/other": {2: 4.0}}


def test_there_is_nothing_to_read_where_there_is_no_file(path: Path) -> None:
    assert (read_rows(path), read_series(path), read_dev_curves(path)) == ([], {}, {})


@pytest.mark.parametrize("cut", range(1, 9))
def test_what_a_kill_has_cut_is_not_read(path: Path, cut: int) -> None:
    """The first digits of a number would be another number."""
    file = MetricsFile(path)
    file.append({"val/a": 1.25, "val/b": 10.5}, 1)
    file.append({"val/a": 2.25, "val/b": 20.5}, 2)
    path.write_bytes(path.read_bytes()[:-cut])
    assert read_rows(path) == [(1, {"val/a": 1.25, "val/b": 10.5})]
    assert read_dev_curves(path) == {"val/a": {1: 1.25}, "val/b": {1: 10.5}}


def test_what_is_no_number_is_left_out(path: Path) -> None:
    path.write_text("step,a,b\n1,x,2.0\nhalf,1.0,2.0\n2,3.0,4.0\n3,1.0,2.0,5.0\n")
    assert read_rows(path) == [(1, {"b": 2.0}), (2, {"a": 3.0, "b": 4.0})]


def test_a_file_of_something_else_is_named_and_left_alone(path: Path) -> None:
    content = b"\xff\xfe\x00\x01 foreign\n1,2\n"
    path.write_bytes(content)
    with pytest.raises(SentcseError, match=r"metrics\.csv is damaged .*move it away"):
        MetricsFile(path)
    assert path.read_bytes() == content
