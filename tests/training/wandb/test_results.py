"""Whole runs with W&B in offline mode, read back: complete, failed, stopped, continued, handed over afterwards."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import wandb
from composing import checked
from hydra.core.global_hydra import GlobalHydra
from stopping import Stop, StopAt, with_callback
from wandb_files import OfflineRun, parts, read_offline

from sentcse.command.composed import run_command
from sentcse.config import TrainConfig, check_config
from sentcse.records.metrics_file import read_rows
from sentcse.records.run_folder import RunFolder
from sentcse.sweeps.sweep_job import run_sweep_job
from sentcse.training import run as module
from sentcse.training.run import train
from sentcse.training.wandb import results as wandb_results
from sentcse.training.wandb.results import log_results, score_rows, summary
from sentcse.training.wandb.run import SUPERSEDED
from sentcse.training.wandb.state import handed_over

Configure = Callable[..., TrainConfig]
Settings = Callable[..., list[str]]

RESULTS: dict[str, Any] = {
    "best": {"step": 20, "stsb_dev": 80.5},
    "initial": {"stsb_dev": 70.0, "sickr_dev": None, "alignment": 0.2, "stsb_test": 65.0},
    "test": {"stsb": {"spearman": 75.5, "pairs": 1379}, "sickr": {"spearman": None, "pairs": 4927}},
    "seconds": 12.5,
}


def test_the_summary_holds_the_best_dev_and_the_test_scores() -> None:
    assert summary(RESULTS) == {
        "best/step": 20,
        "best/stsb_dev": 80.5,
        "initial/stsb_dev": 70.0,
        "initial/alignment": 0.2,
        "initial/stsb_test": 65.0,
        "test/stsb_spearman": 75.5,
        "seconds": 12.5,
    }
    seven = ("sts12", "sts13", "sts14", "sts15", "sts16", "stsb", "sickr")
    tested = {name: {"spearman": 70.0 + number, "pairs": 1} for number, name in enumerate(seven)}
    assert summary({**RESULTS, "test": tested})["test/sts_avg_spearman"] == 73.0


def test_the_table_compares_before_and_after() -> None:
    assert list(score_rows(RESULTS)) == [
        ["stsb", "dev", None, 70.0, 80.5],
        ["stsb", "test", 1379, 65.0, 75.5],
        ["sickr", "test", 4927, None, None],
    ]


def test_a_fault_at_the_end_is_told_and_stops_nothing(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fault(*_: Any) -> None:
        raise wandb.errors.CommError("gone")

    monkeypatch.setattr(wandb, "run", object())
    monkeypatch.setattr(wandb_results, "_log", fault)
    with caplog.at_level("WARNING", logger="sentcse"):
        log_results(configure(), RESULTS, RunFolder(configure()))
    assert "W&B lost the results (gone)" in caplog.text
    assert "results.json has them" in caplog.text


def test_results_are_handed_over_when_the_run_is_closed_and_not_before(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill while W&B closes its file would otherwise leave a part that nobody completes."""
    folder = RunFolder(configure())
    folder.create(configure())
    seen: list[tuple[str, bool]] = []
    monkeypatch.setattr(wandb, "run", object())
    monkeypatch.setattr(wandb_results, "_log", lambda *_: seen.append(("log", handed_over(folder))))

    def finish(code: int) -> bool:
        seen.append((f"finish {code}", handed_over(folder)))
        return len(seen) > 2

    monkeypatch.setattr(wandb_results, "finish_wandb", finish)
    log_results(configure(), RESULTS, folder)
    assert not handed_over(folder)
    log_results(configure(), RESULTS, folder)
    assert handed_over(folder)
    assert seen == [("log", False), ("finish 0", False)] * 2


def only(config: TrainConfig) -> OfflineRun:
    (part,) = parts(RunFolder(config).path)
    return read_offline(part)


def history(found: OfflineRun) -> dict[tuple[int, str], float]:
    """Values by step and metric, without pictures and tables."""
    rows = found.history.items()
    return {(step, key): row[key] for step, row in rows for key in row if key.startswith(("train/", "val/"))}


def of_metrics_file(path: Path) -> dict[tuple[int, str], float]:
    rows = read_rows(path)
    return {(step, key): row[key] for step, row in rows for key in row if key.startswith(("train/", "val/"))}


def test_a_complete_run_is_a_picture_of_its_folder(configure: Configure) -> None:
    config = configure("logger=wandb")
    results = train(config)
    folder, found = RunFolder(config), only(config)
    assert history(found) == pytest.approx(of_metrics_file(folder.metrics))
    assert sorted(found.history) == list(range(11))
    assert found.exit_code == 0
    assert found.config["sentences"] == 40
    assert {key: found.summary[key] for key in summary(results)} == pytest.approx(summary(results))
    tables = {name: json.loads(path.read_text()) for name, path in media(folder, "table").items()}
    assert tables["scores"]["data"] == json.loads(json.dumps(list(score_rows(results))))
    assert [row[0] for row in tables["geometry_points_table"]["data"]] == [0, 2, 4, 6, 8, 10]
    assert {"curves", "geometry"} == set(media(folder, "images"))
    # a complete run that W&B has is not handed over again
    train(config)
    assert len(parts(folder.path)) == 1


def media(folder: RunFolder, kind: str) -> dict[str, Path]:
    (part,) = parts(folder.path)
    return {path.name.rsplit("_", 2)[0]: path for path in (part / "files" / "media" / kind).iterdir()}


@pytest.mark.slow
def test_a_run_that_was_trained_without_wandb_is_handed_over_afterwards(
    configure: Configure, caplog: pytest.LogCaptureFixture
) -> None:
    train(configure())
    results = train(configure("logger=wandb", "logger.tags=[late]"))
    with caplog.at_level("INFO", logger="sentcse"):
        train(configure("logger=wandb", "logger.tags=[late]"))
    assert f"W&B has it already, as {only(configure()).run['run_id']}" in caplog.text
    found = only(configure())
    assert history(found) == pytest.approx(of_metrics_file(RunFolder(configure()).metrics))
    assert found.summary["best/step"] == results["best"]["step"]
    assert found.exit_code == 0
    assert "late" in found.run["tags"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "code"), [(RuntimeError("out of memory"), 1), (KeyboardInterrupt(), 255), (SystemExit(143), 143)]
)
def test_a_run_that_fails_or_is_stopped_says_so_and_goes_on_without_a_gap(
    configure: Configure,
    stopped: Stop,
    fault: BaseException,
    code: int,
) -> None:
    config = configure("logger=wandb")
    stopped(config, 5, fault)
    assert wandb.run is None
    first = only(config)
    assert first.exit_code == code
    assert sorted(first.history) == [0, 1, 2, 3, 4, 5]
    train(config)
    folder, found = RunFolder(config), only(config)
    assert found.run["run_id"] == first.run["run_id"]
    assert found.exit_code == 0
    assert history(found) == pytest.approx(of_metrics_file(folder.metrics))
    assert sorted(found.history) == list(range(11))
    # the checkpoint was of step 4: step 5 was made twice, and is told once, as the second time
    assert history(found)[5, "train/loss"] == pytest.approx(history(first)[5, "train/loss"])
    (aside,) = (folder.path / "wandb" / SUPERSEDED).iterdir()
    assert read_offline(aside).exit_code == code


@pytest.mark.slow
def test_a_failed_job_of_a_sweep_is_marked_and_the_next_one_is_a_run_of_its_own(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Both in one process, where a W&B run that was left open would take up the rows of the next job."""

    def job(values: dict[str, Any]) -> None:
        fault = StopAt(5, RuntimeError("out of memory"))
        with with_callback(module, fault) if values["seed"] == 1 else nullcontext():
            train(check_config(values))

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["sentcse-train", "-m", *settings("logger=wandb", "seed=1,2")])
    GlobalHydra.instance().clear()
    assert run_command(job, "train", run_sweep_job) == 1
    assert wandb.run is None

    folders = [RunFolder(checked(*settings("logger=wandb", f"seed={seed}"))) for seed in (1, 2)]
    failed, whole = (read_offline(part) for folder in folders for part in parts(folder.path))
    assert (failed.exit_code, whole.exit_code) == (1, 0)
    assert (failed.config["seed"], whole.config["seed"]) == (1, 2)
    assert failed.run["run_id"] != whole.run["run_id"]
    assert sorted(failed.history) == list(range(6))
    assert sorted(whole.history) == list(range(11))
    assert "best/step" in whole.summary
    assert "best/step" not in failed.summary
    (sweep,) = (tmp_path / "runs" / "sweeps").iterdir()
    assert [each.run["run_group"] for each in (failed, whole)] == [sweep.name] * 2
