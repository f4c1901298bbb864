"""A loss over rows computed some rows at a time: the activations of one piece exist at once, and nothing twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from jaxtyping import Int, Shaped
from torch import Tensor
from torch.utils.checkpoint import checkpoint

ROWS_IN_CACHE = 32
"""Rows of tokens whose states stay in a CPU's cache. A GPU is faster with as many as its memory holds."""


@dataclass(frozen=True)
class Rows:
    """Rows of a batch that are computed together.

    Attributes:
        index: which ones, (rows,).
        length: tokens that are computed of each; what lies behind is padding in all of them.
    """

    index: Int[Tensor, " rows"]
    length: int

    def of(self, tensor: Tensor) -> Tensor:
        """These rows of (rows, tokens, ...), cut at `length`."""
        return tensor[self.index, : self.length]


def split_rows(attention_mask: Shaped[Tensor, "rows tokens"], size: int | None, *, cut_padding: bool) -> list[Rows]:
    """Pieces of `size` rows, of similar length so that little padding is computed; None for all rows in one.

    Args:
        attention_mask: (rows, tokens).
        size: rows of a piece; the last may be smaller.
        cut_padding: leave out what is padding in all rows of a piece.
    """
    tokens = attention_mask.shape[1]
    # up to the last real token, wherever a tokenizer pads
    ends = (attention_mask.bool() * torch.arange(1, tokens + 1, device=attention_mask.device)).amax(dim=1)
    order = ends.argsort(stable=True)
    pieces = torch.split(order, len(order) if size is None else size)
    if cut_padding and len(pieces) > 1:
        longest = torch.stack([ends[index].amax() for index in pieces]).tolist()
    else:  # a batch is padded to its longest row: nothing to cut, and a GPU is not waited for
        longest = [tokens] * len(pieces)
    return [Rows(index, int(length)) for index, length in zip(pieces, longest, strict=True)]


def sum_over_pieces(
    part: Callable[..., Tensor], pieces: Sequence[Rows], by_row: Sequence[Tensor], parameters: Sequence[Tensor]
) -> Tensor:
    """The sum of `part(piece, *rows of by_row)` with its exact gradient, at the memory of one piece.

    Each piece is differentiated as soon as it is computed, and only the sums of the gradients are kept for backward.
    Under float16 autocast the caller's loss scaling would come too late for those gradients: there backward computes
    each piece once more.

    Args:
        part: gives a scalar; depends on nothing with a gradient but the rows it is given and `parameters`.
        pieces: which rows belong together.
        by_row: tensors with a gradient, (rows, ...).
        parameters: other tensors that require a gradient.
    """
    device = by_row[0].device.type
    half = torch.is_autocast_enabled(device) and torch.get_autocast_dtype(device) == torch.float16
    if len(pieces) == 1 or half or not torch.is_grad_enabled():
        once = len(pieces) == 1 or not torch.is_grad_enabled()
        compute = part if once else partial(checkpoint, part, use_reentrant=False)
        return torch.stack([compute(piece, *(tensor[piece.index] for tensor in by_row)) for piece in pieces]).sum()
    total: Tensor = _SumOverPieces.apply(part, pieces, len(by_row), *by_row, *parameters)  # type: ignore[no-untyped-call]
    return total


class _SumOverPieces(torch.autograd.Function):
    """Takes the parameters as inputs, so that their gradients come through autograd, whose hooks DDP needs."""

    @staticmethod
    def forward(ctx: Any, part: Callable[..., Tensor], pieces: Sequence[Rows], by_row: int, *tensors: Tensor) -> Tensor:
        rowwise, parameters = tensors[:by_row], tensors[by_row:]
        sums: list[Tensor | None] = [torch.zeros_like(tensor) for tensor in rowwise] + [None] * len(parameters)
        losses = []
        for piece in pieces:
            leaves = [tensor.detach()[piece.index].requires_grad_() for tensor in rowwise]
            loss, gradients = _differentiate(part, piece, leaves, parameters)
            losses.append(loss)
            for place, gradient in enumerate(gradients):
                known = sums[place]
                if gradient is None:
                    continue
                if known is None:
                    sums[place] = gradient
                elif place < by_row:
                    known[piece.index] = gradient
                else:
                    known.add_(gradient)
            del gradients, gradient
        ctx.save_for_backward(*sums)
        return torch.stack(losses).sum()

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        scaled = (None if gradient is None else gradient * grad_output for gradient in ctx.saved_tensors)
        return None, None, None, *scaled


def _differentiate(
    part: Callable[..., Tensor], piece: Rows, leaves: Sequence[Tensor], parameters: Sequence[Tensor]
) -> tuple[Tensor, tuple[Tensor | None, ...]]:
    with torch.enable_grad():
        loss = part(piece, *leaves)
    with torch.autocast(loss.device.type, enabled=False):  # as backward outside of this function is
        return loss.detach(), torch.autograd.grad(loss, [*leaves, *parameters], allow_unused=True)
