"""The screened arg max against the plain one."""

from __future__ import annotations

import pytest
import torch

from sentcse.modules import vocabulary_argmax
from sentcse.modules.vocabulary_argmax import VocabularyArgmax


@pytest.mark.parametrize("screen", [False, True])
@pytest.mark.parametrize("spread", [1.0, 1e-3])
def test_equals_the_plain_arg_max(screen: bool, spread: float) -> None:
    """With a small spread the scores lie closer than bfloat16 tells apart, so that most rows are scored in full."""
    torch.manual_seed(0)
    states, bias = torch.randn(600, 16), torch.randn(200)
    common = torch.randn(16)
    weight = common + spread * torch.randn(200, 16)
    bias = spread * bias
    expected = (states @ weight.T + bias).argmax(dim=1)
    assert torch.equal(VocabularyArgmax(weight, bias, screen=screen)(states), expected)


@pytest.mark.parametrize("rows", [0, 1])
def test_no_rows_and_one(rows: int) -> None:
    found = VocabularyArgmax(torch.ones(200, 16), torch.arange(200.0), screen=True)(torch.ones(rows, 16))
    assert found.tolist() == [199] * rows


def test_a_gpu_sums_the_rough_scores_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound has one rounding of a sum; a GPU may split the sum and round its parts."""
    matmul, seen = torch.backends.cuda.matmul, []
    linear = torch.nn.functional.linear

    def watched(*arguments: torch.Tensor) -> torch.Tensor:
        seen.append((arguments[0].dtype, matmul.allow_bf16_reduced_precision_reduction))
        return linear(*arguments)

    monkeypatch.setattr(vocabulary_argmax.F, "linear", watched)
    VocabularyArgmax(torch.randn(200, 16), torch.randn(200), screen=True)(torch.randn(4, 16))
    assert seen[0] == (torch.bfloat16, False)
    assert matmul.allow_bf16_reduced_precision_reduction


def test_the_small_spread_needs_the_full_score() -> None:
    """The case above is a real one: the best of bfloat16 is often another token."""
    torch.manual_seed(0)
    states, weight = torch.randn(600, 16), torch.randn(16) + 1e-3 * torch.randn(200, 16)
    rounded = (states.bfloat16() @ weight.bfloat16().T).topk(8, dim=1).indices
    best = (states @ weight.T).argmax(dim=1, keepdim=True)
    assert not (rounded == best).any(dim=1).all()
