"""AdamW and its learning-rate schedule, as the published training scripts have them."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR


@dataclass(frozen=True)
class AdamWSettings:
    """Learning rate, schedule (`linear` to 0, or `constant`), warm-up in optimiser steps, and AdamW's own settings."""

    learning_rate: float = 3e-5
    schedule: str = "linear"
    warmup_steps: int = 0
    weight_decay: float = 0.0
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8


def build_adamw(module: nn.Module, settings: AdamWSettings, *, fused: bool = False) -> AdamW:
    """AdamW over the trained parameters; biases and normalisation weights (one-dimensional) do not decay.

    Args:
        module: whose parameters are trained, if they require a gradient.
        settings: AdamW's settings.
        fused: one kernel for all parameters; not with a gradient scaler, which must unscale before clipping.
    """
    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return AdamW(
        [group for group in groups if group["params"]],
        lr=settings.learning_rate,
        betas=settings.betas,
        eps=settings.eps,
        fused=fused,
    )


def build_schedule(optimizer: AdamW, settings: AdamWSettings, total_steps: int) -> LambdaLR:
    """Linear warm-up, then linear to 0 at `total_steps` or constant; one step an optimiser step."""

    def factor(step: int) -> float:
        if step < settings.warmup_steps:
            return step / settings.warmup_steps
        if settings.schedule == "constant":
            return 1.0
        return max(0.0, (total_steps - step) / max(1, total_steps - settings.warmup_steps))

    return LambdaLR(optimizer, factor)
