"""How the chosen launcher runs jobs: how many side by side, with how many threads each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sentcse.config.generator_schema import RunConfig
from sentcse.config.schema import Trainer
from sentcse.errors import ConfigError
from sentcse.records.sweep_record import Job

Kind = Literal["basic", "joblib", "submitit_local", "submitit_slurm", "other"]
MODULES: dict[str, Kind] = {
    "basic_launcher.BasicLauncher": "basic",
    "joblib_launcher.JoblibLauncher": "joblib",
    "submitit_launcher.LocalLauncher": "submitit_local",
    "submitit_launcher.SlurmLauncher": "submitit_slurm",
}


@dataclass(frozen=True)
class Launching:
    """What a launcher does.

    Attributes:
        kind: which launcher.
        width: jobs side by side on this machine; 1 where it is not ours to say.
        cores: of this machine, which those jobs share.
    """

    kind: Kind
    width: int
    cores: int

    @property
    def shares_this_machine(self) -> bool:
        """Whether several jobs run on this machine at once."""
        return self.kind in ("joblib", "submitit_local") and self.width > 1

    def overrides(self, config: RunConfig) -> list[str]:
        """What a job gets beside its settings: its part of the cores, and no bar where several would draw over another.

        None of it changes a result.
        """
        words = []
        if self.shares_this_machine and config.trainer.threads is None:
            words.append(f"++trainer.threads={max(1, self.cores // self.width)}")
        if self.kind != "basic" and config.trainer.progress:
            words.append("++trainer.progress=false")
        return words


def kind_of(target: str) -> Kind:
    """The launcher that a `_target_` names."""
    return MODULES.get(".".join(target.split(".")[-2:]), "other")


def launching(settings: dict[str, Any], jobs: int, max_batch_size: int | None) -> Launching:
    """What the launcher of these settings (hydra.launcher) does with so many jobs.

    Args:
        settings: with `_target_`, and `n_jobs` of joblib.
        jobs: how many there are to run.
        max_batch_size: jobs that it gets at once; None: all.
    """
    kind, cores = kind_of(str(settings["_target_"])), 1
    width = jobs if max_batch_size is None else min(jobs, max_batch_size)
    if kind in ("joblib", "submitit_local"):
        from joblib import cpu_count, effective_n_jobs

        cores = cpu_count()
        # submitit starts all that it gets at once
        wanted = effective_n_jobs(settings["n_jobs"]) if kind == "joblib" else cores
        return Launching(kind, max(1, min(width, wanted)), cores)
    return Launching(kind, 1, cores)


def refuse_ddp(jobs: Sequence[Job], kind: Kind) -> None:
    """Refuse runs of several processes, but on SLURM, which starts those itself.

    Raises:
        ConfigError: if a job asks for several devices.
    """
    if kind == "submitit_slurm":
        return
    for job in jobs:
        if job.config is not None and may_take_several(job.config.trainer):
            trainer = job.config.trainer
            asked = f"trainer.devices={trainer.devices}" + (
                f" and trainer.num_nodes={trainer.num_nodes}" if trainer.num_nodes > 1 else ""
            )
            raise ConfigError(
                f"{asked} in a sweep would have every further process of a run start the sweep again: use "
                "hydra/launcher=submitit_slurm, by which submitit starts a process a device, or trainer.devices=1, by "
                "which each job has a GPU of its own."
            )


def may_take_several(trainer: Trainer) -> bool:
    """Whether a run may have more than one process."""
    if trainer.num_nodes > 1 or trainer.devices == "auto":
        return trainer.num_nodes > 1 or trainer.accelerator != "cpu"
    return (len(trainer.devices) if isinstance(trainer.devices, list) else int(trainer.devices)) > 1
