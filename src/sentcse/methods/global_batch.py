"""The batch of all ranks: vectors gathered with their gradient, and means over what all ranks have.

Every rank computes head and objective of the whole batch, or its own part of a mean times the number of ranks. DDP then
averages the gradients over the ranks, and 2 ranks with B sentences each make the step of 1 rank with 2 B.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, distributed
from torch.nn import functional as F


def ranks() -> int:
    """How many processes share a step."""
    return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1


def gather_rows(rows: Float[Tensor, "own width"]) -> Float[Tensor, "all width"]:
    """The rows of all ranks in the order of the ranks, in float32 at least where there are several.

    The gradient of a row is what all ranks want of it. Each rank must have as many rows, as `PureBatchSampler` deals
    them out.
    """
    if ranks() == 1:
        return rows
    # gradients are summed over ranks: not in half precision
    gathered: Tensor = _GatherRows.apply(rows.to(torch.promote_types(rows.dtype, torch.float32)))  # type: ignore[no-untyped-call]
    return gathered


def gather_texts(
    input_ids: Shaped[Tensor, "own views tokens"], attention_mask: Shaped[Tensor, "own views tokens"]
) -> tuple[Shaped[Tensor, "all views longest"], Shaped[Tensor, "all views longest"]]:
    """The token ids and masks of all ranks in the order of the ranks, padded to the longest of them."""
    if ranks() == 1:
        return input_ids, attention_mask
    longest = torch.tensor(input_ids.shape[-1], device=input_ids.device)
    distributed.all_reduce(longest, op=distributed.ReduceOp.MAX)
    both = torch.stack([input_ids, attention_mask.to(input_ids.dtype)], dim=-2)
    both = F.pad(both, (0, int(longest) - input_ids.shape[-1])).contiguous()
    parts = [torch.empty_like(both) for _ in range(ranks())]
    distributed.all_gather(parts, both)
    ids, mask = torch.cat(parts).unbind(dim=-2)
    return ids, mask


def own_rows(gathered: Shaped[Tensor, "all width"], count: int) -> Shaped[Tensor, "count width"]:
    """Of this rank, the `count` rows of what `gather_rows` gave; all of them where nothing was gathered."""
    first = 0 if len(gathered) == count else distributed.get_rank() * count
    return gathered[first : first + count]


def sum_over_ranks(values: Tensor) -> Tensor:
    """The elementwise sum of every rank's `values`, of any shape, without a gradient."""
    values = values.detach()
    if ranks() > 1:
        values = values.clone()
        distributed.all_reduce(values)
    return values


def mean_over_ranks(values: Tensor) -> Tensor:
    """The elementwise mean of every rank's `values`, without a gradient."""
    return sum_over_ranks(values) / ranks()


def part_of_mean(total: Float[Tensor, ""], count: Shaped[Tensor, ""]) -> Float[Tensor, ""]:
    """What this rank adds to a mean over the elements of all ranks, times the number of ranks; 0 where there are none.

    Its mean over the ranks is the mean over the elements.

    Args:
        total: the sum over this rank's elements.
        count: how many elements this rank has.
    """
    return total * ranks() / sum_over_ranks(count).clamp(min=1)


class _GatherRows(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        ctx.count = len(rows)
        parts = [torch.empty_like(rows) for _ in range(ranks())]
        distributed.all_gather(parts, rows.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Tensor:
        return own_rows(sum_over_ranks(grad_output), ctx.count)
