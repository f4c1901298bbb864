"""Replaced token detection: closed forms, and the edited ids, labels, losses and accuracies of the published code."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from sentcse.losses.replaced_token_detection import (
    edit_tokens,
    replaced_token_accuracy,
    replaced_token_counts,
    replaced_token_detection_loss,
    replaced_token_labels,
)

GOLDEN = Path(os.environ.get("SENTCSE_GOLDEN", Path(__file__).parents[1] / "golden"))
CLS, SEP, PAD = 101, 102, 9
ORIGINAL = torch.tensor([[CLS, 11, 12, 13, SEP], [CLS, 21, SEP, PAD, PAD]])
MASK = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
PREDICTIONS = torch.tensor([[50, 11, 52, 53, 54], [60, 61, SEP, 63, 64]])


def test_edits_every_position_as_published() -> None:
    edited = edit_tokens(PREDICTIONS, ORIGINAL, MASK, cls_token_id=CLS, pad_token_id=PAD)
    assert edited.tolist() == [[CLS, 11, 52, 53, 54], [CLS, 61, SEP, PAD, PAD]]
    published = edit_tokens(PREDICTIONS, ORIGINAL, MASK, cls_token_id=CLS, pad_token_id=0)
    assert published.tolist() == [[CLS, 11, 52, 53, 54], [CLS, 61, SEP, 0, 0]]


def test_edits_the_masked_positions_only() -> None:
    positions = torch.tensor([[0, 1, 0, 1, 0], [0, 0, 0, 0, 0]]).bool()
    before = PREDICTIONS.clone()
    edited = edit_tokens(PREDICTIONS, ORIGINAL, MASK, cls_token_id=CLS, pad_token_id=PAD, positions=positions)
    assert edited.tolist() == [[CLS, 11, 12, 53, SEP], ORIGINAL[1].tolist()]
    assert torch.equal(before, PREDICTIONS)


def test_labels_are_one_at_changed_real_tokens() -> None:
    labels = replaced_token_labels(PREDICTIONS, ORIGINAL, MASK)
    assert labels.tolist() == [[1, 0, 1, 1, 1], [1, 1, 0, 0, 0]]


def test_loss_with_and_without_padding_in_closed_form() -> None:
    labels = torch.tensor([[1, 0, 1, 0, 0], [0, 1, 0, 0, 0]])
    # ln(1 + e^-margin) each: margin 1 in favour of the label at real tokens, margin 2 against it at padding
    logits = torch.nn.functional.one_hot(labels, 2).float()
    logits[MASK == 0] = torch.tensor([0.0, 2.0])
    real, padding = math.log1p(math.exp(-1)), math.log1p(math.exp(2))
    with_padding = replaced_token_detection_loss(logits, labels, MASK, count_padding=True)
    without = replaced_token_detection_loss(logits, labels, MASK, count_padding=False)
    assert float(with_padding) == pytest.approx((8 * real + 2 * padding) / 10, rel=1e-6)
    assert float(without) == pytest.approx(real, rel=1e-6)


def test_padding_that_is_not_counted_gets_no_gradient() -> None:
    logits = torch.randn(2, 5, 2, generator=torch.Generator().manual_seed(0), requires_grad=True)
    replaced_token_detection_loss(logits, torch.zeros_like(MASK), MASK, count_padding=False).backward()
    assert float(logits.grad[MASK == 0].abs().max()) == 0.0
    assert float(logits.grad[MASK == 1].abs().min()) > 0.0


def test_loss_is_taken_in_float32_under_autocast() -> None:
    logits = torch.randn(2, 5, 2, generator=torch.Generator().manual_seed(0)).to(torch.bfloat16)
    with torch.autocast("cpu", torch.bfloat16):
        half = replaced_token_detection_loss(logits, MASK, MASK, count_padding=True)
    full = replaced_token_detection_loss(logits.float(), MASK, MASK, count_padding=True)
    assert half.dtype == torch.float32
    assert float(half) == float(full)


def test_accuracies_over_real_tokens() -> None:
    labels = torch.tensor([[0, 1, 1, 0, 0], [0, 1, 0, 0, 0]])
    guesses = torch.tensor([[0, 1, 0, 1, 0], [0, 1, 0, 1, 1]])  # wrong at one replaced, one original, all padding
    counts = replaced_token_counts(torch.nn.functional.one_hot(guesses, 2).float(), labels, MASK)
    assert counts.tolist() == [8, 3, 6, 2]
    accuracy = replaced_token_accuracy(counts)
    assert [float(a) for a in accuracy] == pytest.approx([6 / 8, 2 / 3, 4 / 5, 3 / 8])
    none_replaced = replaced_token_accuracy(replaced_token_counts(torch.zeros(2, 5, 2), torch.zeros_like(MASK), MASK))
    assert math.isnan(float(none_replaced.replaced))
    assert float(none_replaced.replaced_share) == 0.0


@pytest.mark.golden
@pytest.mark.parametrize("case", ["diffcse_bert", "diffcse_bert_before_mlp", "diffcse_roberta"])
def test_golden_edits_labels_losses_and_accuracies(case: str) -> None:
    golden, scalars = load_file(GOLDEN / f"{case}.safetensors"), json.loads((GOLDEN / "golden.json").read_text())[case]
    input_ids, mask = golden["input_ids"].flatten(0, 1), golden["attention_mask"].flatten(0, 1)
    cls_token_id = int(input_ids[0, 0])
    edited = edit_tokens(golden["generator_prediction"], input_ids, mask, cls_token_id=cls_token_id, pad_token_id=0)
    labels = replaced_token_labels(edited, input_ids, mask)
    assert torch.equal(edited, golden["edited_input_ids"])
    assert torch.equal(labels, golden["replaced"])
    logits = golden["rtd_logits"]
    published = replaced_token_detection_loss(logits, labels, mask, count_padding=True)
    assert float(published) == pytest.approx(scalars["rtd_loss"], rel=1e-4)
    real_tokens = replaced_token_detection_loss(logits, labels, mask, count_padding=False)
    assert float(real_tokens) == pytest.approx(scalars["rtd_loss_real_tokens"], rel=1e-4)
    accuracy = replaced_token_accuracy(replaced_token_counts(logits, labels, mask))
    expected = [scalars["accuracy"], scalars["accuracy_replaced"], scalars["accuracy_original"]]
    assert [float(a) for a in accuracy[:3]] == pytest.approx(expected, rel=1e-4)
