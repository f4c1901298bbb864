from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from pytorch_lightning import LightningModule, Trainer

from sentcse.config import TrainConfig
from sentcse.evaluation.scores.evaluator import evaluate_encoder
from sentcse.records.run_folder import RunFolder
from sentcse.training import dev_evaluation as module
from sentcse.training.dev_evaluation import EvaluationCallback, score_text
from sentcse.training.fitting import load_checkpoint
from sentcse.training.periodic_evaluation import finite_or_none
from sentcse.training.run import EncoderRun

Configure = Callable[..., TrainConfig]


class Recorded(EvaluationCallback):
    """Notes where each score was taken."""

    places: list[tuple[int, int, int]]

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        before = self.last_step
        super().on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)
        if self.last_step != before:
            self.places.append((trainer.current_epoch, batch_idx, trainer.global_step))


def make(config: TrainConfig) -> EncoderRun:
    run = EncoderRun(config)
    run.prepare()
    run.evaluation.__class__ = Recorded
    run.evaluation.places = []  # type: ignore[attr-defined]
    run.folder.create(config)
    return run


def places(run: EncoderRun) -> list[tuple[int, int, int]]:
    return run.evaluation.places  # type: ignore[attr-defined, no-any-return]


def scores(folder: RunFolder) -> dict[int, float]:
    with folder.metrics.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    return {int(row["step"]): float(row["val/pairs_spearman"]) for row in rows if row["val/pairs_spearman"]}


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Callable[[Sequence[float]], None]:
    """Scores of the dev task one after the other, instead of real ones."""

    def script(values: Sequence[float]) -> None:
        left: Iterator[float] = iter(values)

        def evaluate(encoder: Any, tasks: Any, *, geometry_task: Any = None, batch_size: int = 128) -> Any:
            score = next(left) if geometry_task is not None else 1.0
            geometry = SimpleNamespace(alignment=0.5, uniformity=-1.0)
            return SimpleNamespace(sts={task.name: SimpleNamespace(all=score) for task in tasks}, geometry=geometry)

        monkeypatch.setattr(module, "evaluate_encoder", evaluate)

    return script


def test_every_n_steps_and_the_last(configure: Configure) -> None:
    """Five batches an epoch, two epochs: ten steps."""
    run = make(configure("evaluation.every_n_steps=4"))
    untrained = evaluate_encoder(run.method.evaluation_encoder(), run.evaluation.dev_tasks).sts["pairs"].all
    run.fit()
    assert places(run) == [(0, 3, 4), (1, 2, 8), (1, 4, 10)]
    found = scores(run.folder)
    assert list(found) == [0, 4, 8, 10]
    # the first is of the untrained encoder, the last of the trained one
    assert found[0] == pytest.approx(untrained)
    assert run.evaluation.initial["pairs_spearman"] == found[0]
    trained = evaluate_encoder(run.method.evaluation_encoder(), run.evaluation.dev_tasks).sts["pairs"].all
    assert found[10] == pytest.approx(trained)
    assert trained != untrained
    best = max(found[step] for step in (4, 8, 10))
    assert run.evaluation.best["score"] == best
    assert found[int(load_checkpoint(run.folder.best)["global_step"])] == best
    assert load_checkpoint(run.folder.last)["global_step"] == 10


def test_never_between_two_batches_of_one_step(configure: Configure) -> None:
    """Two batches a step: an epoch of five batches has three steps, the third of one batch."""
    run = make(configure("trainer.accumulate_grad_batches=2"))
    run.fit()
    assert places(run) == [(0, 3, 2), (1, 1, 4), (1, 4, 6)]


def test_an_interval_beyond_the_end_scores_once(configure: Configure) -> None:
    run = make(configure("evaluation.every_n_steps=100", "trainer.max_steps=7"))
    run.fit()
    assert places(run) == [(1, 1, 7)]


def test_the_best_score_selects(configure: Configure, scripted: Callable[[Sequence[float]], None]) -> None:
    scripted([90.0, 10.0, 30.0, 30.0, 20.0, 5.0])
    run = make(configure())
    run.fit()
    # the untrained encoder is for comparison only, and of two equals the earlier stays
    assert run.evaluation.best == {"step": 4, "score": 30.0}
    assert load_checkpoint(run.folder.best)["global_step"] == 4
    assert sorted(path.name for path in run.folder.checkpoints.iterdir()) == ["best.ckpt", "last.ckpt"]


@pytest.mark.parametrize("collapsed_first", [True, False])
def test_a_collapsed_encoder_is_never_selected(
    configure: Configure, scripted: Callable[[Sequence[float]], None], collapsed_first: bool
) -> None:
    scripted([50.0, *([math.nan, -20.0] if collapsed_first else [-20.0, math.nan]), math.nan, math.nan, math.nan])
    run = make(configure())
    run.fit()
    step = 4 if collapsed_first else 2
    assert run.evaluation.best == {"step": step, "score": -20.0}
    assert load_checkpoint(run.folder.best)["global_step"] == step


def test_a_run_that_collapses_altogether_says_so(
    configure: Configure, scripted: Callable[[Sequence[float]], None], caplog: pytest.LogCaptureFixture
) -> None:
    scripted([math.nan] * 6)
    run = make(configure())
    with caplog.at_level("INFO", logger="sentcse"):
        run.fit()
    assert "collapsed (all cosines equal)" in caplog.text
    results = run.conclude()
    assert results["best"] == {"step": 2, "pairs_dev": None}
    assert results["initial"]["pairs_dev"] is None
    assert run.folder.results.is_file()


def test_the_state_of_a_continued_run(configure: Configure) -> None:
    callback = EvaluationCallback([], [], select="stsb", every_n_steps=2)
    state = {"initial": {"stsb_spearman": 1.0}, "best": {"step": 3, "score": 2.0}, "last_step": 4}
    callback.load_state_dict(state)
    assert callback.state_dict() == state
    assert callback.monitor == "val/stsb_spearman"
    trainer: Any = SimpleNamespace(global_step=0)
    callback.on_train_start(trainer, None)  # type: ignore[arg-type]  # does not score again


def test_logged_values_are_exact_and_named(configure: Configure) -> None:
    run = make(configure("trainer.max_steps=3"))
    run.fit()
    with run.folder.metrics.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    training = [row for row in rows if row["train/loss"]]
    assert [row["step"] for row in training] == ["1", "2", "3"]
    for row in training:
        assert float(row["train/loss"]) == float(row["train/info_nce"]) > 0
        assert all(-1 <= float(row[f"train/{kind}_cosine"]) <= 1 for kind in ("positive", "negative"))
        assert float(row["train/sentences_per_second"]) > 0
    # linear to 0: the rate that each step was made with
    assert [float(row["train/learning_rate"]) for row in training] == pytest.approx([1e-3, 1e-3 * 2 / 3, 1e-3 / 3])
    scored = [row for row in rows if row["val/pairs_spearman"]]
    assert all(row["val/alignment"] and row["val/uniformity"] for row in scored)
    assert [row["step"] for row in rows if row["test/pairs_spearman"]] == ["0"]


def test_evaluation_does_not_change_the_training(configure: Configure, tmp_path: Path) -> None:
    """The same weights whether it scores once or five times."""
    often, seldom = make(configure()), make(configure("evaluation.every_n_steps=1000", runs="others"))
    often.fit()
    seldom.fit()
    state = seldom.method.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in often.method.state_dict().items())


def test_words_for_scores() -> None:
    assert score_text(12.345) == "12.35" or score_text(12.345) == "12.34"
    assert score_text(math.nan).startswith("collapsed")
    assert finite_or_none(math.nan) is None
    assert finite_or_none(-math.inf) is None
    assert finite_or_none(1.5) == 1.5
