"""Scores of two dropout views, beside a naive loop over texts."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from tiny import tiny_bert, tiny_tokenizer

from sentcse.data.token_cache import TokenIds
from sentcse.encoder import SentenceEncoder
from sentcse.evaluation.scores import label_free as module
from sentcse.evaluation.scores.label_free import label_free_scores, two_views
from sentcse.modules.heads import BatchNormHead

TOKENIZER = tiny_tokenizer()
SENTENCES = ["the dog runs in the city", "a man plays music", "x y z", "q", "the woman sits and sits"]
SETTINGS = {"temperature": 0.05, "seed": 3}


def texts() -> list[TokenIds]:
    return [np.asarray(ids, dtype=np.uint16) for ids in TOKENIZER(SENTENCES)["input_ids"]]


def encoder(dropout: float = 0.2) -> SentenceEncoder:
    backbone = tiny_bert(hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout)
    return SentenceEncoder(backbone, TOKENIZER, pooler="cls_before_pooler")


def test_the_scores_of_a_naive_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH", 2)  # five texts are three batches
    model = encoder()
    first, second = (views.double() for views in two_views(model, texts(), seed=3))
    unit1, unit2 = (views / views.norm(dim=1, keepdim=True) for views in (first, second))
    losses, potentials = [], []
    for i in range(5):
        cosines = [float(unit1[i] @ unit2[j]) / 0.05 for j in range(5)]
        losses.append(math.log(sum(map(math.exp, cosines))) - cosines[i])
        potentials += [math.exp(-2 * float((unit1[i] - unit1[j]).square().sum())) for j in range(i)]
    aligned = float((unit1 - unit2).square().sum(dim=1).mean())
    assert label_free_scores(model, texts(), **SETTINGS) == {
        "info_nce": pytest.approx(sum(losses) / 5, abs=1e-5),
        "alignment_uniformity": pytest.approx(aligned + math.log(sum(potentials) / len(potentials)), abs=1e-5),
    }
    assert aligned > 1e-3  # the views differ


def test_the_views_are_those_of_the_encoder_with_its_dropout() -> None:
    """Without dropout both are what `encode` gives, longest text first."""
    still = encoder(dropout=0.0)
    first, second = two_views(still, texts(), seed=0)
    torch.testing.assert_close(first, second)
    longest_first = sorted(SENTENCES, key=lambda sentence: -len(TOKENIZER(sentence)["input_ids"]))
    torch.testing.assert_close(first.numpy(), still.encode(longest_first), rtol=1e-5, atol=1e-5)


def test_the_seed_alone_decides_and_neither_modes_nor_random_state_move() -> None:
    model = encoder()
    model.head = BatchNormHead(16).eval()
    model.backbone.train()
    statistics = model.head.net[1].running_mean.clone()
    torch.manual_seed(1)
    before = torch.get_rng_state()
    found = label_free_scores(model, texts(), **SETTINGS)
    assert torch.equal(torch.get_rng_state(), before)
    assert (model.backbone.training, model.head.training) == (True, False)
    assert torch.equal(model.head.net[1].running_mean, statistics)  # no batch was counted
    torch.manual_seed(2)
    assert label_free_scores(model.eval(), texts(), **SETTINGS) == found
    assert not model.backbone.training
    assert label_free_scores(model, texts(), **{**SETTINGS, "seed": 4}) != found


def test_a_collapsed_encoder_has_the_loss_of_a_guess() -> None:
    model = encoder(dropout=0.0)
    with torch.no_grad():
        for parameter in model.backbone.parameters():
            parameter.zero_()
        for name, parameter in model.backbone.named_parameters():
            if name.endswith("LayerNorm.bias"):
                parameter.fill_(1.0)
    found = label_free_scores(model, texts(), **SETTINGS)
    assert found["info_nce"] == pytest.approx(math.log(5), abs=1e-5)
    assert found["alignment_uniformity"] == pytest.approx(0.0, abs=1e-5)


def test_one_text_has_nothing_to_be_told_from() -> None:
    with pytest.raises(ValueError, match="texts must be at least 2, got 1"):
        label_free_scores(encoder(), texts()[:1], **SETTINGS)
