from __future__ import annotations

import json
from pathlib import Path

import pytest
from sweeping import TESTS, made, results

from sentcse.errors import SentcseError
from sentcse.records.finding import find_runs
from sentcse.records.run_record import read_run


def test_a_run_that_is_done(tmp_path: Path) -> None:
    folder = made(tmp_path, "seed=48", "data.low_shot.size=64", "trainer.max_steps=100", results=results())
    run = read_run(folder.path)
    assert (run.status, run.reason, run.path, run.name) == ("done", None, folder.path, folder.path.name)
    assert (run.method, run.encoder, run.label) == ("micse", "bert-base-uncased", "micse_bert")
    assert (run.seed, run.split_seed, run.sentences, run.is_low_shot) == (48, 48, 64, True)
    assert (run.budget, run.max_steps, run.max_epochs, run.batch_size) == ("steps", 100, None, 64)
    assert (run.best_step, run.dev, run.seconds) == (25, 80.5, 12.5)
    assert run.test["sts12"] == 70.0
    assert run.sts_average == pytest.approx(73.0)


def test_an_average_needs_all_seven(tmp_path: Path) -> None:
    assert read_run(made(tmp_path, results=results(tests=TESTS[:6])).path).sts_average is None


def test_a_run_that_is_not_done(tmp_path: Path) -> None:
    folder = made(tmp_path, "data.low_shot.percent=0.1", "trainer.max_epochs=500", "data.low_shot.seed=50")
    run = read_run(folder.path)
    assert (run.status, run.reason, run.results, run.dev, run.test) == ("interrupted", None, None, None, {})
    assert (run.budget, run.max_steps, run.max_epochs) == ("epochs", None, 500)
    assert (run.sentences, run.percent, run.split_seed, run.seed) == (None, 0.1, 50, 42)
    folder.record_failure(ValueError("a reason\nand more"))
    run = read_run(folder.path)
    assert (run.status, run.reason) == ("failed", "ValueError: a reason")
    assert json.loads(folder.failure.read_text())["traceback"] == "ValueError: a reason\nand more\n"


def test_a_damaged_file_is_a_failure_and_stops_no_listing(tmp_path: Path) -> None:
    made(tmp_path, "seed=1", results=results())
    broken = made(tmp_path, "seed=2", results=results())
    broken.results.write_text('{"best": ')
    assert [run.status for run in find_runs(tmp_path)[0]] == ["done", "failed"]


@pytest.mark.parametrize("damaged", ["[]", "{}", '{"best": 1}', "null"])
def test_results_of_another_shape_are_damaged(tmp_path: Path, damaged: str) -> None:
    folder = made(tmp_path, results=results())
    folder.results.write_text(damaged)
    run = read_run(folder.path)
    assert (run.status, run.results) == ("failed", None)
    assert str(run.reason).startswith(f"{folder.results} ")


@pytest.mark.parametrize("damaged", ["[]", "{}", "null", '{"reason'])
def test_a_failure_of_another_shape_is_one_all_the_same(tmp_path: Path, damaged: str) -> None:
    folder = made(tmp_path)
    folder.failure.write_text(damaged)
    run = read_run(folder.path)
    assert (run.status, run.is_damaged) == ("failed", True)
    assert str(run.reason).startswith(f"{folder.failure} ")


def test_a_folder_of_something_else_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(SentcseError, match="is not a run's folder"):
        read_run(tmp_path)


def test_an_empty_configuration_is_named_and_hides_no_other_run(tmp_path: Path) -> None:
    run = made(tmp_path, results=results())
    (tmp_path / "emptied").mkdir()
    (tmp_path / "emptied" / "config.yaml").write_text("")
    found, left_out = find_runs(tmp_path)
    assert [each.name for each in found] == [run.path.name]
    assert len(left_out) == 1
    assert "emptied/config.yaml is empty: what was trained there is not known; remove the folder." in left_out[0]
