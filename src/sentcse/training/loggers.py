"""metrics.csv always, a dashboard beside it on request. No logger may stop a run."""

from __future__ import annotations

from pytorch_lightning.loggers import Logger, TensorBoardLogger
from pytorch_lightning.utilities import rank_zero_only

from sentcse.config.generator_schema import RunConfig
from sentcse.errors import SentcseError
from sentcse.records.metrics_file import MetricsFile
from sentcse.records.run_folder import RunFolder
from sentcse.training.wandb.run import start_wandb


def build_loggers(config: RunConfig, folder: RunFolder) -> list[Logger]:
    """The file logger first, then the configured dashboard.

    Raises:
        SentcseError: if the dashboard's package is not installed.
    """
    metrics = MetricsFile(folder.metrics)
    loggers: list[Logger] = [metrics]
    if config.logger.kind == "tensorboard":
        try:
            loggers.append(TensorBoardLogger(save_dir=folder.path, name="tensorboard", version=""))
        except ModuleNotFoundError:
            raise SentcseError("logger=tensorboard needs a package: pip install 'sentcse[tensorboard]'.") from None
    # a further process of a run writes nothing
    if config.logger.kind == "wandb" and rank_zero_only.rank == 0:  # type: ignore[attr-defined]
        dashboard = start_wandb(config, folder, metrics)
        if dashboard is not None:
            loggers.append(dashboard)
    return loggers
