"""metrics.csv always, a dashboard beside it on request. No logger may stop a run."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from pytorch_lightning.loggers import Logger, TensorBoardLogger, WandbLogger

from sentcse.config.generator_schema import RunConfig
from sentcse.errors import SentcseError
from sentcse.training.metrics_file import MetricsFile
from sentcse.training.run_folder import RunFolder

logger = logging.getLogger(__name__)

WANDB_SECONDS = 30
"""W&B waits 90 s for a server by default; a run should not."""


def build_loggers(config: RunConfig, folder: RunFolder) -> list[Logger]:
    """The file logger first, then the configured dashboard.

    Raises:
        SentcseError: if the dashboard's package is not installed.
    """
    loggers: list[Logger] = [MetricsFile(folder.metrics)]
    if config.logger.kind == "tensorboard":
        try:
            loggers.append(TensorBoardLogger(save_dir=folder.path, name="tensorboard", version=""))
        except ModuleNotFoundError:
            raise SentcseError("logger=tensorboard needs a package: pip install 'sentcse[tensorboard]'.") from None
    if config.logger.kind == "wandb":
        loggers.append(_wandb(config, folder.path))
    return loggers


def _wandb(config: RunConfig, folder: Path) -> Logger:
    import wandb

    def start(mode: str) -> Logger:
        arguments: dict[str, Any] = {
            "project": config.logger.project,
            "name": folder.name,
            # one id a run folder: a continued run goes on in the same place
            "id": folder.name.replace("+", "-")[-64:],
            "resume": "allow",
            "group": config.logger.group,
            "tags": [config.method_name, *config.logger.tags],
            "config": config.model_dump(mode="json", by_alias=True),
        }
        made = WandbLogger(
            save_dir=folder,
            offline=mode == "offline",
            settings=wandb.Settings(init_timeout=WANDB_SECONDS, silent=True),
            **arguments,
        )
        _ = made.experiment  # connects now, so that a failure is met here and not in the middle of the run
        return made

    try:
        return start(config.logger.mode)
    except (wandb.Error, OSError) as error:
        logger.warning("W&B cannot be reached (%s): logging offline; `wandb sync` uploads later.", error)
        return start("offline")


def finish_wandb(exit_code: int) -> None:
    """Close the W&B run of this process, if there is one: the next job of a sweep would go on in it."""
    import sys

    if "wandb" in sys.modules:
        import wandb

        if wandb.run is not None:
            wandb.finish(exit_code=exit_code)
