"""Dropout that costs less on a CPU: 16 random bits an element, and one byte of it kept for backward."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

if TYPE_CHECKING:
    from transformers import PretrainedConfig

LEVELS = 2**16


def quicken_dropout(module: nn.Module) -> None:
    """Replace every `nn.Dropout` inside `module`; training is the same on a GPU, and faster on a CPU."""
    for name, child in list(module.named_children()):
        if type(child) is nn.Dropout:
            setattr(module, name, QuickDropout(child.p, child.inplace).train(child.training))
        else:
            quicken_dropout(child)


class QuickDropout(nn.Dropout):
    """`nn.Dropout` with `dropout` on a CPU."""

    def forward(self, input: Tensor) -> Tensor:
        """Drop elements of a tensor of any shape while training."""
        if self.training and not self.inplace and input.device.type == "cpu":
            return dropout(input, self.p)
        return super().forward(input)


def dropout(values: Tensor, p: float) -> Tensor:
    """`values` with each element 0 with probability p, and divided by 1 - p otherwise.

    torch draws a double for every element and keeps the mask as floats. Here p is rounded to a multiple of 2^-16, which
    is an error of 0.01 % at 0.1, and what is left is divided by the share that it stands for, so that the mean stays.
    `torch.compile` gets torch's own, which it knows: it has no room for numbers that are drawn as others.

    Args:
        values: any shape, on the CPU.
        p: from 0 to 1.
    """
    if torch.compiler.is_compiling():
        return F.dropout(values, p)
    cut = round(p * LEVELS)
    if cut == 0:
        return values
    if cut == LEVELS:
        return F.dropout(values, 1.0)
    dropped: Tensor = _Dropout.apply(values, cut)  # type: ignore[no-untyped-call]
    return dropped


class _Dropout(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, cut: int) -> Tensor:
        kept = _random_bits(values.shape) >= cut - LEVELS // 2
        ctx.save_for_backward(kept)
        ctx.scale = LEVELS / (LEVELS - cut)
        return _keep(values, kept, ctx.scale)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> Any:
        (kept,) = ctx.saved_tensors
        return _keep(grad_output, kept, ctx.scale), None


def _random_bits(shape: torch.Size) -> Tensor:
    """Evenly distributed int16."""
    count = math.prod(shape)
    # four at a time, which is what a draw of the generator gives
    draws = torch.empty(-(-count // 4), dtype=torch.int64).random_(-(2**63), None)
    return draws.view(torch.int16)[:count].view(shape)


def _keep(values: Tensor, kept: Tensor, scale: float) -> Tensor:
    # a product of a float and a boolean tensor would be converted element by element
    return kept.to(values.dtype).mul_(scale).mul_(values)


def set_dropout(config: PretrainedConfig, probability: float) -> None:
    """Set every dropout probability that the backbone's configuration knows, classifier heads excepted."""
    for name in dropout_settings(config):
        setattr(config, name, probability)


def dropout_settings(config: PretrainedConfig) -> dict[str, float]:
    """The backbone's dropout probabilities by their names in its config.json."""
    return {
        name: float(value)
        for name, value in config.to_dict().items()
        if "dropout" in name and isinstance(value, (int, float)) and not isinstance(value, bool)
        if not any(part in name for part in ("classif", "summary", "qa_"))
    }
