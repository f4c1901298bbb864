"""Splits that are no larger than a batch, or leave a short one: what a step then sees."""

from __future__ import annotations

import math

import pytest
import torch

from sentcse.data.sampler import PureBatchSampler
from sentcse.losses import info_nce_loss
from sentcse.modules.heads import HEADS


@pytest.mark.parametrize(
    ("size", "drop_last", "batches"),
    [
        (64, False, [64]),
        (64, True, [64]),
        (100, False, [64, 36]),
        (100, True, [64]),
        (20, False, [20]),
        (65, False, [64]),  # the one that is over would have no negatives
        (66, False, [64, 2]),
        (2, False, [2]),
    ],
)
def test_batches_of_an_epoch(size: int, drop_last: bool, batches: list[int]) -> None:
    sampler = PureBatchSampler(size, 64, seed=48, drop_last=drop_last)
    assert [len(batch) for batch in sampler] == batches
    assert len(sampler) == len(batches)


@pytest.mark.parametrize(("size", "drop_last"), [(63, True), (1, False)])
def test_a_split_without_a_batch_is_refused(size: int, drop_last: bool) -> None:
    with pytest.raises(ValueError, match="size must give each of 1 ranks a batch"):
        PureBatchSampler(size, 64, seed=48, drop_last=drop_last)


def test_sixty_four_sentences_are_one_batch_in_another_order_every_epoch() -> None:
    sampler = PureBatchSampler(64, 64, seed=48)
    orders = []
    for epoch in range(3):
        sampler.set_epoch(epoch)
        (batch,) = sampler
        assert sorted(batch) == list(range(64))
        orders.append(tuple(batch))
    assert len(set(orders)) == 3


def test_who_is_left_out_changes_from_epoch_to_epoch() -> None:
    sampler = PureBatchSampler(65, 64, seed=48)
    left_out = set()
    for epoch in range(20):
        sampler.set_epoch(epoch)
        (batch,) = sampler
        left_out |= set(range(65)) - set(batch)
    assert len(left_out) > 10


@pytest.mark.parametrize("sentences", [64, 36, 20, 2])
def test_a_short_batch_has_fewer_negatives(sentences: int) -> None:
    """Where all vectors are alike, the loss is the logarithm of the number of candidates."""
    vectors = torch.ones(sentences, 8)
    loss = info_nce_loss(vectors, vectors, temperature=0.05)
    assert loss.item() == pytest.approx(math.log(sentences), abs=1e-5)


def test_batchnorm_takes_its_statistics_from_both_views_of_however_few_sentences() -> None:
    torch.manual_seed(0)
    head = HEADS["batchnorm"](8).train()
    rows = torch.randn(2 * 2, 8, requires_grad=True)
    projected = head(rows)
    # the last layer normalises without affine: mean 0 over the batch, and variance 1 but for its epsilon
    torch.testing.assert_close(projected.mean(0), torch.zeros(8), atol=1e-5, rtol=0)
    assert (projected.var(0, unbiased=False) <= 1.0001).all()
    projected.square().sum().backward()
    assert rows.grad is not None
    assert rows.grad.isfinite().all()
