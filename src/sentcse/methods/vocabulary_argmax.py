"""The highest-scoring token of a large vocabulary, without scoring all of it in float32."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

ROWS_AT_ONCE = 256
"""Rows scored together: (256, 30522) float32 scores are 30 MiB, those of a whole batch would be gigabytes."""

CANDIDATES = 8
BFLOAT16_ERROR = 2.0**-8
"""Bound on the relative error of a product of two numbers that were both rounded to bfloat16."""


def vocabulary_argmax(
    states: Float[Tensor, "rows width"],
    weight: Float[Tensor, "vocabulary width"],
    bias: Float[Tensor, " vocabulary"],
    *,
    screen: bool,
) -> Int[Tensor, " rows"]:
    """`(states @ weight.T + bias).argmax(1)` in float32, a few rows at a time, the scores not kept.

    Args:
        states: (rows, width).
        weight: (vocabulary, width).
        bias: (vocabulary,).
        screen: find candidates in bfloat16 and score only those in float32. A row where the error bound of bfloat16
            leaves room for another token is scored in full, so that the result is the same.
    """
    with torch.no_grad(), torch.autocast(states.device.type, enabled=False):
        states, weight, bias = states.float(), weight.float(), bias.float()
        if not screen or len(weight) <= CANDIDATES:
            return torch.cat([F.linear(rows, weight, bias).argmax(dim=1) for rows in torch.split(states, ROWS_AT_ONCE)])
        rounded, longest = weight.bfloat16(), torch.linalg.vector_norm(weight, dim=1).amax()
        return torch.cat(
            [_screened(rows, weight, bias, rounded, longest) for rows in torch.split(states, ROWS_AT_ONCE)]
        )


def _screened(states: Tensor, weight: Tensor, bias: Tensor, rounded: Tensor, longest: Tensor) -> Tensor:
    rough = F.linear(states.bfloat16(), rounded, bias.bfloat16()).topk(CANDIDATES, dim=1)
    exact = torch.bmm(weight[rough.indices], states.unsqueeze(2)).squeeze(2) + bias[rough.indices]
    best = exact.max(dim=1, keepdim=True)
    chosen = rough.indices.gather(1, best.indices).squeeze(1)
    # Cauchy-Schwarz for the rounded factors; then the rounding of the bias and of the sum
    error = BFLOAT16_ERROR * (torch.linalg.vector_norm(states, dim=1) * longest + bias.abs().amax())
    error = error + BFLOAT16_ERROR * rough.values[:, 0].float().abs()
    unsure = best.values.squeeze(1) < rough.values[:, -1].float() + error
    chosen[unsure] = F.linear(states[unsure], weight, bias).argmax(dim=1)
    return chosen
