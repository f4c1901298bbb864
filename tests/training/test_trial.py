from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from sentcse.config import TrainConfig
from sentcse.records.run_folder import fingerprint
from sentcse.training.run import train
from sentcse.training.trial import trial_of

Configure = Callable[..., TrainConfig]


def test_only_the_length_and_the_places_change(configure: Configure, tmp_path: Path) -> None:
    config = configure("trainer.fast_dev_run=true", "logger=wandb", "overwrite=true")
    trial = trial_of(config, tmp_path)
    assert trial.runs.root == str(tmp_path)
    assert (trial.trainer.max_steps, trial.evaluation.every_n_steps) == (2, 1)
    assert (trial.trainer.fast_dev_run, trial.overwrite, trial.logger.kind) == (False, False, "csv")
    assert (trial.data, trial.method, trial.encoder, trial.optimizer) == (
        config.data,
        config.method,
        config.encoder,
        config.optimizer,
    )


def test_everything_runs_and_nothing_is_kept(
    configure: Configure, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    with caplog.at_level(logging.INFO, logger="sentcse"):
        results = train(configure("trainer.fast_dev_run=true"))
    assert results["best"]["step"] in (1, 2)
    assert results["test"]["pairs"]["pairs"] == 30
    assert "fast_dev_run: everything ran" in caplog.text
    assert not (tmp_path / "runs").exists()
    assert list((tmp_path / "temporary").iterdir()) == []
    # a run that was made before is left alone, whatever else is asked
    whole = configure("trainer.max_steps=1")
    train(whole)
    before = sorted((tmp_path / "runs").rglob("*"))
    train(configure("trainer.max_steps=1", "trainer.fast_dev_run=true", "overwrite=true"))
    assert sorted((tmp_path / "runs").rglob("*")) == before
    assert fingerprint(configure("trainer.fast_dev_run=true")) == fingerprint(configure())
