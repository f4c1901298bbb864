"""The W&B run of a run's folder: a picture of its metrics.csv, however often the run was stopped and continued."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytorch_lightning.loggers.logger import Logger
from pytorch_lightning.utilities import rank_zero_only

from sentcse.config.generator_schema import RunConfig
from sentcse.records.metrics_file import read_rows
from sentcse.records.run_folder import RunFolder
from sentcse.training.wandb.identity import OFFLINE, filing, mode_of
from sentcse.training.wandb.state import run_id

if TYPE_CHECKING:
    import wandb

logger = logging.getLogger(__name__)

PATIENCE: dict[str, Any] = {
    "silent": True,
    # W&B waits 90 s for a server, and without end for uploads: a run should not, and `wandb sync` makes up for it
    "init_timeout": 30,
    "finish_timeout": 60,
    # the file of a run that is killed would otherwise lack the last 15 s, or be so short that nothing reads it
    "x_transaction_log_flush_interval": 1,
}
"""Settings of W&B; a variable of the environment, such as WANDB_INIT_TIMEOUT, comes first."""

SUPERSEDED = "superseded"
STEP = "step"


class WandbRun(Logger):
    """Gives every row of metrics.csv to W&B once, at its optimiser step.

    A W&B run is a row a step, and never goes back. So a continued run first hands over the rows that metrics.csv has
    kept from before: to the new file of an offline run all of them, so that this file alone is the whole run; to the
    server those that it lacks. Rows of steps that the server has are left out: a continued run makes them again with
    the same values.

    Args:
        run: what `wandb.init` returned.
        metrics: the metrics.csv that this run follows.
    """

    def __init__(self, run: wandb.Run, metrics: Path) -> None:
        super().__init__()
        self.run = run
        self.metrics = metrics
        self.first_step = int(run.step)

    @property
    def name(self) -> str:
        """What Lightning asks every logger for."""
        return "wandb"

    @property
    def version(self) -> str:
        """What Lightning asks every logger for."""
        return str(self.run.id)

    @rank_zero_only
    def log_hyperparams(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: the configuration was given at the start."""

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Log a row; a fault of W&B is told and stops no run.

        Scores of the test tasks are no curve: they stand in the summary when the run is complete.
        """
        row = {name: value for name, value in metrics.items() if name != "epoch" and not name.startswith("test/")}
        if step is None or step < self.first_step or not row:
            return
        try:
            self.run.log({**row, STEP: step}, step=step)
        except Exception as error:  # of wandb, whose kinds nobody lists
            logger.warning("W&B lost the row of step %d (%s); metrics.csv has it.", step, error)

    @rank_zero_only
    def forget_after(self, step: int) -> None:
        """Take over the rows that metrics.csv has kept up to `step`, where the run continues."""
        for row_step, row in read_rows(self.metrics):
            if row_step <= step:
                self.log_metrics(row, row_step)
        put_aside_earlier_parts(self.run)


def start_wandb(config: RunConfig, folder: RunFolder) -> WandbRun | None:
    """Open the W&B run of a folder: as configured, else offline, else not at all. No dashboard may stop a run."""
    mode = mode_of(config, os.environ)
    try:
        return _start(config, folder, mode)
    except Exception as error:  # of wandb, whose kinds nobody lists
        if mode in OFFLINE:
            logger.warning("W&B cannot be used (%s): the run goes on with metrics.csv alone.", error)
            return None
        logger.warning("W&B cannot be reached (%s): logging offline; `wandb sync` uploads later.", error)
    try:
        return _start(config, folder, "offline")
    except Exception as error:
        logger.warning("W&B cannot be used offline either (%s): the run goes on with metrics.csv alone.", error)
        return None


def _start(config: RunConfig, folder: RunFolder, mode: str) -> WandbRun:
    import wandb

    sweep = sweep_name()
    patience = {key: value for key, value in PATIENCE.items() if f"WANDB_{key.upper()}" not in os.environ}
    run = wandb.init(
        **filing(config, os.environ, sweep=sweep),
        id=run_id(config, folder, os.environ, sweep=sweep, offline=mode in OFFLINE),
        mode=mode,  # type: ignore[arg-type]
        dir=None if "WANDB_DIR" in os.environ else folder.path,
        # an offline file is the whole run and no addition to another one; a server goes on from what it has
        resume=None if mode in OFFLINE else "allow",
        # a run that something else left open in this process is none of ours
        reinit="finish_previous",
        settings=wandb.Settings(**patience),
    )
    run.define_metric(STEP, hidden=True)
    for part in ("train/*", "val/*"):
        run.define_metric(part, step_metric=STEP)
    return WandbRun(run, folder.metrics)


def put_aside_earlier_parts(run: wandb.Run) -> None:
    """Move the offline files of a run's earlier processes out of the sight of `wandb sync`; they are kept.

    The newest one repeats all of their rows. One that a kill cut off too early to be read would besides keep
    `wandb sync` from uploading any other run named with it (seen with wandb 0.31.0).
    """
    here = Path(run.settings.sync_dir)
    if not here.is_dir():  # mode=disabled writes nothing
        return
    for earlier in sorted(here.parent.iterdir()):
        mine = earlier.name.startswith("offline-run-") and earlier.name.endswith(f"-{run.id}")
        if mine and earlier.name != here.name:
            aside = here.parent / SUPERSEDED
            aside.mkdir(exist_ok=True)
            earlier.rename(aside / earlier.name)


def sweep_name() -> str | None:
    """The name of the sweep whose job this process runs: the last part of Hydra's sweep folder; None outside of one."""
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    if not HydraConfig.initialized() or HydraConfig.get().mode != RunMode.MULTIRUN:
        return None
    return Path(HydraConfig.get().sweep.dir).name


def finish_wandb(exit_code: int) -> bool:
    """Close the W&B run of this process, if there is one: the next job of a sweep would go on in it.

    Args:
        exit_code: 0 for a complete run; anything else marks it as failed.

    Returns:
        Whether no run is left open.
    """
    if "wandb" not in sys.modules:
        return True
    import wandb

    try:
        if wandb.run is not None:
            wandb.finish(exit_code=exit_code)
    except Exception as error:  # of wandb, whose kinds nobody lists
        logger.warning("W&B did not close its run (%s); `wandb sync` uploads what is missing.", error)
        return False
    return True
