"""How every model here is optimised: AdamW with its schedule, gradients clipped by norm."""

from __future__ import annotations

from typing import Any

from pytorch_lightning import LightningModule
from torch import nn

from sentcse.methods.optimization import AdamWSettings, build_adamw, build_schedule


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
        return self.trainer.precision != "16-mixed" and self.device.type in ("cpu", "cuda")

    def configure_gradient_clipping(
        self, optimizer: Any, gradient_clip_val: float | None = None, gradient_clip_algorithm: str | None = None
    ) -> None:
        """Clip by norm, also before a fused optimiser under autocast, which only a gradient scaler would disturb."""
        if gradient_clip_val is None:
            return
        if self._can_fuse:
            nn.utils.clip_grad_norm_(self.parameters(), gradient_clip_val)
        else:
            super().configure_gradient_clipping(optimizer, gradient_clip_val, gradient_clip_algorithm)
