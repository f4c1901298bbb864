"""metrics.csv always, a dashboard beside it on request. No logger may stop a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pytorch_lightning.loggers import Logger
from pytorch_lightning.utilities import rank_zero_only

from sentcse.config.generator_schema import RunConfig
from sentcse.machine.files import writing
from sentcse.records.metrics_file import MetricsFile
from sentcse.records.run_folder import RunFolder
from sentcse.training.tensorboard import start_tensorboard
from sentcse.training.wandb.run import start_wandb


class MetricsLogger(Logger):
    """Lightning's way into metrics.csv: its own CSVLogger deletes the rows of an earlier process of the run.

    Args:
        path: the file; its folder exists.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.file = MetricsFile(path)
        self._ahead: tuple[int, set[str]] = (-1, set())

    @property
    def name(self) -> str:
        """What Lightning asks every logger for."""
        return "metrics"

    @property
    def version(self) -> str:
        """What Lightning asks every logger for."""
        return ""

    @rank_zero_only
    def log_hyperparams(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: config.yaml holds them."""

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Append a row; raises SentcseError where it cannot: a full disk, a run's folder that was deleted."""
        known = {"epoch", *(self._ahead[1] if step == self._ahead[0] else ())}
        row = {name: value for name, value in metrics.items() if name not in known}
        if not row:
            return
        with writing(self.file.path, "make room, or leave the run's folder where it is; the same command continues"):
            self.file.append(row, step)

    @rank_zero_only
    def log_ahead(self, metrics: dict[str, float], step: int) -> None:
        """Append what Lightning will log only when the step is over: a checkpoint of the step may be the last act."""
        self.log_metrics(metrics, step)
        self._ahead = (step, set(metrics))

    @rank_zero_only
    def forget_after(self, step: int) -> None:
        """Drop rows of steps that a continued run will make again."""
        self.file.forget_after(step)


def build_loggers(config: RunConfig, folder: RunFolder) -> list[Logger]:
    """The file logger first, then the configured dashboard.

    Raises:
        SentcseError: if the dashboard's package is not installed.
    """
    loggers: list[Logger] = [MetricsLogger(folder.metrics)]
    if config.logger.kind == "tensorboard":
        loggers.append(start_tensorboard(folder))
    # a further process of a run writes nothing
    if config.logger.kind == "wandb" and rank_zero_only.rank == 0:  # type: ignore[attr-defined]
        dashboard = start_wandb(config, folder)
        if dashboard is not None:
            loggers.append(dashboard)
    return loggers
