"""AdamW and its learning-rate schedule, as the published training scripts have them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from pytorch_lightning import LightningModule
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
        fused: one kernel for all parameters, which unscales under a gradient scaler itself. Without, torch
            takes some kernels for all parameters together, on a GPU, where False would make a loop.
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
        fused=True if fused else None,
    )


def clip_gradients(
    parameters: Iterable[nn.Parameter], limit: float, *, scaler: torch.amp.GradScaler | None = None
) -> None:
    """Shrink gradients in place so that their common norm is `limit` at most; a GPU is not waited for.

    Args:
        parameters: with their gradients, or without.
        limit: the largest norm.
        scaler: of whose loss scale the gradients are multiples still, and stay so; None where they are no multiples.
    """
    scaled = list(parameters)
    norm = nn.utils.get_total_norm([each.grad for each in scaled if each.grad is not None])
    if scaler is not None:
        norm = norm / scaler.scale(torch.ones_like(norm))
    # a norm that is not finite makes gradients that are not, and the scaler leaves the step out
    nn.utils.clip_grads_with_norm_(scaled, limit, norm)


def build_schedule(optimizer: AdamW, settings: AdamWSettings, total_steps: int) -> LambdaLR:
    """Linear warm-up, then linear to 0 at `total_steps` or constant; one step an optimiser step."""

    def factor(step: int) -> float:
        if step < settings.warmup_steps:
            return step / settings.warmup_steps
        if settings.schedule == "constant":
            return 1.0
        return max(0.0, (total_steps - step) / max(1, total_steps - settings.warmup_steps))

    return LambdaLR(optimizer, factor)


class TrainedModule(LightningModule):
    """A LightningModule with its optimiser.

    Args:
        optimizer: AdamW settings; None for the published ones.
    """

    def __init__(self, *, optimizer: AdamWSettings | None = None) -> None:
        super().__init__()
        self.optimizer_settings = AdamWSettings() if optimizer is None else optimizer
        self.record: dict[str, Any] = {}  # how the model is made; kept in every checkpoint

    def configure_optimizers(self) -> Any:
        """AdamW with its schedule over all steps of the run."""
        optimizer = build_adamw(self, self.optimizer_settings, fused=self._can_fuse)
        schedule = build_schedule(optimizer, self.optimizer_settings, int(self.trainer.estimated_stepping_batches))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    @property
    def _can_fuse(self) -> bool:
        return self.device.type in ("cpu", "cuda", "mps")

    def configure_gradient_clipping(
        self, optimizer: Any, gradient_clip_val: float | None = None, gradient_clip_algorithm: str | None = None
    ) -> None:
        """Clip by norm, also before a fused optimiser under autocast, which Lightning refuses."""
        if gradient_clip_val is None:
            return
        # of any other optimiser Lightning has unscaled the gradients by now
        fused = getattr(optimizer, "_step_supports_amp_scaling", False)
        if fused and gradient_clip_algorithm in (None, "norm"):
            scaler: torch.amp.GradScaler | None = getattr(self.trainer.precision_plugin, "scaler", None)
            clip_gradients(self.parameters(), gradient_clip_val, scaler=scaler)
        else:
            super().configure_gradient_clipping(optimizer, gradient_clip_val, gradient_clip_algorithm)
