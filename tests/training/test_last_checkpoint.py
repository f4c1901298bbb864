"""When last.ckpt is written: by a clock that the test moves, and after signals that it sends to itself."""

from __future__ import annotations

import csv
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.callbacks import ModelCheckpoint
from run_outcomes import metrics, outcome
from stopping import with_callback

from sentcse.config import TrainConfig
from sentcse.records.run_folder import RunFolder, fingerprint
from sentcse.training import last_checkpoint
from sentcse.training import run as module
from sentcse.training.fitting import TERMINATED, load_checkpoint
from sentcse.training.last_checkpoint import LastCheckpoint
from sentcse.training.resuming import WholeFileCheckpointIO
from sentcse.training.run import train
from sentcse.training.stop_signals import Stopped, StopSignals

Configure = Callable[..., TrainConfig]


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Checkpoints by name and step, as they are written."""
    found: list[tuple[str, int]] = []
    save = WholeFileCheckpointIO.save_checkpoint

    def noting(io: WholeFileCheckpointIO, checkpoint: dict[str, Any], path: Any, **options: Any) -> None:
        found.append((Path(path).stem, checkpoint["global_step"]))
        save(io, checkpoint, path, **options)

    monkeypatch.setattr(WholeFileCheckpointIO, "save_checkpoint", noting)
    return found


class Clock(Callback):
    """Twenty seconds a batch."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(last_checkpoint, "time", SimpleNamespace(monotonic=lambda: self.now))

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        self.now += 20


@pytest.mark.parametrize(
    ("more", "steps"),
    [
        (["trainer.save_last_minutes=1"], [3, 6, 9, 10]),
        (["trainer.save_last_minutes=1.2"], [4, 8, 10]),
        (["trainer.save_last_minutes=60"], [10]),
        (["trainer.save_last_minutes=0"], list(range(1, 11))),
        # a step of two batches, and one of an epoch's fifth batch
        (["trainer.save_last_minutes=1", "trainer.accumulate_grad_batches=2"], [2, 4, 6]),
    ],
)
def test_by_minutes_and_at_the_end(
    configure: Configure,
    written: list[tuple[str, int]],
    monkeypatch: pytest.MonkeyPatch,
    more: list[str],
    steps: list[int],
) -> None:
    with with_callback(module, Clock(monkeypatch)):
        train(configure("evaluation.every_n_steps=100", *more))
    assert [step for name, step in written if name == "last"] == steps


def test_what_is_selected_does_not_move_it(
    configure: Configure, written: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with with_callback(module, Clock(monkeypatch)):
        train(configure("evaluation.every_n_steps=1", "evaluation.select=last", "trainer.save_last_minutes=1.5"))
    assert [step for name, step in written if name == "best"] == list(range(1, 11))
    assert [step for name, step in written if name == "last"] == [5, 10]


def test_a_run_that_stops_early_is_kept_as_it_ends(
    configure: Configure, written: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("evaluation.every_n_steps=1", "callbacks.early_stopping=1", "optimizer.learning_rate=1e-9")
    results = train(configure(*words, "trainer.save_last_minutes=60"))
    assert written[-1] == ("last", results["best"]["step"] + 1)
    assert "stopped" in results


def test_it_takes_over_the_state_of_a_run_that_was_begun_before_it_had_a_class(tmp_path: Path) -> None:
    assert (
        LastCheckpoint(tmp_path / "last.ckpt", minutes=1, signals=StopSignals()).state_key
        == ModelCheckpoint().state_key
    )


def test_minutes_are_no_other_run(configure: Configure) -> None:
    assert fingerprint(configure("trainer.save_last_minutes=60")) == fingerprint(configure())


class Sends(Callback):
    """Sends a signal to this process in the midst of a batch, so many times."""

    def __init__(self, batch: int, how: signal.Signals, times: int = 1) -> None:
        self.batch, self.how, self.times, self.seen = batch, how, times, 0

    def on_before_zero_grad(self, trainer: Trainer, pl_module: LightningModule, optimizer: Any) -> None:
        self.seen += 1
        if self.seen == self.batch:
            for _ in range(self.times):
                os.kill(os.getpid(), self.how)
                time.sleep(0)  # where Python looks for signals


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(("more", "batch", "step"), [([], 3, 3), (["trainer.accumulate_grad_batches=2"], 2, 2)])
def test_asked_to_stop_the_step_is_made_kept_and_continued_bit_for_bit(
    configure: Configure, capfd: pytest.CaptureFixture[str], how: signal.Signals, more: list[str], batch: int, step: int
) -> None:
    config = configure("trainer.save_last_minutes=60", *more)
    alone = configure("trainer.save_last_minutes=60", *more, runs="alone")
    before = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    with with_callback(module, Sends(batch, how)), pytest.raises((KeyboardInterrupt, SystemExit)) as stopped:
        train(config)
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == before
    if how == signal.SIGTERM:
        assert isinstance(stopped.value, SystemExit)
        assert stopped.value.code == TERMINATED
    else:
        assert str(stopped.value) == "The same command continues where the last checkpoint was written."
        assert "Ctrl-C: the run stops after this step and keeps it" in capfd.readouterr().err
    assert load_checkpoint(RunFolder(config).last)["global_step"] == step
    train(config)
    train(alone)
    assert outcome(RunFolder(config).path) == outcome(RunFolder(alone).path)
    assert metrics(RunFolder(config).path) == metrics(RunFolder(alone).path)


def test_a_second_ctrl_c_stops_at_once(configure: Configure) -> None:
    config = configure("trainer.save_last_minutes=60")
    before = signal.getsignal(signal.SIGINT)
    with with_callback(module, Sends(3, signal.SIGINT, times=2)), pytest.raises(KeyboardInterrupt):
        train(config)
    signal.signal(signal.SIGINT, before)
    assert not RunFolder(config).last.exists()


def test_the_row_of_the_step_is_there_before_its_checkpoint(configure: Configure) -> None:
    config = configure("trainer.save_last_minutes=60", "evaluation.every_n_steps=100")
    with with_callback(module, Sends(3, signal.SIGTERM)), pytest.raises(SystemExit):
        train(config)
    with RunFolder(config).metrics.open(newline="") as lines:
        assert [row["step"] for row in csv.DictReader(lines) if row["train/loss"]] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("first", "clock", "others", "saved", "stopped"),
    [
        (True, 0, [0, 0, 0], [10, 20], None),
        (False, 0, [0, 0, 0], [], None),  # this process's clock is not the first one's
        (False, 1e6, [0, 0, 1], [10, 20], None),
        (False, 1e6, [1, 0, 0], [10], "SIGTERM"),
        (False, 1e6, [0, 1, 0], [10], "SIGINT"),
    ],
)
@pytest.mark.parametrize("asked", [None, "SIGTERM"])
def test_several_processes_agree_where_rows_are_logged(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    first: bool,
    clock: float,
    others: list[float],
    saved: list[int],
    stopped: str | None,
    asked: str | None,
) -> None:
    """On what the others say: asked for SIGTERM, for SIGINT, and whether the first one's clock has run out."""
    signals = StopSignals()
    signals.received = asked
    last, found = LastCheckpoint(tmp_path / "last.ckpt", minutes=clock, signals=signals), []
    monkeypatch.setattr(last, "_save", lambda trainer, pl_module: found.append(trainer.global_step))
    monkeypatch.setattr(last_checkpoint, "log_training_row", lambda trainer: None)
    monkeypatch.setattr(last_checkpoint, "sum_over_ranks", lambda votes: votes + torch.tensor(others))
    strategy = SimpleNamespace(root_device=torch.device("cpu"))
    several = {"world_size": 2, "log_every_n_steps": 10, "strategy": strategy, "is_global_zero": first}

    def step(number: int) -> None:
        trainer: Any = SimpleNamespace(global_step=number, **several)
        last.on_train_batch_end(trainer, torch.nn.Module(), None, None, 0)  # type: ignore[arg-type]

    for number in range(1, 10):
        step(number)
    assert found == []
    if asked or stopped:
        with pytest.raises(Stopped, match=asked or stopped):
            step(10)
        assert found == [10]
    else:
        for number in range(10, 25):
            step(number)
        assert found == saved
