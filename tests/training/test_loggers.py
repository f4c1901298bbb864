from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import wandb
from pytorch_lightning.loggers import TensorBoardLogger, WandbLogger

from sentcse.config import TrainConfig
from sentcse.errors import SentcseError
from sentcse.training import loggers
from sentcse.training.loggers import build_loggers, finish_wandb
from sentcse.training.metrics_file import MetricsFile
from sentcse.training.run_folder import RunFolder

Configure = Callable[..., TrainConfig]


@pytest.fixture
def start(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., tuple[RunFolder, list[Any]]]]:
    """Loggers of a run, without the environment's own W&B settings; the W&B run ends with the test."""
    for name in ("WANDB_MODE", "WANDB_API_KEY", "WANDB_DISABLED"):
        monkeypatch.delenv(name, raising=False)

    def start(*more: str) -> tuple[RunFolder, list[Any]]:
        config = configure(*more)
        folder = RunFolder(config)
        folder.create(config)
        return folder, build_loggers(config, folder)

    yield start
    finish_wandb(0)


def test_the_default_writes_a_file_and_nothing_else(start: Callable[..., Any]) -> None:
    folder, made = start()
    assert [type(each) for each in made] == [MetricsFile]
    assert made[0].path == folder.metrics


def test_tensorboard_lies_in_the_run(start: Callable[..., Any]) -> None:
    folder, made = start("logger=tensorboard")
    assert [type(each) for each in made] == [MetricsFile, TensorBoardLogger]
    made[1].log_metrics({"train/loss": 1.0}, step=1)
    made[1].finalize("success")
    assert list((folder.path / "tensorboard").glob("events*"))


def test_tensorboard_that_is_not_installed(start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: Any, **__: Any) -> None:
        raise ModuleNotFoundError("neither tensorboard nor tensorboardX")

    monkeypatch.setattr(loggers, "TensorBoardLogger", missing)
    with pytest.raises(SentcseError, match=r"logger=tensorboard needs a package: pip install 'sentcse\[tensorboard\]'"):
        start("logger=tensorboard")


def test_wandb_needs_no_account_and_no_network(start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*_: Any, **__: Any) -> None:
        raise OSError("the network was asked for")

    monkeypatch.setattr("requests.Session.request", no_network)
    # whatever a fork of the W&B service would do: a proxy that refuses
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    started = time.perf_counter()
    folder, made = start("logger=wandb", "logger.tags=[a]", "logger.group=g")
    assert [type(each) for each in made] == [MetricsFile, WandbLogger]
    made[1].log_metrics({"train/loss": 1.0}, step=1)
    finish_wandb(0)
    assert time.perf_counter() - started < 20
    assert list((folder.path / "wandb").glob("offline-run-*/*.wandb"))
    assert wandb.run is None


class Unreachable:
    """WandbLogger as it is without a server: an online run cannot be started."""

    modes: list[bool]
    fault: Exception

    def __init__(self, *, offline: bool, settings: wandb.Settings, **_: Any) -> None:
        type(self).modes.append(offline)
        self.offline = offline
        assert settings.init_timeout is not None
        assert settings.init_timeout <= 30

    @property
    def experiment(self) -> object:
        if not self.offline:
            raise type(self).fault
        return object()


@pytest.mark.parametrize(
    "fault",
    [
        wandb.errors.CommError("timed out"),
        wandb.errors.UsageError("No API key configured. Use `wandb login` to log in."),
        OSError("no route to host"),
        TimeoutError("too slow"),
    ],
)
def test_a_wandb_that_is_down_does_not_stop_a_run(
    start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, fault: Exception
) -> None:
    Unreachable.modes, Unreachable.fault = [], fault
    monkeypatch.setattr(loggers, "WandbLogger", Unreachable)
    with caplog.at_level("WARNING", logger="sentcse"):
        _, made = start("logger=wandb", "logger.mode=online")
    assert Unreachable.modes == [False, True]
    assert made[1].offline
    assert "W&B cannot be reached" in caplog.text
    assert str(fault).split(".")[0] in caplog.text


def test_one_id_for_a_run_and_its_continuation(start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[dict[str, Any]] = []

    class Kept:
        experiment = None

        def __init__(self, **arguments: Any) -> None:
            given.append(arguments)

    monkeypatch.setattr(loggers, "WandbLogger", Kept)
    folder, _ = start("logger=wandb")
    start("logger=wandb")
    assert given[0]["id"] == given[1]["id"] == folder.path.name
    assert given[0]["resume"] == "allow"
    start("logger=wandb", "name=" + "n" * 90)
    assert len(given[2]["id"]) <= 64


def test_finishing_without_wandb(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delitem(sys.modules, "wandb")
    finish_wandb(0)
    assert "wandb" not in sys.modules
