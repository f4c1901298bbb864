"""What a sweep says before its first job: what has changed, what cannot run and why, how much disk it will take."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sentcse.config import TrainConfig
from sentcse.config.generator_schema import RunConfig
from sentcse.errors import SentcseError
from sentcse.machine.files import read_json
from sentcse.machine.hub import cached_model
from sentcse.printing.wording import count
from sentcse.records.failures import jobs_by_reason
from sentcse.records.sweep_record import Job, RecordedJob
from sentcse.storage.backbones import encoder_folder, masked_language_model_folder
from sentcse.training.inputs import check_inputs
from sentcse.training.preflight import fetch_sources

UNEQUAL = (
    "The sizes train unequally long, as trainer.max_epochs is the same for all: budget=steps or trainer.max_steps=N "
    "ends every run at the same step, budget=epochs takes the published epochs of each size."
)
HALF = ("float16", "bfloat16")
WEIGHTS = ("*.safetensors", "*.bin")
KEPT = {"all": 4, "best": 1, "export": 0}
"""How often the trained weights lie in what a complete run keeps beside its export.

best.ckpt holds them once, last.ckpt with the two moments of AdamW.
"""
AT_MOST = 7
"""How often they lie there while a run trains: last.ckpt twice, until the new one is whole."""


def refuse_changed_inputs(jobs: Sequence[Job]) -> None:
    """Stop before any job is begun where a run was made, or begun, from something else than is there now.

    Raises:
        SentcseError: naming each input that has changed.
    """
    faults: list[str] = []
    for job in jobs:
        begun = job.folder is not None and job.folder.inputs.is_file()
        if begun and job.config is not None and job.folder is not None and not job.config.overwrite:
            try:
                check_inputs(job.config, job.folder)
            except SentcseError as fault:
                faults += str(fault).splitlines()
    if faults:
        raise SentcseError("\n".join(dict.fromkeys(faults)))


def notes(jobs: Sequence[Job], pending: Sequence[Job]) -> Iterator[str]:
    """What to know before the first job begins, a line each.

    Args:
        jobs: all of the sweep.
        pending: those that are to be run; what they need and is not here is fetched.
    """
    yield from _what_cannot_run(jobs, pending)
    if _trains_unequally_long(jobs):
        yield UNEQUAL
    yield from disk(pending)


def _what_cannot_run(jobs: Sequence[Job], pending: Sequence[Job]) -> Iterator[str]:
    known: dict[str, str | None] = {}
    found = [(job, job.fault) for job in jobs if job.config is None]
    for job in pending:
        if job.config is None:
            continue
        # many jobs share a corpus and models
        needs = json.dumps(
            job.config.model_dump(mode="json", include={"data_root", "data", "encoder", "generator", "evaluation"}),
        )
        if needs not in known:
            known[needs] = _fault(job.config)
        if known[needs] is not None:
            found.append((job, known[needs]))
    yield from jobs_by_reason(
        [
            (RecordedJob(job.number, job.settings, job.run, None), " ".join(str(why).splitlines()))
            for job, why in sorted(found, key=lambda each: each[0].number)
        ],
        "cannot run",
    )


def _fault(config: RunConfig) -> str | None:
    try:
        fetch_sources(config)
    except SentcseError as fault:
        return str(fault)
    return None


def _trains_unequally_long(jobs: Sequence[Job]) -> bool:
    """Whether sizes share a number of epochs that nobody has named a budget."""
    configs = [job.config for job in jobs if isinstance(job.config, TrainConfig)]
    unnamed = [config for config in configs if config.budget is None and config.trainer.max_steps is None]
    sizes = {(config.data.low_shot.size, config.data.low_shot.percent) for config in unnamed}
    return len(sizes) > 1 and len({config.trainer.max_epochs for config in unnamed}) == 1


def disk(pending: Sequence[Job]) -> Iterator[str]:
    """What the runs that are not begun will keep, and what is free; nothing where no model is here to be measured."""
    new = [job.config for job in pending if job.config is not None and job.run is not None and not job.run.exists()]
    known = [(config, weights) for config in new if (weights := learned_bytes(config)) is not None]
    if len(known) == 0:
        return
    needed, root = sum(bytes_of_run(config, weights) for config, weights in known), Path(new[0].runs.root)
    more = max((AT_MOST - KEPT[config.runs.keep]) * weights for config, weights in known)
    free = shutil.disk_usage(
        next(place for place in (root.absolute(), *root.absolute().parents) if place.exists())
    ).free
    keep = ", ".join(dict.fromkeys(config.runs.keep for config in new))
    said = (
        f"Disk: about {in_bytes(needed)} for {count(len(known), 'new run')} (runs.keep={keep}), and {in_bytes(more)} "
        f"while one is trained; {in_bytes(free)} are free in {root}"
    )
    yield f"{said}: set runs.keep=best or export, or runs.root to another disk." if needed + more > free else f"{said}."


def bytes_of_run(config: RunConfig, learned: int) -> int:
    """About how many bytes a complete run keeps, of which `learned` are trained: their copies, and the export."""
    return learned // _models_that_learn(config) + KEPT[config.runs.keep] * learned


def learned_bytes(config: RunConfig) -> int | None:
    """The bytes of all weights that a run trains, but for heads; None where the model is not on this machine."""
    find = encoder_folder if isinstance(config, TrainConfig) else masked_language_model_folder
    name = find(config.encoder.name_or_path)
    folder = Path(name).expanduser()
    cached = None if folder.is_dir() else cached_model(name, config.encoder.revision)
    folder = folder if cached is None else cached
    weights = next((size for kind in WEIGHTS if (size := sum(file.stat().st_size for file in folder.glob(kind)))), 0)
    if weights == 0:
        return None
    # what is stored in half precision is trained, and kept, in float32
    weights *= 2 if _stored_type(folder) in HALF else 1
    return weights * _models_that_learn(config)


def _models_that_learn(config: RunConfig) -> int:
    """Beside the encoder of DiffCSE, the discriminator, which begins as a copy of it."""
    return 2 if isinstance(config, TrainConfig) and config.method.reads_generator else 1


def _stored_type(folder: Path) -> Any:
    try:
        found = read_json(folder / "config.json")
    except SentcseError:
        return None
    return found.get("dtype", found.get("torch_dtype"))


def in_bytes(size: int) -> str:
    """`27 GB`, in the unit that fits, with two digits at least."""
    for unit, name in ((10**12, "TB"), (10**9, "GB"), (10**6, "MB")):
        if size >= unit:
            return f"{size / unit:.{1 if size < 10 * unit else 0}f} {name}"
    return f"{size / 1000:.0f} kB"
