"""When scores are taken and checkpoints written: ten batches of a line of weights, scores given beforehand."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from stopping import Stop
from torch import nn
from torch.utils.data import DataLoader

from sentcse.config import TrainConfig
from sentcse.errors import SentcseError
from sentcse.records.run_folder import RunFolder
from sentcse.training.build import checkpoints
from sentcse.training.dev_evaluation import EvaluationCallback
from sentcse.training.fitting import load_checkpoint
from sentcse.training.periodic_evaluation import PeriodicEvaluation, finite_or_none
from sentcse.training.run import train
from sentcse.training.stop_signals import StopSignals

Configure = Callable[..., TrainConfig]


class Scripted(PeriodicEvaluation):
    """Gives scores one after the other; notes epoch, batch and step of each, and the weight that it saw."""

    def __init__(
        self,
        scores: Sequence[float] = range(100),
        *,
        every_n_steps: int = 2,
        mode: Any = "max",
        compares: bool = True,
    ) -> None:
        super().__init__(every_n_steps=every_n_steps)
        self.compares = compares
        self.given, self.mode = iter(scores), mode
        self.places: list[tuple[int, int, int]] = []
        self.batch = -1

    @property
    def monitor(self) -> str | None:
        return "val/score" if self.compares else None

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self.batch = batch_idx
        super().on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)

    def scores(self, pl_module: LightningModule, *, initial: bool) -> dict[str, float]:
        assert initial is (pl_module.global_step == 0)
        self.places.append((pl_module.current_epoch, self.batch, pl_module.global_step))
        return {"val/score": float(next(self.given))}

    def line(self, metrics: dict[str, float]) -> str:
        return f"score {metrics['val/score']:.1f}"


class Line(LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 1)

    def training_step(self, batch: torch.Tensor, batch_idx: int) -> torch.Tensor:
        return self.layer(batch).sum()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def fit(evaluation: Scripted, folder: Path, *more: Callback, **options: Any) -> None:
    """Five batches an epoch, two epochs unless told otherwise; checkpoints as a run has them."""
    place: Any = SimpleNamespace(checkpoints=folder, best=folder / "best.ckpt", last=folder / "last.ckpt")
    trainer = Trainer(
        accelerator="cpu",
        logger=False,
        callbacks=[evaluation, *more, *checkpoints(place, minutes=1000, signals=StopSignals())],
        enable_progress_bar=False,
        enable_model_summary=False,
        limit_val_batches=0,
        **{"max_epochs": 2, **options},
    )
    trainer.fit(Line(), DataLoader(torch.ones(5, 2)))


def steps(folder: Path) -> dict[str, int]:
    """The step that each checkpoint holds."""
    return {path.name: int(load_checkpoint(path)["global_step"]) for path in folder.iterdir()}


def test_before_the_first_step_every_n_steps_and_after_the_last(tmp_path: Path) -> None:
    evaluation = Scripted(every_n_steps=4)
    fit(evaluation, tmp_path)
    assert evaluation.places == [(0, -1, 0), (0, 3, 4), (1, 2, 8), (1, 4, 10)]
    assert evaluation.initial == {"score": 0.0}
    assert steps(tmp_path) == {"best.ckpt": 10, "last.ckpt": 10}
    assert "optimizer_states" not in load_checkpoint(tmp_path / "best.ckpt")
    assert "optimizer_states" in load_checkpoint(tmp_path / "last.ckpt")


def test_never_between_two_batches_of_one_step(tmp_path: Path) -> None:
    """Two batches a step: an epoch of five batches has three steps, the third of one batch."""
    evaluation = Scripted()
    fit(evaluation, tmp_path, accumulate_grad_batches=2)
    assert evaluation.places == [(0, -1, 0), (0, 3, 2), (1, 1, 4), (1, 4, 6)]


def test_an_interval_beyond_the_end_scores_once(tmp_path: Path) -> None:
    evaluation = Scripted(every_n_steps=100)
    fit(evaluation, tmp_path, max_epochs=-1, max_steps=7)
    assert evaluation.places == [(0, -1, 0), (1, 1, 7)]


def test_a_run_that_ends_sooner_than_foreseen_is_scored(tmp_path: Path) -> None:
    class Enough(Callback):
        def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
            trainer.should_stop = trainer.global_step == 3

    evaluation = Scripted()
    fit(evaluation, tmp_path, Enough())
    assert [step for *_, step in evaluation.places] == [0, 2, 3]
    assert steps(tmp_path)["last.ckpt"] == 3


@pytest.mark.parametrize(
    ("mode", "scores", "best"),
    [
        # the untrained model is for comparison only, and of two equals the earlier stays
        ("max", [90, 10, 30, 30, 20, 5], {"step": 4, "score": 30.0}),
        ("min", [1, 20, 15, 15, 30, 40], {"step": 4, "score": 15.0}),
        # collapsed first, collapsed later, collapsed altogether
        ("max", [50, math.nan, -20, math.nan, -30, math.nan], {"step": 4, "score": -20.0}),
        ("max", [50, -20, math.nan, math.nan, math.nan, math.nan], {"step": 2, "score": -20.0}),
        ("min", [50, math.nan, 90, math.nan, math.nan, math.nan], {"step": 4, "score": 90.0}),
        ("max", [math.nan] * 6, {"step": 2, "score": -math.inf}),
    ],
)
def test_the_best_score_selects(tmp_path: Path, mode: str, scores: list[float], best: dict[str, float]) -> None:
    evaluation = Scripted(scores, mode=mode)
    fit(evaluation, tmp_path)
    assert evaluation.best == best
    assert steps(tmp_path) == {"best.ckpt": best["step"], "last.ckpt": 10}


def test_where_nothing_is_compared_the_last_step_is_kept(tmp_path: Path) -> None:
    evaluation = Scripted([9, 5, 7, 1, 8, 2], compares=False)
    fit(evaluation, tmp_path)
    assert evaluation.best == {"step": 10}
    assert steps(tmp_path) == {"best.ckpt": 10, "last.ckpt": 10}


def test_what_is_said_marks_the_best(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="sentcse"):
        fit(Scripted([1, 3, 2]), tmp_path, max_epochs=-1, max_steps=4)
    said = [record.getMessage() for record in caplog.records if record.name.startswith("sentcse")]
    assert said == ["before training  score 1.0", "step 2       score 3.0  *", "step 4       score 2.0"]


def test_a_continued_run_knows_what_was_scored() -> None:
    state = {"initial": {"score": 1.0}, "best": {"step": 3, "score": 2.0}, "last_step": 4}
    evaluation = Scripted()
    evaluation.load_state_dict(state)
    assert evaluation.state_dict() == state
    trainer: Any = SimpleNamespace(global_step=0)
    evaluation.on_train_start(trainer, Line())
    trainer = SimpleNamespace(global_step=4, estimated_stepping_batches=10)
    evaluation.on_train_batch_end(trainer, Line(), None, None, 3)
    evaluation.on_train_end(trainer, Line())
    assert evaluation.places == []  # neither before the first step nor at the step of the checkpoint


def test_json_has_no_word_for_what_is_not_finite() -> None:
    assert [finite_or_none(value) for value in (math.nan, -math.inf, math.inf, 1.5, 0.0)] == [None, None, None, 1.5, 0]


def test_a_run_that_is_moved_and_continued_keeps_its_best_step(
    configure: Configure, stopped: Stop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A project that was moved, another mount point: the best checkpoint is still that of the best step."""
    scores = {0: 50.0, 2: 90.0, 4: 10.0, 6: 30.0, 8: 20.0, 10: 5.0}

    def scripted(callback: EvaluationCallback, pl_module: LightningModule, *, initial: bool) -> dict[str, float]:
        step = pl_module.trainer.global_step
        return {"val/pairs_spearman": scores[step], "val/alignment": 0.0, "val/uniformity": 0.0}

    monkeypatch.setattr(EvaluationCallback, "scores", scripted)
    config, moved = configure(), configure(runs="moved")
    stopped(config, 5, RuntimeError("power cut"))
    Path(config.runs.root).rename(moved.runs.root)
    results = train(moved)
    assert results["best"] == {"step": 2, "pairs_dev": 90.0}
    assert load_checkpoint(RunFolder(moved).best)["global_step"] == 2


@pytest.mark.parametrize("first", [True, False])
def test_where_the_first_process_cannot_score_the_others_do_not_wait(first: bool) -> None:
    sent: list[Any] = []

    def broadcast(found: Any) -> Any:
        sent.append(found)
        return None  # what the first process has to say

    trainer: Any = SimpleNamespace(
        is_global_zero=first, global_step=0, strategy=SimpleNamespace(broadcast=broadcast), loggers=[], callbacks=[]
    )
    evaluation = Scripted([])
    with pytest.raises((StopIteration, SentcseError)) as fault:
        evaluation.on_train_start(trainer, SimpleNamespace(global_step=0, current_epoch=0))  # type: ignore[arg-type]
    # the first has the fault itself: `Scripted` without scores; the others a sentence that sends to the first
    assert type(fault.value) is (StopIteration if first else SentcseError)
    assert first or str(fault.value) == "The first process of this run could not score: its own message says why."
    assert sent == [None]
