"""The frame of a run, whatever it trains: overwrite, report what is finished, lock, train, conclude, report."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TypeVar

import torch
from pytorch_lightning.utilities import rank_zero_only

from sentcse.config.generator_schema import RunConfig
from sentcse.records.layout import Results
from sentcse.records.run_folder import RunFolder
from sentcse.training.fitting import TERMINATED, quiet_lightning
from sentcse.training.wandb.results import log_finished_run, log_results
from sentcse.training.wandb.run import finish_wandb

logger = logging.getLogger(__name__)

R = TypeVar("R")

FAILED = 1
STOPPED_BY_CTRL_C = 255
"""What W&B itself notes of a script that Ctrl-C ends."""


def carry_out(
    config: RunConfig,
    *,
    prepare: Callable[[RunFolder], R],
    fit: Callable[[R], None],
    conclude: Callable[[R], Results],
    report: Callable[[Results, RunFolder], None],
    notes: Iterable[str] = (),
) -> Results:
    """Train, or continue, or report a finished run; returns the content of results.json.

    Args:
        config: names the run's folder.
        prepare: loads everything that the run needs and writes nothing but caches, so that a run that cannot start
            leaves no folder.
        fit: trains.
        conclude: scores, exports, and writes results.json last.
        report: prints results.
        notes: what the user should know of the configuration, a sentence each.

    Raises:
        SentcseError: for anything that the user can mend; what was written stays, and the same command continues.
    """
    folder = RunFolder(config)
    if rank_zero_only.rank > 0:  # type: ignore[attr-defined]
        return _train_along(config, folder, prepare, fit)
    finished = None if config.overwrite else folder.finished()
    if finished is not None:
        return _pass_over(config, finished, folder, report)
    _prepare_process(config)
    for sentence in notes:
        logger.warning("note: %s", sentence)
    try:
        run = prepare(folder)
        if config.overwrite:  # not before it is known that there will be another
            folder.clear()
        with folder.locked():
            # another process may have trained it while this one was loading
            finished = folder.finished()
            results = _make(config, folder, run, fit, conclude) if finished is None else finished
    except Exception as error:
        folder.record_failure(error)
        raise
    if finished is not None:  # W&B gets it under the lock, which a process cannot take twice
        return _pass_over(config, finished, folder, report)
    report(results, folder)
    return results


def _make(
    config: RunConfig,
    folder: RunFolder,
    run: R,
    fit: Callable[[R], None],
    conclude: Callable[[R], Results],
) -> Results:
    """Train and conclude in a folder that this process holds; W&B is told how it ended."""
    folder.create(config)
    folder.failure.unlink(missing_ok=True)
    exit_code = FAILED
    try:
        fit(run)
        results = conclude(run)
        folder.tidy(config.runs.keep)
        log_results(config, results, folder)
        exit_code = 0
    except (KeyboardInterrupt, SystemExit) as stopped:
        exit_code = STOPPED_BY_CTRL_C if isinstance(stopped, KeyboardInterrupt) else TERMINATED
        raise
    finally:
        finish_wandb(exit_code)
    return results


def _pass_over(
    config: RunConfig,
    finished: Results,
    folder: RunFolder,
    report: Callable[[Results, RunFolder], None],
) -> Results:
    """Leave a complete run as it is, but for what its weights take of the disk."""
    logger.info("This run is complete: %s (overwrite=true makes it again)", folder.path)
    log_finished_run(config, finished, folder)
    folder.tidy(config.runs.keep)
    report(finished, folder)
    return finished


def _train_along(
    config: RunConfig, folder: RunFolder, prepare: Callable[[RunFolder], R], fit: Callable[[R], None]
) -> Results:
    """What a process does that drives a further device of a run: it writes nothing, and the first one speaks for it."""
    if folder.finished() is not None and not config.overwrite:
        return {}  # of a sweep, whose first process has passed this run over as well
    _prepare_process(config)
    logging.getLogger("sentcse").setLevel(logging.ERROR)
    fit(prepare(folder))
    return {}


def _prepare_process(config: RunConfig) -> None:
    quiet_lightning()
    if config.trainer.threads is not None:
        torch.set_num_threads(config.trainer.threads)
