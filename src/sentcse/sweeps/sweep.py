"""A sweep: planned, recorded, run job by job or side by side, and told at the end."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from sentcse.command.composition import quoted
from sentcse.config.check import check_config, check_generator_config
from sentcse.config.generator_schema import RunConfig
from sentcse.config.section import expand_home
from sentcse.errors import ConfigError, SentcseError, how_to_continue
from sentcse.records.outcomes import Outcomes
from sentcse.records.run_lock import is_locked
from sentcse.records.sweep_record import Job, SweepRecord, sweep_folder, write_sweep
from sentcse.records.terminal import jobs_by_status, sweep_table
from sentcse.sweeps.beforehand import notes, refuse_changed_inputs
from sentcse.sweeps.launching import Launching, launching, refuse_ddp
from sentcse.sweeps.progress import POLL_SECONDS, Progress
from sentcse.sweeps.sweep_job import stopped_by_sigterm, tell_gpus_to_jobs
from sentcse.sweeps.sweep_plan import combinations, command_line, compose_job, plan
from sentcse.training.tensorboard import owes_tensorboard
from sentcse.training.wandb.state import owes_wandb

CHECKS: dict[str, Callable[[dict[str, Any]], RunConfig]] = {
    "train": check_config,
    "generator_train": check_generator_config,
}

STARTING_SECONDS = 60.0


class Sweep:
    """All combinations of the axes of a command line.

    Args:
        context: Hydra's loader and callbacks.
        task: what Hydra calls with each job's configuration.
        config: the composed configuration of the sweep itself.
        params: axes of the configuration files by key.
        max_batch_size: jobs that a parallel launcher gets at once; None: all.
    """

    def __init__(
        self,
        context: HydraContext,
        task: TaskFunction,
        config: DictConfig,
        *,
        params: dict[str, Any],
        max_batch_size: int | None,
    ) -> None:
        self.context, self.task, self.config = context, task, config
        self.params, self.max_batch_size = params, max_batch_size

    def run(self, arguments: Sequence[str]) -> None:
        """Run every job that is not done, and print what became of all.

        Args:
            arguments: overrides of the command line.

        Raises:
            ConfigError: if no job can run, or the sweep is refused; then nothing is written.
            SentcseError: if not all jobs are done at the end.
        """
        jobs = self._plan(arguments)
        settings: Any = OmegaConf.to_container(self.config.hydra.launcher, resolve=False)
        refuse_ddp(jobs, launching(settings, 1, None).kind)
        refuse_changed_inputs(jobs)
        record = self._record(jobs)
        runnable = [job for job in jobs if job.config is not None]
        pending = [job for job in runnable if not is_done(job) or is_wanted_again(job)]
        print(f"sweep {record.name}: {jobs_by_status(record.states())}", flush=True)
        for sentence in notes(jobs, pending):
            print(sentence, flush=True)
        for job in runnable:
            if is_done(job) and job.folder is not None and job.config is not None:
                job.folder.tidy(job.config.runs.keep)
        how = launching(settings, len(pending), self.max_batch_size)
        try:
            if pending:
                self._launch(pending, how, _progress(runnable, pending, record, len(jobs)), Outcomes(record.folder))
        finally:
            states = record.states()
            print(sweep_table(states), flush=True)
        undone = sum(state.status != "done" for state in states)
        if undone > 0:
            which = how_to_continue(any(job.config is not None and job.config.overwrite for job in jobs))
            raise SentcseError(
                f"{undone} of {len(states)} jobs are not done: {which[0].lower()}{which[1:]} tries what failed "
                "again and goes on with the rest."
            )

    def _plan(self, arguments: Sequence[str]) -> list[Job]:
        loader = self.context.config_loader
        check = CHECKS.get(self.config.hydra.job.config_name, check_config)
        chosen = combinations(arguments, self.params, loader)
        jobs = plan(
            chosen,
            lambda overrides: compose_job(overrides, loader=loader, sweep=self.config, check=check),
        )
        faults = [job.fault for job in jobs if job.fault is not None]
        if len(faults) == len(jobs):
            raise ConfigError("\n".join(dict.fromkeys(line for fault in faults for line in fault.splitlines())))
        if len(jobs) < len(chosen):
            print(f"{len(chosen) - len(jobs)} of {len(chosen)} combinations are runs that others are, too.", flush=True)
        return jobs

    def _record(self, jobs: Sequence[Job]) -> SweepRecord:
        chosen = self.config.hydra.runtime.choices.get("sweep")
        names = dict.fromkeys(job.config.display_name for job in jobs if job.config is not None)
        root = Path(expand_home(self.config.hydra.sweep.dir))
        folder = sweep_folder(root, "+".join(names) if chosen is None else chosen, jobs)
        with read_write(self.config.hydra.sweep), open_dict(self.config.hydra.sweep):
            self.config.hydra.sweep.dir = str(folder)
        return write_sweep(folder, jobs, command=command_line())

    def _launch(self, pending: Sequence[Job], how: Launching, progress: Progress, outcomes: Outcomes) -> None:
        launcher = Plugins.instance().instantiate_launcher(
            hydra_context=self.context, task_function=self.task, config=self.config
        )
        # what was begun and never ended may have taken its process down, and would again before the others' turn
        pending = sorted(pending, key=lambda job: outcomes.is_open(folder_name(job)))
        for job in pending:
            outcomes.forget(folder_name(job))
        if how.kind == "submitit_local":
            tell_gpus_to_jobs()
        self._launch_once(launcher, pending, how, progress)
        if how.kind == "joblib":
            self._launch_what_has_not_begun(launcher, pending, how, progress)
        # what another process was training may be over by now
        again = [job for job in pending if not is_done(job) and outcomes.is_busy(folder_name(job)) and not is_busy(job)]
        if again:
            self._launch_once(launcher, again, how, progress)

    def _launch_once(self, launcher: Launcher, jobs: Sequence[Job], how: Launching, progress: Progress) -> None:
        if how.kind == "basic":
            for job in jobs:
                print(
                    f"job {job.number}: {folder_name(job)} {' '.join(map('='.join, job.settings.items()))}", flush=True
                )
                launcher.launch([self._overrides(job, how)], initial_job_idx=job.number - 1)
                progress.look()
            return
        size = how.width if how.kind == "submitit_local" else self.max_batch_size
        for batch in batches(jobs, size):
            with progress.watched(), stopped_by_sigterm():
                try:
                    launcher.launch([self._overrides(job, how) for job in batch], initial_job_idx=batch[0].number - 1)
                except KeyboardInterrupt:
                    if how.kind.startswith("submitit"):
                        print("What was submitted may go on: cancel it where it runs, or let it.", file=sys.stderr)
                    raise
                except Exception as error:
                    # a worker that was killed takes the launcher with it; the table says which jobs are left
                    line = next(iter(str(error).splitlines()), "")
                    print(f"error: the launcher stopped ({type(error).__name__}: {line})", file=sys.stderr, flush=True)
                    if how.kind.startswith("submitit"):
                        self._wait_for_the_others(batch, how, progress)

    def _wait_for_the_others(self, batch: Sequence[Job], how: Launching, progress: Progress) -> None:
        """Wait until no job of a batch runs: submitit stops waiting when the first of them is killed or out of time."""
        if how.kind == "submitit_slurm":
            print("Jobs that SLURM has not begun yet go on by themselves: see squeue.", file=sys.stderr, flush=True)
        # between its beginning and its lock a job loads what it needs
        while any(progress.is_running(job, starting_seconds=STARTING_SECONDS) for job in batch):
            time.sleep(POLL_SECONDS)

    def _launch_what_has_not_begun(
        self, launcher: Launcher, pending: Sequence[Job], how: Launching, progress: Progress
    ) -> None:
        """Go on after a worker was killed; not with the jobs that were running then, one of which may be the reason."""
        rest: Sequence[Job] = pending
        while fresh := [job for job in rest if not progress.has_begun(job)]:
            if len(fresh) == len(rest):
                return
            rest = fresh
            self._launch_once(launcher, rest, how, progress)

    def _overrides(self, job: Job, how: Launching) -> list[str]:
        assert job.config is not None
        own = [f"hydra.sweep.dir={quoted(self.config.hydra.sweep.dir)}", f"hydra.job.name={quoted(folder_name(job))}"]
        return [*job.overrides, *how.overrides(job.config), *own]


def is_done(job: Job) -> bool:
    """Whether a job's run is complete."""
    return job.folder is not None and job.folder.results.is_file()


def is_wanted_again(job: Job) -> bool:
    """Whether a run that is done has something left to do: to be made again, or to be handed over to a dashboard."""
    if job.config is None or job.folder is None:
        return False
    owes = owes_wandb(job.config, job.folder) or owes_tensorboard(job.config, job.folder)
    return job.config.overwrite or owes


def is_busy(job: Job) -> bool:
    """Whether some process is training a job's run."""
    return job.run is not None and is_locked(job.run)


def folder_name(job: Job) -> str:
    """The name of a job's run folder."""
    assert job.run is not None
    return job.run.name


def batches(jobs: Sequence[Job], size: int | None) -> Iterator[Sequence[Job]]:
    """Jobs in their order, `size` at a time; None: all at once."""
    step = len(jobs) if size is None else size
    yield from (jobs[first : first + step] for first in range(0, len(jobs), step))


def _progress(runnable: Sequence[Job], pending: Sequence[Job], record: SweepRecord, total: int) -> Progress:
    waiting = {folder_name(job) for job in pending}
    before = {
        state.run.name: state.run.seconds
        for state in record.states()
        if state.run is not None and state.run.seconds is not None and state.run.name not in waiting
    }
    begun = {state.run.name for state in record.states() if state.status == "interrupted" and state.run is not None}
    return Progress(runnable, before, Outcomes(record.folder), total, continued=begun)
