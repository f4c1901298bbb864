"""Duplicates are found by their tokens, and each method leaves them out of InfoNCE and of nothing else."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
import torch
from global_step import METHODS, global_batch
from torch import Tensor

from sentcse.methods.duplicates import false_negatives, number_texts


def naive(texts: list[list[int]]) -> list[list[bool]]:
    """By the rule: rows that share an anchor or a positive; a hard negative that is one of the row's own texts."""
    rows = range(len(texts))
    found = [[i != j and bool(set(texts[i][:2]) & set(texts[j][:2])) for j in rows] for i in rows]
    if len(texts[0]) == 3:
        found = [row + [texts[j][2] in texts[i][:2] for j in rows] for i, row in enumerate(found)]
    return found


@pytest.mark.parametrize("views", [2, 3])
def test_every_way_in_which_texts_can_meet(views: int) -> None:
    generator = torch.Generator().manual_seed(0)
    for texts in (torch.randint(high, (7, views), generator=generator) for high in (3, 8, 20)):
        assert false_negatives(texts).tolist() == naive(texts.tolist())


def test_one_sentence_twice_and_pairs_by_hand() -> None:
    assert false_negatives(torch.tensor([[4, 4], [9, 9], [4, 4]])).int().tolist() == [[0, 0, 1], [0, 0, 0], [1, 0, 0]]
    # two positives of the anchor 1; and 5, the hard negative of the first, is the positive of the third
    pairs = torch.tensor([[1, 2, 5], [1, 3, 6], [4, 5, 7]])
    assert false_negatives(pairs).int().tolist() == [[0, 1, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0], [0, 0, 0, 1, 0, 0]]


def test_texts_are_equal_where_all_tokens_are_whatever_fills_the_rest() -> None:
    ids = torch.tensor([[[2, 7, 3, 0]], [[2, 7, 3, 9]], [[2, 7, 3, 9]], [[2, 7, 8, 3]], [[2, 7, 0, 0]]])
    mask = torch.tensor([[[1, 1, 1, 0]], [[1, 1, 1, 0]], [[1, 1, 1, 1]], [[1, 1, 1, 1]], [[1, 1, 0, 0]]])
    numbers = number_texts(ids, mask).flatten().tolist()
    assert [[a == b for b in numbers] for a in numbers] == [
        [i == j or {i, j} == {0, 1} for j in range(5)] for i in range(5)
    ]


@pytest.mark.parametrize("name", ["simcse", "simcse_mlm", "diffcse", "micse"])
def test_a_batch_without_duplicates_gives_the_same_bit_for_bit(name: str) -> None:
    batch, expected = global_batch(name), METHODS[name]().compute_losses
    plain, masked = expected(batch), METHODS[name](mask_duplicates=True).compute_losses(batch)
    assert torch.equal(plain.total(), masked.total())
    assert "masked_negatives" not in plain.metrics
    assert masked.metrics.pop("masked_negatives").item() == 0
    assert masked.metrics.keys() == plain.metrics.keys()


@pytest.mark.parametrize("chunk", [None, 3])
@pytest.mark.parametrize("name", ["simcse", "simcse_mlm", "diffcse", "micse"])
def test_info_nce_is_that_of_a_loop_without_them_and_other_terms_stay(
    name: str, chunk: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = global_batch(f"{name}_masked")
    if name == "simcse_mlm":
        batch = {key: values[:, :2] for key, values in batch.items()}
    plain = METHODS[name](chunk=chunk).compute_losses(batch)
    method = METHODS[name](chunk=chunk, mask_duplicates=True)
    embedded = embeddings(method, batch, monkeypatch)
    masked = method.compute_losses(batch)
    texts = [[tuple(ids[: int(mask.sum())].tolist()) for ids, mask in zip(*row, strict=True)] for row in rows(batch)]
    left_out, logits = naive(texts), _logits(embedded[0], getattr(method, "hard_negative_weight", 0.0))
    losses = [
        torch.logsumexp(torch.stack([each for each, out in zip(row, out_of_row, strict=True) if not out]), 0) - row[i]
        for i, (row, out_of_row) in enumerate(zip(logits, left_out, strict=True))
    ]
    torch.testing.assert_close(masked.losses["info_nce"], torch.stack(losses).mean(), rtol=1e-5, atol=0)
    assert masked.losses["info_nce"] < plain.losses["info_nce"]
    assert masked.metrics["masked_negatives"].item() == sum(map(sum, left_out)) >= 4
    for other in plain.losses.keys() - {"info_nce"}:
        assert torch.equal(masked.losses[other], plain.losses[other])


def rows(batch: dict[str, Tensor]) -> Any:
    return zip(batch["input_ids"], batch["attention_mask"], strict=True)


def embeddings(method: Any, batch: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch) -> list[Tensor]:
    """A list that the vectors of the next step come into."""
    kept: list[Tensor] = []
    project = method.project
    monkeypatch.setattr(
        method, "project", lambda pooled, views: kept.append(project(pooled, views=views)) or kept[-1], raising=True
    )
    return kept


def _logits(embedded: Tensor, hard_negative_weight: float) -> Tensor:
    unit = torch.nn.functional.normalize(embedded, dim=-1)
    anchors, *others = unit.unbind(1)
    logits = [anchors @ each.T / 0.05 for each in others]
    for hard in logits[1:]:
        hard += hard_negative_weight * torch.eye(len(hard))
    return torch.cat(logits, dim=1)


def test_all_pairs_of_rows_are_looked_at_in_both_directions() -> None:
    texts = torch.tensor([[i, j] for i, j in product(range(3), range(3, 6))])
    found = false_negatives(texts)
    assert torch.equal(found, found.T)
    assert not found.diagonal().any()
