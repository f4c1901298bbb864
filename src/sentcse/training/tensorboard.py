"""TensorBoard's files of a run: beside metrics.csv while it trains, and made of that where it trained without them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sentcse.config.generator_schema import RunConfig
from sentcse.errors import SentcseError
from sentcse.records.metrics_file import read_rows
from sentcse.records.run_folder import RunFolder

if TYPE_CHECKING:
    from pytorch_lightning.loggers import TensorBoardLogger

logger = logging.getLogger(__name__)

FOLDER = "tensorboard"


def start_tensorboard(folder: RunFolder) -> TensorBoardLogger:
    """A logger that writes into the run's folder.

    Raises:
        SentcseError: if TensorBoard is not installed.
    """
    from pytorch_lightning.loggers import TensorBoardLogger

    try:
        return TensorBoardLogger(save_dir=folder.path, name=FOLDER, version="")
    except ModuleNotFoundError:
        raise SentcseError("logger=tensorboard needs a package: pip install 'sentcse[tensorboard]'.") from None


def owes_tensorboard(config: RunConfig, folder: RunFolder) -> bool:
    """Whether a run that is done wants TensorBoard and has trained without it."""
    return config.logger.kind == "tensorboard" and not (folder.path / FOLDER).is_dir()


def show_finished_run(config: RunConfig, folder: RunFolder) -> None:
    """Say where TensorBoard finds a complete run; one that trained without it gets the rows of metrics.csv.

    Raises:
        SentcseError: if TensorBoard is not installed, or another process holds the folder.
    """
    if config.logger.kind != "tensorboard":
        return
    if owes_tensorboard(config, folder):
        with folder.locked():
            made = start_tensorboard(folder)
            for step, row in read_rows(folder.metrics):
                made.log_metrics(row, step)
            made.finalize("success")
    logger.info("TensorBoard has it: tensorboard --logdir %s", folder.path / FOLDER)
