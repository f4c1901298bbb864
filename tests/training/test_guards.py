"""A loss that is not finite ends the run with a sentence; so do equal views of a sentence."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.plugins.precision import MixedPrecision
from stopping import with_callback
from tiny import tiny_bert, tiny_tokenizer
from torch import nn

from sentcse.config import TrainConfig
from sentcse.encoder import SentenceEncoder
from sentcse.errors import SentcseError
from sentcse.records.run_folder import RunFolder
from sentcse.training import run
from sentcse.training.fitting import load_checkpoint
from sentcse.training.guards import LossGuard, ViewDoctor
from sentcse.training.run import train

Configure = Callable[..., TrainConfig]

TRAINER: Any = SimpleNamespace(
    strategy=SimpleNamespace(broadcast=lambda value: value),
    precision_plugin=SimpleNamespace(forward_context=contextlib.nullcontext),
)


def trainer_at(step: int, **more: Any) -> Any:
    return SimpleNamespace(
        global_step=step,
        log_every_n_steps=10,
        precision="bf16-mixed",
        optimizers=[SimpleNamespace(param_groups=[{"lr": 0.5}])],
        **{"precision_plugin": None, **more},
    )


def look(loss: float, *, step: int) -> None:
    trainer, module = trainer_at(step), None
    LossGuard().on_train_batch_end(trainer, module, {"loss": torch.tensor(loss)}, {}, 0)


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_it_stops_at_a_logged_step(loss: float) -> None:
    with pytest.raises(SentcseError, match=r"step 20 is (nan|inf) \(learning rate 0.5.*lower optimizer.learning_rate"):
        look(loss, step=20)


def test_it_lets_numbers_pass_and_looks_at_logged_steps_only() -> None:
    look(1.5, step=20)
    look(float("nan"), step=21)
    with pytest.raises(SentcseError, match="step 30 is nan"):
        look(float("nan"), step=30)


class Scaled:
    """A guard that looks at the loss scale every ten steps, and what it logs."""

    def __init__(self) -> None:
        self.scale, self.logged = 65536.0, {}
        self.plugin = MixedPrecision("16-mixed", "cpu", cast("Any", SimpleNamespace(get_scale=lambda: self.scale)))
        self.module: Any = SimpleNamespace(log=lambda name, value: self.logged.update({name: value}))
        self.guard = LossGuard()
        self.guard.on_train_start(trainer_at(0, precision_plugin=self.plugin), self.module)

    def look(self, step: int, *, scale: float, loss: float = 1.0) -> dict[str, float]:
        self.scale = scale
        trainer = trainer_at(step, precision_plugin=self.plugin)
        self.guard.on_train_batch_end(trainer, self.module, {"loss": torch.tensor(loss)}, {}, 0)
        return self.logged


def test_a_step_that_the_scaler_skips_ends_nothing_and_is_logged() -> None:
    run = Scaled()
    assert run.look(10, scale=65536 / 8, loss=float("nan")) == {"train/loss_scale": 8192, "train/skipped_steps": 3}
    assert run.look(20, scale=65536 / 4) == {"train/loss_scale": 16384, "train/skipped_steps": 0}


def test_steps_skipped_one_after_the_other_end_the_run() -> None:
    run = Scaled()
    run.look(10, scale=65536 / 2**10)
    run.look(20, scale=65536 / 2**19)  # one of them was made
    run.look(30, scale=65536 / 2**29)
    with pytest.raises(SentcseError, match=r"last 20 steps before step 40 .* loss scale .*: set a lower optimizer"):
        run.look(40, scale=65536 / 2**39)


def test_a_scale_that_has_fallen_to_nothing_is_steps_that_were_skipped() -> None:
    """Half as large in each of more steps than float32 has halves, between two looks."""
    run = Scaled()
    with pytest.raises(SentcseError, match=r"last 200 steps before step 200 .* loss scale 0\)"):
        run.look(200, scale=0.0)


@pytest.mark.parametrize("more", [[], ["trainer.log_every_n_steps=5", "evaluation.every_n_steps=5"]])
def test_weights_that_are_not_finite_are_never_saved(configure: Configure, more: list[str]) -> None:
    """Neither where the loss is looked at in every step, nor where later."""

    class Spoil(Callback):
        def on_train_batch_start(
            self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
        ) -> None:
            if trainer.global_step == 3:
                for parameter in pl_module.parameters():
                    parameter.data.fill_(float("nan"))

    with with_callback(run, Spoil()), pytest.raises(SentcseError, match=r"is nan|finite"):
        train(configure(*more))
    assert load_checkpoint(RunFolder(configure(*more)).last)["global_step"] == 3


def encoding(dropout: float) -> Any:
    backbone = tiny_bert(hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout)
    made = nn.Module()
    made.encoder = SentenceEncoder(backbone, tiny_tokenizer(), pooler="cls_before_pooler")
    made.looks = []
    made.encoder.register_forward_pre_hook(lambda *_: made.looks.append(1))
    return made.train()


def views(*, equal: bool = True) -> dict[str, torch.Tensor]:
    ids = torch.tensor([[[2, 5, 6, 3], [2, 5, 6 if equal else 7, 3]]])
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}


def test_views_without_dropout_are_refused_with_the_setting() -> None:
    with pytest.raises(SentcseError, match=r"encoder's dropout is 0 .*set encoder\.dropout=0\.1") as fault:
        ViewDoctor().on_train_batch_start(TRAINER, encoding(0.0), views(), 0)
    assert "hidden_dropout_prob=0" in str(fault.value)


def test_a_process_refuses_what_the_first_has_found() -> None:
    """Its own views are two: it would train on, and wait for the first."""
    told = SimpleNamespace(
        strategy=SimpleNamespace(broadcast=lambda value: True), precision_plugin=TRAINER.precision_plugin
    )
    with pytest.raises(SentcseError, match=r"encoder's dropout is 0"):
        ViewDoctor().on_train_batch_start(told, encoding(0.1), views(), 0)  # type: ignore[arg-type]


def test_views_with_dropout_pass() -> None:
    looked_at = encoding(0.1)
    ViewDoctor().on_train_batch_start(TRAINER, looked_at, views(), 0)
    assert len(looked_at.looks) == 1


def test_pairs_are_different_sentences_and_not_looked_at() -> None:
    without = encoding(0.0)
    ViewDoctor().on_train_batch_start(TRAINER, without, views(equal=False), 0)
    assert without.looks == []


def test_hard_negatives_are_not_looked_at() -> None:
    batch = {name: torch.cat([value, value[:, :1]], dim=1) for name, value in views().items()}
    without = encoding(0.0)
    ViewDoctor().on_train_batch_start(TRAINER, without, batch, 0)
    assert without.looks == []


def test_only_the_first_batch_is_looked_at() -> None:
    doctor, first, second = ViewDoctor(), encoding(0.1), encoding(0.0)
    doctor.on_train_batch_start(TRAINER, first, views(), 0)
    doctor.on_train_batch_start(TRAINER, second, views(), 1)
    assert (len(first.looks), second.looks) == (1, [])


def test_nothing_of_the_module_changes() -> None:
    checked = encoding(0.1)
    state = {name: value.clone() for name, value in checked.state_dict().items()}
    ViewDoctor().on_train_batch_start(TRAINER, checked, views(), 0)
    assert checked.encoder.backbone.training
    assert all(torch.equal(value, state[name]) for name, value in checked.state_dict().items())
    assert all(parameter.grad is None for parameter in checked.parameters())
