"""A loss over rows computed some rows at a time: the activations of one piece exist at once, and nothing twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from jaxtyping import Int, Shaped
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

ROWS_IN_CACHE = 32
"""Rows of tokens whose states stay in a CPU's cache. A GPU is faster with as many as its memory holds."""

ROWS_LOOKED_UP = 1024
"""Rows whose tokens are looked up together: each time makes a gradient as large as the table; more need more memory."""


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
    part: Callable[..., Tensor],
    pieces: Sequence[Rows],
    by_row: Sequence[Tensor],
    parameters: Sequence[Tensor],
    *,
    table: nn.Module,
    ids: Int[Tensor, "rows tokens"],
) -> Tensor:
    """The sum of `part(piece, *rows of by_row, words)` with its exact gradient, at the memory of one piece.

    Each piece is differentiated as soon as it is computed, and only the sums of the gradients are kept for backward.
    Under float16 autocast the caller's loss scaling would come too late for those gradients: there backward computes
    each piece once more.

    Args:
        part: gives a scalar; depends on nothing with a gradient but what it is given and `parameters`. `words` are the
            table's rows for the piece's ids, (rows, tokens, width).
        pieces: which rows belong together.
        by_row: tensors with a gradient, (rows, ...).
        parameters: other tensors that require a gradient, none of the table's.
        table: of embeddings, whose gradient comes of the words alone.
        ids: what is looked up in it.
    """
    device = by_row[0].device.type
    half = torch.is_autocast_enabled(device) and torch.get_autocast_dtype(device) == torch.float16
    if len(pieces) == 1 or half or not torch.is_grad_enabled():
        once = len(pieces) == 1 or not torch.is_grad_enabled()

        def with_words(piece: Rows, *rows: Tensor) -> Tensor:
            return part(piece, *rows, table(ids[piece.index]))

        compute = with_words if once else partial(checkpoint, with_words, use_reentrant=False)
        return torch.stack([compute(piece, *(tensor[piece.index] for tensor in by_row)) for piece in pieces]).sum()
    learned = [each for each in table.parameters() if each.requires_grad]
    total: Tensor = _SumOverPieces.apply(  # type: ignore[no-untyped-call]
        part, pieces, table, ids, len(by_row), len(learned), *by_row, *learned, *parameters
    )
    return total


class _SumOverPieces(torch.autograd.Function):
    """Takes the parameters as inputs, so that their gradients come through autograd, whose hooks DDP needs."""

    @staticmethod
    def forward(
        ctx: Any,
        part: Callable[..., Tensor],
        pieces: Sequence[Rows],
        table: nn.Module,
        ids: Tensor,
        by_row: int,
        learned: int,
        *tensors: Tensor,
    ) -> Tensor:
        rowwise, of_table, parameters = (
            tensors[:by_row],
            tensors[by_row : by_row + learned],
            tensors[by_row + learned :],
        )
        by_row_sums = [torch.zeros_like(tensor) for tensor in rowwise]
        table_sums: list[Tensor | None] = [None] * len(of_table)
        sums: list[Tensor | None] = [None] * len(parameters)
        losses = []
        for group in _looked_up_together(pieces):
            with torch.enable_grad():
                words = table(ids[torch.cat([piece.index for piece in group])])
            of_words = torch.zeros_like(words)
            start = 0
            for piece in group:
                own = slice(start, start := start + len(piece.index))
                leaves = [tensor.detach()[piece.index] for tensor in rowwise] + [words.detach()[own]]
                loss, gradients = _differentiate(part, piece, [leaf.requires_grad_() for leaf in leaves], parameters)
                losses.append(loss)
                for tensor, gradient in zip(by_row_sums, gradients[:by_row], strict=True):
                    if gradient is not None:
                        tensor[piece.index] = gradient
                if (gradient := gradients[by_row]) is not None:
                    of_words[own] = gradient
                _add(sums, gradients[by_row + 1 :])
                del gradients, gradient
            if of_table:
                _add(table_sums, torch.autograd.grad(words, of_table, of_words, allow_unused=True))
        ctx.save_for_backward(*by_row_sums, *table_sums, *sums)
        return torch.stack(losses).sum()

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        scaled = (None if gradient is None else gradient * grad_output for gradient in ctx.saved_tensors)
        return *[None] * 6, *scaled


def _looked_up_together(pieces: Sequence[Rows]) -> Iterator[list[Rows]]:
    """Pieces in their order, in groups of about `ROWS_LOOKED_UP` rows."""
    a_group = max(1, ROWS_LOOKED_UP // len(pieces[0].index))
    for start in range(0, len(pieces), a_group):
        yield list(pieces[start : start + a_group])


def _add(sums: list[Tensor | None], gradients: Sequence[Tensor | None]) -> None:
    """Add gradients to their sums so far."""
    for place, gradient in enumerate(gradients):
        known = sums[place]
        if gradient is not None:
            sums[place] = gradient if known is None else known.add_(gradient)


def _differentiate(
    part: Callable[..., Tensor], piece: Rows, leaves: Sequence[Tensor], parameters: Sequence[Tensor]
) -> tuple[Tensor, tuple[Tensor | None, ...]]:
    with torch.enable_grad():
        loss = part(piece, *leaves)
    with torch.autocast(loss.device.type, enabled=False):  # as backward outside of this function is
        return loss.detach(), torch.autograd.grad(loss, [*leaves, *parameters], allow_unused=True)
