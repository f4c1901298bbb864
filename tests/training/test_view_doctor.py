from __future__ import annotations

import contextlib
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from tiny import tiny_bert, tiny_tokenizer
from torch import nn

from sentcse.encoder import SentenceEncoder
from sentcse.errors import SentcseError
from sentcse.training.guards import ViewDoctor

TRAINER: Any = SimpleNamespace(precision_plugin=SimpleNamespace(forward_context=contextlib.nullcontext))


def module(dropout: float) -> Any:
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
        ViewDoctor().on_train_batch_start(TRAINER, module(0.0), views(), 0)
    assert "hidden_dropout_prob=0" in str(fault.value)


def test_views_with_dropout_pass() -> None:
    looked_at = module(0.1)
    ViewDoctor().on_train_batch_start(TRAINER, looked_at, views(), 0)
    assert len(looked_at.looks) == 1


def test_pairs_are_different_sentences_and_not_looked_at() -> None:
    without = module(0.0)
    ViewDoctor().on_train_batch_start(TRAINER, without, views(equal=False), 0)
    assert without.looks == []


def test_hard_negatives_are_not_looked_at() -> None:
    batch = {name: torch.cat([value, value[:, :1]], dim=1) for name, value in views().items()}
    without = module(0.0)
    ViewDoctor().on_train_batch_start(TRAINER, without, batch, 0)
    assert without.looks == []


def test_only_the_first_batch_is_looked_at() -> None:
    doctor, first, second = ViewDoctor(), module(0.1), module(0.0)
    doctor.on_train_batch_start(TRAINER, first, views(), 0)
    doctor.on_train_batch_start(TRAINER, second, views(), 1)
    assert (len(first.looks), second.looks) == (1, [])


def test_nothing_of_the_module_changes() -> None:
    checked = module(0.1)
    state = {name: value.clone() for name, value in checked.state_dict().items()}
    ViewDoctor().on_train_batch_start(TRAINER, checked, views(), 0)
    assert checked.encoder.backbone.training
    assert all(torch.equal(value, state[name]) for name, value in checked.state_dict().items())
    assert all(parameter.grad is None for parameter in checked.parameters())
