"""A complete run at TensorBoard: trained with it, or handed over afterwards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pytorch_lightning import loggers as lightning_loggers
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from sentcse.config import TrainConfig
from sentcse.errors import SentcseError
from sentcse.records.metrics_file import read_series
from sentcse.records.run_folder import RunFolder
from sentcse.records.sweep_record import Job
from sentcse.sweeps.sweep import is_wanted_again
from sentcse.training.run import train
from sentcse.training.tensorboard import owes_tensorboard, show_finished_run, start_tensorboard

Configure = Callable[..., TrainConfig]


def curve(folder: Path, name: str) -> dict[int, float]:
    events = EventAccumulator(str(folder))
    events.Reload()
    return {event.step: event.value for event in events.Scalars(name)}


def test_a_complete_run_is_handed_over_once_and_each_time_named(
    configure: Configure, caplog: pytest.LogCaptureFixture
) -> None:
    train(configure())
    config = configure("logger=tensorboard")
    folder = RunFolder(config)
    (job,) = [Job(1, (), {}, config, folder, None)]
    assert owes_tensorboard(config, folder)
    assert is_wanted_again(job)  # else a sweep would pass it over
    with caplog.at_level("INFO", logger="sentcse"):
        train(config)
    assert f"TensorBoard has it: tensorboard --logdir {folder.path}/tensorboard" in caplog.text
    series = read_series(folder.metrics)
    for name in ("train/loss", "val/pairs_spearman"):
        assert curve(folder.path / "tensorboard", name) == pytest.approx(series[name], rel=1e-6)
    files = sorted((folder.path / "tensorboard").iterdir())
    caplog.clear()
    with caplog.at_level("INFO", logger="sentcse"):
        train(config)
    assert "TensorBoard has it" in caplog.text
    assert sorted((folder.path / "tensorboard").iterdir()) == files
    assert not is_wanted_again(job)


def test_without_it_nothing_is_said(configure: Configure, caplog: pytest.LogCaptureFixture) -> None:
    config = configure()
    with caplog.at_level("INFO", logger="sentcse"):
        show_finished_run(config, RunFolder(config))
    assert caplog.text == ""
    assert not RunFolder(config).path.exists()


def test_a_package_that_is_not_installed(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise ModuleNotFoundError("neither tensorboard nor tensorboardX")

    monkeypatch.setattr(lightning_loggers, "TensorBoardLogger", missing)
    with pytest.raises(SentcseError, match=r"logger=tensorboard needs a package: pip install 'sentcse\[tensorboard\]'"):
        start_tensorboard(RunFolder(configure()))
