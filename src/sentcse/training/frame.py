"""The frame of a run, whatever it trains: overwrite, report what is finished, lock, train, conclude, report."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Generic, TypeVar, cast

import torch
from pytorch_lightning.utilities import rank_zero_only

from sentcse.config.generator_schema import RunConfig
from sentcse.errors import SentcseError
from sentcse.machine.allocator import give_freed_memory_back
from sentcse.machine.files import disk_fault
from sentcse.records.contents import Results
from sentcse.records.neighbours import nearest_run, note
from sentcse.records.run_folder import RunFolder
from sentcse.training.fitting import CPU, TERMINATED, quiet_lightning
from sentcse.training.inputs import Inputs, check_inputs, write_inputs
from sentcse.training.meters import Throughput
from sentcse.training.tensorboard import show_finished_run
from sentcse.training.trial import trial_of
from sentcse.training.wandb.results import log_finished_run, log_results
from sentcse.training.wandb.run import finish_wandb, sweep_name

logger = logging.getLogger(__name__)

Config = TypeVar("Config", bound=RunConfig)

FAILED = 1
STOPPED_BY_CTRL_C = 255
"""What W&B itself notes of a script that Ctrl-C ends."""


class Run(ABC, Generic[Config]):
    """One run. A subclass says what is loaded, trained, scored and printed; what is the same for all is here.

    Args:
        config: names the run's folder.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self.folder = RunFolder(config)
        self.throughput = Throughput()
        self.device = CPU
        """Where it was trained, and is scored at the end: Lightning moves a model back to the CPU after training."""

    @abstractmethod
    def prepare(self) -> None:
        """Load everything that the run needs; writes nothing but caches: a run that cannot start leaves no folder."""

    @abstractmethod
    def fit(self) -> None:
        """Train from the start or from the last checkpoint."""

    @abstractmethod
    def conclude(self) -> Results:
        """Score and export what was selected, write results.json last: it marks a complete run."""

    @abstractmethod
    def report(self, results: Results) -> None:
        """Print what the run gave."""

    def notes(self) -> Iterable[str]:
        """What the user should know of the configuration, a sentence each."""
        return ()

    def carry_out(self) -> Results:
        """Train, or continue, or report a finished run; returns the content of results.json.

        Raises:
            SentcseError: for anything that the user can mend; what was written stays, and the same command continues.
        """
        if self.config.trainer.fast_dev_run:
            return self._try_out()
        if rank_zero_only.rank > 0:  # type: ignore[attr-defined]
            self._train_along()
            return cast(Results, {})  # for nobody: the first process writes and reports
        if self.folder.inputs.is_file() and not self.config.overwrite:
            check_inputs(self.config, self.folder)
        finished = None if self.config.overwrite else self.folder.finished()
        if finished is not None:
            return self._pass_over(finished)
        self._prepare_process()
        for sentence in (*self.notes(), *self._neighbour()):
            logger.warning("note: %s", sentence)
        try:
            self.prepare()
            if self.config.overwrite:  # not before it is known that there will be another
                self.folder.clear()
            inputs = check_inputs(self.config, self.folder)
            with self.folder.locked():
                # another process may have trained it while this one was loading
                finished = self.folder.finished()
                results = self._make(inputs) if finished is None else finished
        except Exception as error:
            self.folder.record_failure(error)
            if isinstance(error, SentcseError) or (reason := self._not_written(error)) is None:
                raise
            raise SentcseError(
                f"{self.folder.path} or a temporary file cannot be written ({reason}): make room, or mend the disk; "
                "the same command continues."
            ) from error
        if finished is not None:  # W&B gets it under the lock, which a process cannot take twice
            return self._pass_over(finished)
        self.report(results)
        return results

    def _not_written(self, error: Exception) -> str | None:
        """Why a file could not be written, where it is the disk or somebody who has deleted the folder meanwhile."""
        if isinstance(error, FileNotFoundError) and str(error.filename).startswith(str(self.folder.path)):
            return f"{error.filename} or its folder was deleted meanwhile"
        return disk_fault(error)

    def _try_out(self) -> Results:
        with TemporaryDirectory(prefix="sentcse-") as folder:
            results = type(self)(trial_of(self.config, Path(folder))).carry_out()
        logger.info("fast_dev_run: everything ran, and its folder is deleted; without the setting the run is made.")
        return results

    def _make(self, inputs: Inputs) -> Results:
        """Train and conclude in a folder that this process holds; W&B is told how it ended."""
        self.folder.create(self.config)
        write_inputs(inputs, self.folder)
        self.folder.failure.unlink(missing_ok=True)
        exit_code = FAILED
        try:
            self.fit()
            results = self.conclude()
            self.folder.tidy(self.config.runs.keep)
            log_results(self.config, results, self.folder)
            exit_code = 0
        except (KeyboardInterrupt, SystemExit) as stopped:
            exit_code = STOPPED_BY_CTRL_C if isinstance(stopped, KeyboardInterrupt) else TERMINATED
            raise
        finally:
            finish_wandb(exit_code)
        return results

    def _pass_over(self, finished: Results) -> Results:
        """Leave a complete run as it is, but for what its weights take of the disk."""
        logger.info("This run is complete: %s (overwrite=true makes it again)", self.folder.path)
        log_finished_run(self.config, finished, self.folder)
        show_finished_run(self.config, self.folder)
        self.folder.tidy(self.config.runs.keep)
        self.report(finished)
        return finished

    def _neighbour(self) -> Iterable[str]:
        """Of a run that is begun: which other was perhaps meant; the jobs of a sweep differ on purpose."""
        if self.folder.path.exists() or sweep_name() is not None:
            return
        neighbour = nearest_run(self.config)
        if neighbour is not None:
            yield note(neighbour)

    def _train_along(self) -> None:
        """What a process does that drives a further device: it writes nothing, and the first one speaks for it."""
        if self.folder.finished() is not None and not self.config.overwrite:
            return  # of a sweep, whose first process has passed this run over as well
        self._prepare_process()
        logging.getLogger("sentcse").setLevel(logging.ERROR)
        self.prepare()
        self.fit()

    def _prepare_process(self) -> None:
        quiet_lightning()
        if self.config.data.chunk is not None:
            give_freed_memory_back()
        if self.config.trainer.threads is not None:
            torch.set_num_threads(self.config.trainer.threads)
