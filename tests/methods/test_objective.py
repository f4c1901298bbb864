"""What a step gives: the weighted sum, and the metrics that methods share."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from sentcse.methods.objective import Objective, flatten_views, masked_negatives, view_cosines


def test_the_total_weighs_what_has_a_weight() -> None:
    terms = {"a": torch.tensor(2.0, requires_grad=True), "b": torch.tensor(3.0, requires_grad=True)}
    total = Objective(terms, {"b": -0.5}).total()
    assert total.item() == 2 - 1.5
    assert [gradient.item() for gradient in torch.autograd.grad(total, list(terms.values()))] == [1, -0.5]
    assert Objective(terms).total().item() == 5


def test_views_of_a_sentence_become_neighbours() -> None:
    ids = torch.arange(12).view(2, 2, 3)
    flat, mask = flatten_views({"input_ids": ids, "attention_mask": ids % 2})
    assert flat.tolist() == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]]
    assert torch.equal(mask, flat % 2)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_cosines_are_float32_under_autocast_too(dtype: torch.dtype) -> None:
    draw = torch.Generator().manual_seed(0)
    z1, z2 = (torch.randn(8, 16, generator=draw).to(dtype) for _ in range(2))
    with torch.autocast("cpu", torch.bfloat16):
        found = view_cosines(z1, z2)
    expected = F.cosine_similarity(z1.double()[:, None], z2.double()[None], dim=-1)
    assert found["positive_cosine"].dtype == torch.float32
    torch.testing.assert_close(found["positive_cosine"].double(), expected.diagonal().mean(), rtol=0, atol=1e-6)
    others = expected[~torch.eye(8, dtype=torch.bool)].mean()
    torch.testing.assert_close(found["negative_cosine"].double(), others, rtol=0, atol=1e-6)


def test_a_single_sentence_has_no_others() -> None:
    assert view_cosines(torch.ones(1, 4), torch.ones(1, 4))["negative_cosine"].isnan()


def test_the_count_is_a_metric_where_something_can_be_left_out() -> None:
    assert masked_negatives(None) == {}
    assert masked_negatives(torch.tensor([[True, False], [True, True]]))["masked_negatives"].item() == 3
