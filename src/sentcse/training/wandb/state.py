"""What a run's folder remembers of its W&B run: the id, and whether the results were handed over."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sentcse.config.generator_schema import RunConfig
from sentcse.errors import SentcseError
from sentcse.machine.files import read_json, write_json
from sentcse.records.run_folder import RunFolder, fingerprint


def run_id(
    config: RunConfig, folder: RunFolder, environment: Mapping[str, str], *, sweep: str | None, offline: bool
) -> str:
    """One id for a run and its continuations, made when it is first asked for: the fingerprint and a random part.

    An id that was a function of the configuration alone would let `overwrite=true` go on in the run that it replaces,
    and W&B takes no id again whose run was deleted. A run that is continued offline after a server has seen a part of
    it gets a new one: `wandb sync` would add the file of the whole run to the rows that are there.

    Args:
        config: of the run.
        folder: of the run; it exists.
        environment: its WANDB_RUN_ID is the first id, but for the jobs of a sweep, which would all be one run.
        sweep: name of the sweep that the run is a job of, or None.
        offline: whether this process logs to a file.
    """
    made = f"{fingerprint(config)}-{secrets.token_hex(4)}"
    state = _read(folder)
    if "id" not in state:
        state = {"id": environment.get("WANDB_RUN_ID", made) if sweep is None else made}
        write_json(folder.wandb, state)
    elif offline and any(_was_uploaded(part) for part in parts(folder, environment, str(state["id"]))):
        state = {"id": made}
        write_json(folder.wandb, state)
    return str(state["id"])


def parts(folder: RunFolder, environment: Mapping[str, str], identity: str) -> list[Path]:
    """The folders that W&B made for the processes of a run, online and offline."""
    place = Path(environment.get("WANDB_DIR", folder.path)) / "wandb"
    found = [*place.glob("run-*"), *place.glob("offline-run-*")]
    return [part for part in found if part.name.endswith(f"-{identity}")]


def _was_uploaded(part: Path) -> bool:
    """An online part was; of an offline one `wandb sync` leaves .synced or .syncstate beside the file."""
    return part.name.startswith("run-") or any(part.glob("*.wandb.sync*"))


def handed_over(folder: RunFolder) -> bool:
    """Whether W&B has the results of a complete run."""
    return _read(folder).get("results") is True


def owes_wandb(config: RunConfig, folder: RunFolder) -> bool:
    """Whether a run that is done wants W&B and W&B has no results of it: trained without, or killed at its end."""
    return config.logger.kind == "wandb" and not handed_over(folder)


def known_as(folder: RunFolder) -> str:
    """The id that the run has at W&B; nothing where it was never there."""
    return str(_read(folder).get("id", ""))


def note_handed_over(folder: RunFolder) -> None:
    """Remember that W&B has them."""
    write_json(folder.wandb, {**_read(folder), "results": True})


def _read(folder: RunFolder) -> dict[str, Any]:
    try:
        return read_json(folder.wandb)
    except SentcseError:
        return {}
