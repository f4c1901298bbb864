"""What a run was made from, by content: a corpus, a pairs file or a model that was replaced under its name is noticed.

Imports nothing heavy: a complete run is checked without loading anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sentcse.config import TrainConfig
from sentcse.config.generator_schema import RunConfig
from sentcse.data.configured import configured_source
from sentcse.data.hashing import sha256_of, sha256_of_file
from sentcse.data.text_file import TextFile
from sentcse.errors import SentcseError
from sentcse.machine.files import read_json, write_json
from sentcse.machine.hub import cached_model
from sentcse.records.run_folder import RunFolder
from sentcse.storage.backbones import encoder_folder, masked_language_model_folder

OF_A_MODEL = (".json", ".safetensors", ".bin", ".txt", ".model")
"""Ends of the files of a model's folder that are read: a card or a picture beside them changes nothing."""

_ADVICE = "delete it, or start the run again with overwrite=true."

Inputs = dict[str, dict[str, Any]]
"""By the setting that names it: `place`, `sha256`, and `stamps`, the size and the times of each file.

Of a model of the hub `sha256` is the commit, and there are no stamps.
"""


def check_inputs(config: RunConfig, folder: RunFolder) -> Inputs:
    """The inputs as they are now, none of which has changed since the run was begun.

    A file whose size and times are those of the record is not read again. A run of an older version has no record.

    Raises:
        SentcseError: naming each input that has changed.
    """
    before = read_inputs(folder)
    now = {key: _described(place, before.get(key, {})) for key, place in _places(config) if place.exists()}
    now |= {key: found for key, name, revision in _models(config) if (found := _of_the_hub(name, revision)) is not None}
    changed = [key for key, found in now.items() if before.get(key, found)["sha256"] != found["sha256"]]
    if changed:
        raise SentcseError("\n".join(_sentence(key, before[key], now[key], folder) for key in changed))
    return now


def read_inputs(folder: RunFolder) -> Inputs:
    """The inputs that a run was begun with; empty where there is no record of them.

    Raises:
        SentcseError: if the record is damaged.
    """
    if not folder.inputs.is_file():
        return {}
    try:
        found = read_json(folder.inputs)
    except SentcseError as fault:
        raise SentcseError(f"{str(fault).rstrip('.')}: {_ADVICE}") from fault
    if not all(isinstance(each, dict) and isinstance(each.get("sha256"), str) for each in found.values()):
        raise SentcseError(f"{folder.inputs} is damaged: {_ADVICE}")
    return found


def write_inputs(inputs: Inputs, folder: RunFolder) -> None:
    """Note what a run is made from, unless it has been noted."""
    if not folder.inputs.is_file():
        write_json(folder.inputs, inputs)


def _places(config: RunConfig) -> Iterator[tuple[str, Path]]:
    """The files and folders of this machine that a run reads."""
    root = Path(config.data_root)
    source = configured_source(config.data, root)
    if isinstance(source, TextFile):
        yield "data.path", source.path
    else:
        yield "data.dataset", Path(str(config.data.dataset)).expanduser()
    yield from ((key, Path(name).expanduser()) for key, name, _ in _models(config))
    if not isinstance(config, TrainConfig):
        return
    # evaluation files of the benchmarks are checked against their published checksums
    from sentcse.training.tasks import selected_tasks

    for part in ("dev", "test"):
        for task in selected_tasks(config, part):
            if task.pairs is not None:
                yield f"evaluation.pairs_{part}", Path(task.pairs)


def _models(config: RunConfig) -> Iterator[tuple[str, str, str | None]]:
    """Setting, folder or hub name, and revision of each model that a run begins with."""
    encoder = config.encoder
    find = encoder_folder if isinstance(config, TrainConfig) else masked_language_model_folder
    yield "encoder.name_or_path", find(encoder.name_or_path), encoder.revision
    if isinstance(config, TrainConfig) and config.method.reads_generator and config.generator.name_or_path is not None:
        name = masked_language_model_folder(config.generator.name_or_path)
        yield "generator.name_or_path", name, config.generator.revision


def _of_the_hub(name: str, revision: str | None) -> dict[str, Any] | None:
    """What names the content of a model in the hub's cache: its commit; None where no such model is in it."""
    cached = None if Path(name).expanduser().exists() else cached_model(name, revision)
    return None if cached is None else {"place": name, "sha256": cached.name, "stamps": {}}


def _described(place: Path, before: dict[str, Any]) -> dict[str, Any]:
    files = [place] if place.is_file() else _files(place)
    names = [place.name] if place.is_file() else [path.relative_to(place).as_posix() for path in files]
    stamps = {name: _stamp(path) for name, path in zip(names, files, strict=True)}
    if stamps == before.get("stamps") and str(place) == before.get("place"):
        return before
    if place.is_file():
        sha256 = sha256_of_file(place)
    else:
        sha256 = sha256_of(
            *(part for name, path in zip(names, files, strict=True) for part in (name, sha256_of_file(path)))
        )
    return {"place": str(place), "sha256": sha256, "stamps": stamps}


def _files(folder: Path) -> list[Path]:
    is_model = (folder / "config.json").is_file()
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and (path.suffix in OF_A_MODEL if is_model else not path.name.startswith("."))
    )


def _stamp(path: Path) -> list[int]:
    # the last one is the system's own, and no copy keeps it: another file of the same size and time is read
    status = path.stat()
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _sentence(key: str, before: dict[str, Any], now: dict[str, Any], folder: RunFolder) -> str:
    kind = "SHA-256" if now["stamps"] else "commit"
    return (
        f"{key}={now['place']} has changed since {folder.path} was begun ({kind} {before['sha256'][:12]}, now "
        f"{now['sha256'][:12]}): restore it, or make the run again with overwrite=true, or another one beside it with "
        "name=ANOTHER_NAME."
    )
