"""The run beside a new one that differs from it in least: perhaps the one that was meant to go on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from sentcse.config.generator_schema import RunConfig
from sentcse.config.section import flat
from sentcse.errors import SentcseError
from sentcse.records.layout import CONFIG_FILE
from sentcse.records.run_folder import RunFolder, effective_settings, fingerprint
from sentcse.records.run_record import RunRecord, run_at

FEW = 3
"""Settings that may differ between neighbours."""


class Neighbour(NamedTuple):
    """A run, and the values of the settings that differ: there, and of the new run."""

    run: RunRecord
    differing: dict[str, tuple[Any, Any]]


def nearest_run(config: RunConfig) -> Neighbour | None:
    """The run of the same name and seed that differs in fewest settings; the newest of several; None if none is near.

    What cannot be read, or holds settings that this version does not know, is nobody's neighbour.
    """
    own = RunFolder(config).path
    stem = own.name.removesuffix(fingerprint(config))
    found = [
        neighbour
        for folder in own.parent.glob(f"{stem}????????")
        if folder != own and (neighbour := _compared(folder, config)) is not None
    ]
    near = [
        each
        for each in found
        if 0 < len(each.differing) <= FEW and not any(key.endswith("seed") for key in each.differing)
    ]
    return min(near, key=lambda each: (len(each.differing), -_written(each.run.path)), default=None)


def note(neighbour: Neighbour) -> str:
    """The sentence for whoever starts the new run."""
    run, differing = neighbour
    values = ", ".join(f"{key} ({_shown(there)}, here {_shown(here)})" for key, (there, here) in differing.items())
    state = {"done": "complete", "failed": "failed", "interrupted": "not complete"}[run.status]
    advice = "" if run.status == "done" else "; its own settings would continue it"
    return f"This is a new run: {run.path}, which is {state}, differs from it in {values} and stays as it is{advice}."


def _compared(folder: Path, config: RunConfig) -> Neighbour | None:
    try:
        run = run_at(folder) if (folder / CONFIG_FILE).is_file() else None
        theirs = None if run is None else type(config).model_validate(run.config)
    except (SentcseError, ValidationError):
        return None
    if run is None or theirs is None:
        return None
    matter = {key for each in (theirs, config) for key in flat(effective_settings(each))}
    # what is left out there is at its default, which the whole configuration holds
    there, here = (flat(each.model_dump(mode="json", by_alias=True)) for each in (theirs, config))
    differing = {
        key: (there.get(key), here.get(key))
        for key in {**here, **there}
        if key in matter and there.get(key) != here.get(key)
    }
    return Neighbour(run, differing)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _written(folder: Path) -> float:
    return (folder / CONFIG_FILE).stat().st_mtime
