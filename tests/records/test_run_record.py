from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from sweeping import TESTS, made, results

from sentcse.errors import SentcseError
from sentcse.records.run_record import find_runs, read_run


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
    assert [run.status for run in find_runs(tmp_path)] == ["done", "failed"]


def test_find_runs_looks_into_folders_runs_and_sweeps(tmp_path: Path) -> None:
    one, two = made(tmp_path / "runs", "seed=2"), made(tmp_path / "runs", "seed=1")
    (tmp_path / "runs" / "notes").mkdir()
    sweep = tmp_path / "runs" / "sweeps" / "grid_00000000"
    sweep.mkdir(parents=True)
    jobs = [{"run": os.path.relpath(one.path, sweep)}, {"run": None}, {"run": "../../not_begun"}]
    (sweep / "sweep.json").write_text(json.dumps({"jobs": jobs}))
    assert [run.name for run in find_runs(tmp_path / "runs")] == sorted([one.path.name, two.path.name])
    assert [run.path for run in find_runs(one.path)] == [one.path]
    assert (
        [run.name for run in find_runs(sweep)]
        == [run.name for run in find_runs(sweep / "sweep.json")]
        == [one.path.name]
    )
    for place, sentence in ((tmp_path / "nothing", "does not exist"), (one.path / "config.yaml", "is a file")):
        with pytest.raises(SentcseError, match=sentence):
            find_runs(place)
    with pytest.raises(SentcseError, match="is not a run's folder"):
        read_run(tmp_path)
