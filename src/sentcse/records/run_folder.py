"""A run's folder: where it lies is a function of its configuration, so that the same command finds it again."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import traceback
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from sentcse.config import TrainConfig
from sentcse.config.generator_schema import RunConfig
from sentcse.config.schema import Keep
from sentcse.errors import SentcseError
from sentcse.machine.files import write_json, write_text, writing
from sentcse.records import layout
from sentcse.records.checked_json import read_checked
from sentcse.records.contents import RESULTS, Failure, Results
from sentcse.records.layout import CONFIG_FILE, FAILURE_FORMAT, LOCK_FILE, RESULTS_FORMAT
from sentcse.records.run_lock import locked

WITHOUT_EFFECT: Any = {
    "name": True,
    "overwrite": True,
    "budget": True,
    "data_root": True,
    "runs": True,
    "recipe": True,
    "logger": True,
    "trainer": {
        "accelerator",
        "progress",
        "threads",
        "log_every_n_steps",
        "save_last_minutes",
        "fast_dev_run",
        "profiler",
    },
    "callbacks": {"model_summary", "running_means"},
    "data": {"num_workers", "cache_dir", "hub_file"},
    "evaluation": {"batch_size", "verify"},
}
"""Settings that do not change what a run computes, and so not its folder either."""


def has_effect(key: str) -> bool:
    """Whether a result may depend on a dotted key."""
    group, _, inner = key.partition(".")
    excluded = WITHOUT_EFFECT.get(group)
    return excluded is None or (excluded is not True and inner.partition(".")[0] not in excluded)


def fingerprint(config: RunConfig) -> str:
    """Eight hexadecimal digits of everything that a run's result depends on."""
    return hashlib.sha256(json.dumps(effective_settings(config), sort_keys=True).encode()).hexdigest()[:8]


def effective_settings(config: RunConfig) -> dict[str, Any]:
    """The settings that a run's result depends on, nested; those at their default are left out."""
    # a masked language model pools nothing
    more = {} if isinstance(config, TrainConfig) else {"encoder": {"pooler"}}
    # defaults are left out, so that a setting which a later version adds does not rename the runs of an earlier one
    values = config.model_dump(mode="json", by_alias=True, exclude={**WITHOUT_EFFECT, **more}, exclude_defaults=True)
    if isinstance(config, TrainConfig) and not config.method.reads_generator:
        values.pop("generator", None)
    if values.get("callbacks") == {}:  # what is left of one without effect
        del values["callbacks"]
    if isinstance(config, TrainConfig) and not config.evaluation.holds_out:
        values.get("evaluation", {}).pop("held_out", None)
    trainer, devices = values.get("trainer", {}), config.trainer.devices
    if config.trainer.max_steps is not None:
        trainer.pop("max_epochs", None)  # has no effect then
    if isinstance(devices, list):
        # how many there are is part of the result, which they are is not: the jobs of a sweep take the GPU that is free
        trainer.pop("devices")
        trainer |= {"devices": len(devices)} if len(devices) > 1 else {}
    return values


class RunFolder:
    """The files of one run.

    Args:
        config: decides the folder's name: `<name>_seed<seed>_<fingerprint>` under `runs.root`.
    """

    def __init__(self, config: RunConfig) -> None:
        name = f"{config.display_name}_seed{config.seed}_{fingerprint(config)}"
        self.path = Path(config.runs.root) / name
        self.checkpoints = self.path / layout.CHECKPOINTS_FOLDER
        self.best = self.checkpoints / layout.BEST_CHECKPOINT
        self.last = self.checkpoints / layout.LAST_CHECKPOINT
        self.inputs = self.path / layout.INPUTS_FILE
        self.metrics = self.path / layout.METRICS_FILE
        self.results = self.path / layout.RESULTS_FILE
        self.failure = self.path / layout.FAILURE_FILE
        self.encoder = self.path / layout.ENCODER_FOLDER
        self.model = self.path / layout.GENERATOR_FOLDER
        self.curves = self.path / layout.CURVES_FILE
        self.wandb = self.path / layout.WANDB_FILE

    def finished(self) -> Results | None:
        """The results of a complete run, or None.

        Raises:
            SentcseError: if they are damaged.
        """
        if not self.results.is_file():
            return None
        try:
            return read_checked(self.results, RESULTS, newest=RESULTS_FORMAT)
        except SentcseError as fault:
            raise SentcseError(f"{str(fault).removesuffix('.')} (overwrite=true makes the run again).") from fault

    def complete(self, results: Results) -> None:
        """Write results.json, which marks the run complete.

        Raises:
            SentcseError: if it cannot be written.
        """
        with writing(self.results, "name a folder that can be written to"):
            write_json(self.results, results, allow_nan=False)

    def tidy(self, keep: Keep) -> None:
        """Delete the checkpoints of a complete run that `keep` leaves out: nothing continues or selects any more."""
        unwanted = {"all": (), "best": (self.last,), "export": (self.last, self.best)}[keep]
        for checkpoint in unwanted:
            checkpoint.unlink(missing_ok=True)

    def clear(self) -> None:
        """Delete the run.

        Raises:
            SentcseError: if the folder holds files but no run, or another process is training in it.
        """
        if not self.path.exists():
            return
        ours = (f".{CONFIG_FILE}.", LOCK_FILE)  # what a kill may leave before there is a configuration
        found = [path for path in self.path.iterdir() if not path.name.startswith(ours)]
        if found and not (self.path / CONFIG_FILE).is_file():
            raise SentcseError(
                f"{self.path} is not a run's folder (no config.yaml inside): it is not deleted; move it away."
            )
        with self._writing():
            delete_run(self.path)

    def create(self, config: RunConfig) -> None:
        """Make the folder and write the resolved configuration.

        Raises:
            SentcseError: if the folder cannot be written.
        """
        with self._writing():
            self.path.mkdir(parents=True, exist_ok=True)
            values = OmegaConf.create(config.model_dump(mode="json", by_alias=True))
            # first of all: a folder without it is nobody's, and overwrite=true would not delete it
            write_text(self.path / CONFIG_FILE, OmegaConf.to_yaml(values))
            self.checkpoints.mkdir(exist_ok=True)
            # of killed processes: nobody else writes here while the lock is held
            for partial in (*self.path.glob(".*.partial"), *self.checkpoints.glob(".*.partial")):
                if partial.is_file():
                    partial.unlink()

    def record_failure(self, error: Exception) -> None:
        """Write why the run failed; nothing where there is no folder, or another process holds it."""
        if not (self.path / CONFIG_FILE).is_file() or self.results.is_file():
            return
        with suppress(OSError, SentcseError), self.locked():
            write_json(self.failure, failure_content(error))

    def locked(self) -> AbstractContextManager[None]:
        """Hold the folder, as `locked`; it is made where it is not there.

        Raises:
            SentcseError: if it cannot be made.
        """
        with self._writing():
            self.path.mkdir(parents=True, exist_ok=True)
        return locked(self.path)

    def _writing(self) -> AbstractContextManager[None]:
        return writing(self.path, "set runs.root to a folder that can be written to")


def delete_run(path: Path) -> None:
    """Delete a run's folder, unless a process is training in it.

    Raises:
        BusyError: if one is.
        OSError: if a file cannot be deleted.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.deleted")
    with locked(path):
        path.rename(aside)
    # with no file of it open: a network file system would keep that one
    shutil.rmtree(aside)


def failure_content(error: Exception) -> Failure:
    """What failure.json holds: the sentence, the exception's class, and where it was raised."""
    kind, lines = type(error).__name__, [line for line in str(error).splitlines() if line.strip()]
    reason = " ".join(lines) if isinstance(error, SentcseError) else ": ".join([kind, *lines[:1]])
    return {
        "format": FAILURE_FORMAT,
        "reason": reason,
        "kind": kind,
        "traceback": "".join(traceback.format_exception(error)),
    }
