"""The progress bar: loss, and the best score so far."""

from __future__ import annotations

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import TQDMProgressBar

from sentcse.training.periodic_evaluation import PeriodicEvaluation


class ProgressBar(TQDMProgressBar):
    """Lightning's bar with the best selecting score beside the loss."""

    def __init__(self, evaluation: PeriodicEvaluation) -> None:
        super().__init__()
        self._evaluation = evaluation

    def get_metrics(
        self, trainer: Trainer, pl_module: LightningModule
    ) -> dict[str, int | str | float | dict[str, float]]:
        """Without the version number, with the best score."""
        shown = super().get_metrics(trainer, pl_module)
        metrics = {name.removeprefix("train/"): value for name, value in shown.items() if name != "v_num"}
        if self._evaluation.best:
            metrics["best"] = f"{self._evaluation.best['score']:.2f}"
        return metrics
