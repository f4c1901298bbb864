"""Dropout with few random bits is dropout: shares, mean, gradient, modes."""

from __future__ import annotations

import math

import pytest
import torch
from tiny import tiny_bert
from torch import nn

from sentcse.modules.dropout import LEVELS, QuickDropout, dropout, quicken_dropout


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_share_and_scale(p: float) -> None:
    torch.manual_seed(0)
    count = 400_003  # not a multiple of four
    found = dropout(torch.ones(count), p)
    kept = float((found != 0).float().mean())
    assert abs(kept - (1 - p)) < 5 * math.sqrt(p * (1 - p) / count)
    torch.testing.assert_close(found.unique(), torch.tensor([0.0, 1 / (1 - p)]), rtol=2 / LEVELS / (1 - p), atol=0.0)


def test_elements_are_independent() -> None:
    torch.manual_seed(0)
    kept = (dropout(torch.ones(4, 100_000), 0.5) != 0).double()
    # in the order of one draw (neighbours, every fourth) and across rows
    for first, second in [(kept[0, :-1], kept[0, 1:]), (kept[0, :-4], kept[0, 4:]), (kept[0], kept[1])]:
        assert abs(float(torch.corrcoef(torch.stack([first, second]))[0, 1])) < 5 / math.sqrt(100_000)


def test_gradient_is_the_mask() -> None:
    values = torch.randn(50, 7, requires_grad=True)
    found = dropout(values, 0.3)
    found.sum().backward()
    assert values.grad is not None
    torch.testing.assert_close(values.grad * values.detach(), found.detach())


def test_none_and_all() -> None:
    values = torch.randn(5)
    assert torch.equal(dropout(values, 0.0), values)
    assert torch.equal(dropout(values, 1.0), torch.zeros(5))
    assert dropout(torch.empty(0, 3), 0.1).shape == (0, 3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_dtype_stays(dtype: torch.dtype) -> None:
    assert dropout(torch.ones(8, dtype=dtype), 0.1).dtype == dtype


def test_seeded() -> None:
    found = []
    for _ in range(2):
        torch.manual_seed(3)
        found.append(dropout(torch.ones(1000), 0.1))
    assert torch.equal(*found)


def test_modules_are_replaced_where_they_are() -> None:
    model = nn.Sequential(nn.Dropout(0.2), nn.Sequential(nn.Dropout(0.3)), nn.Dropout1d(0.4))
    model[0].eval()
    quicken_dropout(model)
    assert isinstance(model[0], QuickDropout)
    assert (model[0].p, model[0].training) == (0.2, False)
    assert isinstance(model[1][0], QuickDropout)
    assert (model[1][0].p, model[1][0].training) == (0.3, True)
    assert type(model[2]) is nn.Dropout1d


def test_a_quickened_backbone() -> None:
    model = tiny_bert(hidden_dropout_prob=0.5)
    ids = torch.tensor([[2, 5, 6, 3]])
    before = model(input_ids=ids).last_hidden_state
    names = set(model.state_dict())
    quicken_dropout(model)
    assert set(model.state_dict()) == names
    assert torch.equal(model.eval()(input_ids=ids).last_hidden_state, before)
    model.train()
    assert not torch.equal(model(input_ids=ids).last_hidden_state, model(input_ids=ids).last_hidden_state)


def test_a_compiled_one_is_torch_s_own() -> None:
    """The bits that are drawn here cannot be traced. (The whole of training is compiled in tests/flows/.)"""
    torch.compiler.reset()
    compiled = torch.compile(QuickDropout(0.25), backend="aot_eager")
    values = torch.ones(40_000, requires_grad=True)
    found = compiled(values)
    assert found.unique().tolist() == pytest.approx([0, 4 / 3])
    assert float(found.mean()) == pytest.approx(1, abs=0.03)
    found.sum().backward()
    assert values.grad is not None
    assert torch.equal(values.grad, found.detach())
