"""A run's folder: where it lies is a function of its configuration, so that the same command finds it again."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from sentcse.config import TrainConfig
from sentcse.config.generator_schema import RunConfig
from sentcse.errors import SentcseError
from sentcse.loading import RUN_GENERATOR, read_json

WITHOUT_EFFECT: Any = {
    "name": True,
    "overwrite": True,
    "data_root": True,
    "runs": True,
    "recipe": True,
    "logger": True,
    "trainer": {"accelerator", "progress", "threads", "log_every_n_steps"},
    "data": {"num_workers", "cache_dir", "hub_file"},
    "evaluation": {"batch_size"},
}
"""Settings that do not change what a run computes, and so not its folder either."""


def fingerprint(config: RunConfig) -> str:
    """Eight hexadecimal digits of everything that a run's result depends on."""
    # a masked language model pools nothing
    more = {} if isinstance(config, TrainConfig) else {"encoder": {"pooler"}}
    # defaults are left out, so that a setting which a later version adds does not rename the runs of an earlier one
    values = config.model_dump(mode="json", by_alias=True, exclude={**WITHOUT_EFFECT, **more}, exclude_defaults=True)
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:8]


class RunFolder:
    """The files of one run.

    Args:
        config: decides the folder's name: `<name>_seed<seed>_<fingerprint>` under `runs.root`.
    """

    def __init__(self, config: RunConfig) -> None:
        name = f"{config.display_name}_seed{config.seed}_{fingerprint(config)}"
        self.path = Path(config.runs.root).expanduser() / name
        self.checkpoints = self.path / "checkpoints"
        self.best = self.checkpoints / "best.ckpt"
        self.last = self.checkpoints / "last.ckpt"
        self.metrics = self.path / "metrics.csv"
        self.results = self.path / "results.json"
        self.encoder = self.path / "encoder"
        self.model = self.path / RUN_GENERATOR
        self.curves = self.path / "curves.png"

    def finished(self) -> dict[str, Any] | None:
        """The results of a complete run, or None."""
        return read_json(self.results) if self.results.is_file() else None

    def clear(self) -> None:
        """Delete the run.

        Raises:
            SentcseError: if the folder holds files but no run, or another process is training in it.
        """
        if not self.path.exists():
            return
        if any(self.path.iterdir()) and not (self.path / "config.yaml").is_file():
            raise SentcseError(
                f"{self.path} is not a run's folder (no config.yaml inside): it is not deleted; move it away."
            )
        with self.locked():
            shutil.rmtree(self.path)

    def create(self, config: RunConfig) -> None:
        """Make the folder and write the resolved configuration.

        Raises:
            SentcseError: if the folder cannot be written.
        """
        try:
            self.checkpoints.mkdir(parents=True, exist_ok=True)
            values = OmegaConf.create(config.model_dump(mode="json", by_alias=True))
            write_atomically(self.path / "config.yaml", OmegaConf.to_yaml(values))
        except OSError as error:
            raise SentcseError(
                f"{self.path} cannot be written ({error.strerror}): set runs.root to a folder that can."
            ) from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder: a second process on one run would spoil both.

        Raises:
            SentcseError: if another process holds it.
        """
        try:
            import fcntl
        except ImportError:  # Windows: no lock, as before
            yield
            return
        with (self.path / "run.lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise SentcseError(
                    f"Another process is training in {self.path}: wait for it, or change a setting such as seed."
                ) from None
            yield  # the lock goes with the process, also when it is killed


def write_atomically(path: Path, text: str) -> None:
    """Write a whole file or nothing."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)
