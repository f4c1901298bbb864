from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytorch_lightning.loggers import TensorBoardLogger

from sentcse.config import TrainConfig
from sentcse.errors import SentcseError
from sentcse.records.run_folder import RunFolder
from sentcse.training import loggers
from sentcse.training.loggers import MetricsLogger, build_loggers
from sentcse.training.wandb.run import WandbRun, finish_wandb

Configure = Callable[..., TrainConfig]


@pytest.fixture
def start(configure: Configure) -> Iterator[Callable[..., tuple[RunFolder, list[Any]]]]:
    """Loggers of a run; its W&B run ends with the test."""

    def start(*more: str) -> tuple[RunFolder, list[Any]]:
        config = configure(*more)
        folder = RunFolder(config)
        folder.create(config)
        return folder, build_loggers(config, folder)

    yield start
    finish_wandb(0)


def test_lightning_may_ask_for_name_version_and_hyperparameters(tmp_path: Path) -> None:
    logger = MetricsLogger(tmp_path / "metrics.csv")
    logger.log_hyperparams({"a": 1})
    assert (logger.name, logger.version) == ("metrics", "")
    assert not list(tmp_path.iterdir())


def test_rows_are_steps_and_not_epochs(tmp_path: Path) -> None:
    logger = MetricsLogger(tmp_path / "metrics.csv")
    for step in (1, 2, 3):
        logger.log_metrics({"loss": 1.5, "epoch": 0}, step=step)
    logger.forget_after(1)
    assert (tmp_path / "metrics.csv").read_text().splitlines() == ["step,loss", "1,1.5"]


def test_what_was_logged_ahead_is_not_logged_again(tmp_path: Path) -> None:
    logger = MetricsLogger(tmp_path / "metrics.csv")
    logger.log_ahead({"loss": 1.5, "cosine": float("nan")}, step=1)
    logger.log_metrics({"score": 80.0}, step=1)
    logger.log_metrics({"loss": 1.5, "cosine": float("nan"), "epoch": 0}, step=1)
    logger.log_metrics({"loss": 1.25, "cosine": 0.5, "epoch": 0}, step=2)
    lines = (tmp_path / "metrics.csv").read_text().splitlines()
    assert lines == ["step,loss,cosine,score", "1,1.5,nan,", "1,,,80.0", "2,1.25,0.5,"]


def test_the_default_writes_a_file_and_nothing_else(start: Callable[..., Any]) -> None:
    folder, made = start()
    assert [type(each) for each in made] == [MetricsLogger]
    assert made[0].file.path == folder.metrics


def test_tensorboard_lies_in_the_run(start: Callable[..., Any]) -> None:
    folder, made = start("logger=tensorboard")
    assert [type(each) for each in made] == [MetricsLogger, TensorBoardLogger]
    made[1].log_metrics({"train/loss": 1.0}, step=1)
    made[1].finalize("success")
    assert list((folder.path / "tensorboard").glob("events*"))


def test_wandb_follows_the_file_that_is_written_first(start: Callable[..., Any]) -> None:
    _, made = start("logger=wandb", "logger.mode=disabled")
    assert [type(each) for each in made] == [MetricsLogger, WandbRun]
    assert made[1].metrics == made[0].file.path


def test_without_wandb_the_file_remains(start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loggers, "start_wandb", lambda *_: None)
    assert [type(each) for each in start("logger=wandb")[1]] == [MetricsLogger]


def test_a_further_process_of_a_run_logs_no_dashboard(
    start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loggers.rank_zero_only, "rank", 1)
    monkeypatch.setattr(loggers, "start_wandb", lambda *_: pytest.fail("a second W&B run"))
    assert [type(each) for each in start("logger=wandb")[1]] == [MetricsLogger]


def test_a_run_folder_that_is_deleted_meanwhile_gets_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    logger = MetricsLogger(tmp_path / "run" / "metrics.csv")
    (tmp_path / "run").rmdir()
    with pytest.raises(SentcseError, match=r"metrics\.csv cannot be written \(No such file or directory\): make room"):
        logger.log_metrics({"train/loss": 1.0}, 1)
