from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from tiny import tiny_config, tiny_tokenizer

from sentcse.data.token_cache import TokenIds
from sentcse.errors import DataError
from sentcse.methods.masked_language_modelling import MaskedLanguageModelling
from sentcse.training.held_out_evaluation import HeldOutEvaluation, held_out_scores, mask_once

TOKENIZER = tiny_tokenizer()
SENTENCES = ["the dog runs in the city", "a man plays music", "x y z", "q", "the woman sits and sits"]


def texts(sentences: list[str] = SENTENCES) -> list[TokenIds]:
    return [np.asarray(ids, dtype=np.uint16) for ids in TOKENIZER(sentences)["input_ids"]]


@pytest.fixture(scope="module")
def model() -> MaskedLanguageModelling:
    from transformers import AutoModelForMaskedLM

    torch.manual_seed(0)
    return MaskedLanguageModelling(AutoModelForMaskedLM.from_config(tiny_config()), TOKENIZER)


def test_the_scores_of_a_naive_loop(model: MaskedLanguageModelling) -> None:
    held_out = mask_once(texts(), TOKENIZER, masking_ratio=0.5, seed=1)
    found = held_out_scores(model, held_out, batch_size=2)
    assert model.training  # restored
    model.eval()
    losses, hits = [], []
    with torch.no_grad(), model.whole_model() as whole:
        for row, mask, labels in zip(held_out.input_ids, held_out.attention_mask, held_out.labels, strict=True):
            length = int(mask.sum())
            logits = whole(input_ids=row[None, :length]).logits[0].double()
            for position in range(length):
                label = int(labels[position])
                if label != -100:
                    losses.append(float(logits[position].logsumexp(0) - logits[position, label]))
                    hits.append(int(logits[position].argmax()) == label)
    model.train()
    assert found["loss"] == pytest.approx(sum(losses) / len(losses), rel=1e-5)
    assert found["perplexity"] == pytest.approx(math.exp(found["loss"]))
    assert found["masked_accuracy"] == sum(hits) / len(hits)


def test_the_size_of_a_batch_does_not_matter(model: MaskedLanguageModelling) -> None:
    held_out = mask_once(texts(), TOKENIZER, masking_ratio=0.3, seed=2)
    scores = [held_out_scores(model, held_out, batch_size=size)["loss"] for size in (1, 2, 100)]
    assert scores == pytest.approx([scores[0]] * 3, rel=1e-6)


@pytest.mark.usefixtures("without_float64")
def test_a_device_needs_no_float64(model: MaskedLanguageModelling) -> None:
    held_out = mask_once(texts(), TOKENIZER, masking_ratio=0.5, seed=1)
    assert math.isfinite(held_out_scores(model, held_out, batch_size=2)["loss"])


def test_masks_are_the_same_each_time_and_leave_the_random_state_alone() -> None:
    torch.manual_seed(7)
    before = torch.get_rng_state()
    first = mask_once(texts(), TOKENIZER, masking_ratio=0.5, seed=1)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(8)
    assert torch.equal(mask_once(texts(), TOKENIZER, masking_ratio=0.5, seed=1).input_ids, first.input_ids)
    assert not torch.equal(mask_once(texts(), TOKENIZER, masking_ratio=0.5, seed=2).labels, first.labels)
    assert len(first) == 5
    assert not set(first.labels.flatten().tolist()) & set(TOKENIZER.all_special_ids)


def test_nothing_masked() -> None:
    with pytest.raises(DataError, match=r"Not one token of the 1 held-out sentences is masked at masking_ratio=0\.01"):
        mask_once(texts(["q"]), TOKENIZER, masking_ratio=0.01, seed=0)


def test_the_smallest_loss_is_the_best(model: MaskedLanguageModelling) -> None:
    held_out = mask_once(texts(), TOKENIZER, masking_ratio=0.5, seed=1)
    callback = HeldOutEvaluation(held_out, every_n_steps=2)
    assert (callback.monitor, callback.mode) == ("val/loss", "min")
    assert callback._is_better(1.0, 2.0)
    assert not callback._is_better(2.0, 2.0)
    metrics = callback.scores(model, initial=True)
    assert set(metrics) == {"val/loss", "val/perplexity", "val/masked_accuracy"}
    assert f"{metrics['val/masked_accuracy']:.2%}" in callback.line(metrics)
