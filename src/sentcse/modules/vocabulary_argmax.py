"""The best of a vocabulary's scores, which are not kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

ROWS_AT_ONCE = 256
"""Rows scored together: (256, 30522) float32 scores are 30 MiB, those of a whole batch would be gigabytes."""

ROWS_AT_ONCE_ON_A_GPU = 8 * ROWS_AT_ONCE
"""The same where memory is larger, and each operation has a price of its own."""

CANDIDATES = 8
"""Tokens of a row that are scored exactly after a rough look at all of them."""

BFLOAT16_ERROR = 2.0**-8
"""Bound on the relative error of a product of two numbers that were both rounded to bfloat16."""


class VocabularyArgmax:
    """`(states @ weight.T + bias).argmax(1)` in float32, a few rows at a time, the scores not kept.

    For weights that stay as they are: what follows from them is computed once.

    Args:
        weight: (vocabulary, width).
        bias: (vocabulary,).
        screen: find candidates in bfloat16 and score only those in float32. A row where the error bound of bfloat16
            leaves room for another token is scored in full, so that the result is the same.
    """

    @torch.no_grad()
    def __init__(
        self, weight: Float[Tensor, "vocabulary width"], bias: Float[Tensor, " vocabulary"], *, screen: bool
    ) -> None:
        self.weight, self.bias = weight.float(), bias.float()
        self.rounded = weight.bfloat16() if screen and len(weight) > CANDIDATES else None
        self.rounded_bias = bias.bfloat16()
        self.longest = torch.linalg.vector_norm(self.weight, dim=1).amax()
        self.largest_bias = self.bias.abs().amax()

    @torch.no_grad()
    def __call__(self, states: Float[Tensor, "rows width"]) -> Int[Tensor, " rows"]:
        """The best token of each of the states, (rows, width)."""
        at_once = ROWS_AT_ONCE if states.device.type == "cpu" else ROWS_AT_ONCE_ON_A_GPU
        with torch.autocast(states.device.type, enabled=False):
            return self._best(states.float(), at_once)

    def _best(self, states: Tensor, at_once: int) -> Tensor:
        pieces = torch.split(states, at_once)
        if self.rounded is None:
            return torch.cat([self._score(rows) for rows in pieces])
        chosen, unsure = (torch.cat(parts) for parts in zip(*map(self._screen, pieces), strict=True))
        # looked up once, of all rows: each use of a mask as an index would have a GPU waited for
        again = unsure.nonzero().squeeze(1)
        for rows in torch.split(again, at_once):
            chosen[rows] = self._score(states[rows])
        return chosen

    def _score(self, states: Tensor) -> Tensor:
        return F.linear(states, self.weight, self.bias).argmax(dim=1)

    def _screen(self, states: Tensor) -> tuple[Tensor, Tensor]:
        """The best of the candidates, and of which rows another token may be better."""
        assert self.rounded is not None
        with _summed_in_float32():
            rough = F.linear(states.bfloat16(), self.rounded, self.rounded_bias).topk(CANDIDATES, dim=1)
        exact = torch.bmm(self.weight[rough.indices], states.unsqueeze(2)).squeeze(2) + self.bias[rough.indices]
        best = exact.max(dim=1, keepdim=True)
        chosen = rough.indices.gather(1, best.indices).squeeze(1)
        # Cauchy-Schwarz for the rounded factors; then the rounding of the bias and of the sum
        error = BFLOAT16_ERROR * (torch.linalg.vector_norm(states, dim=1) * self.longest + self.largest_bias)
        error = error + BFLOAT16_ERROR * rough.values[:, 0].float().abs()
        return chosen, best.values.squeeze(1) < rough.values[:, -1].float() + error


@contextmanager
def _summed_in_float32() -> Iterator[None]:
    """Have a GPU sum products of bfloat16 in float32 throughout: the bound on the error has one rounding of the sum."""
    matmul = torch.backends.cuda.matmul
    before = matmul.allow_bf16_reduced_precision_reduction
    matmul.allow_bf16_reduced_precision_reduction = False
    try:
        yield
    finally:
        matmul.allow_bf16_reduced_precision_reduction = before
