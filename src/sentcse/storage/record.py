"""What a folder or hub name says about its encoder: pooler, head, length, and how it was made."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sentcse.data.hashing import sha256_of_file
from sentcse.errors import SentcseError
from sentcse.machine.files import write_json
from sentcse.modules.input_length import SHORTEST_INPUT
from sentcse.modules.pooling import POOLERS
from sentcse.storage.model_files import ModelFiles
from sentcse.storage.parts import EncoderParts, EncoderRecord
from sentcse.storage.sentence_transformers_reader import read_head, read_sentence_transformers_layout

RECORD_FILE = "sentcse.json"
RECORD_FORMAT = 1
RECORD_FORMAT_SHAPED = 2
"""With a prompt or fewer dimensions, which a reader of the first format would pass over."""


def read_record(source: str, *, revision: str | None = None) -> EncoderRecord:
    """Read `sentcse.json`, else a sentence-transformers layout; empty where there is neither.

    Args:
        source: a local folder or a name on the model hub, whose cache is asked first.
        revision: branch, tag or commit on the hub.

    Raises:
        SentcseError: if a file is damaged, or describes an encoder that sentcse cannot build.
    """
    files = ModelFiles(source, revision=revision)
    if files.find(RECORD_FILE) is not None:
        return _read_own_record(files)
    if files.find("modules.json") is not None:
        return read_sentence_transformers_layout(files)
    return EncoderRecord()


def _read_own_record(files: ModelFiles) -> EncoderRecord:
    content = files.object(RECORD_FILE)
    if content.get("format") not in (RECORD_FORMAT, RECORD_FORMAT_SHAPED):
        raise SentcseError(
            f"{files.source}/{RECORD_FILE} has format {content.get('format')!r}, this version of sentcse reads "
            f"{RECORD_FORMAT} and {RECORD_FORMAT_SHAPED}: update sentcse, or export the encoder again."
        )
    pooler, length = content.get("pooler"), content.get("max_length")
    provenance, head = content.get("provenance"), content.get("head")
    if not isinstance(pooler, str) or pooler not in POOLERS:
        raise files.damaged(RECORD_FILE, f"pooler is {pooler!r}, expected one of {', '.join(POOLERS)}")
    if type(length) is not int or length < SHORTEST_INPUT:
        raise files.damaged(RECORD_FILE, f"max_length is {length!r}, expected {SHORTEST_INPUT} tokens or more")
    if not isinstance(provenance, dict) or not isinstance(head, list):
        raise files.damaged(RECORD_FILE, "expected an object 'provenance' and a list 'head'")
    prompt, dimensions = content.get("prompt", ""), content.get("dimensions")
    if not isinstance(prompt, str) or not (dimensions is None or (type(dimensions) is int and dimensions >= 1)):
        raise files.damaged(RECORD_FILE, "expected a text 'prompt' and a number 'dimensions' of at least 1")
    folders = [str(folder) for folder in head]
    _check_weights(files, content.get("sha256", {}))
    return EncoderRecord(pooler, read_head(files, folders), length, provenance, prompt, dimensions)


def _weights_in(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*.safetensors")]


def _check_weights(files: ModelFiles, recorded: Any) -> None:
    """Compare a local folder's weights with their recorded SHA-256; older exports have none.

    What comes from the hub is compared with the hub's own hash when it is downloaded.
    """
    if not isinstance(recorded, dict):
        raise files.damaged(RECORD_FILE, "expected an object 'sha256'")
    if not Path(files.source).is_dir():
        return
    for name, expected in recorded.items():
        if sha256_of_file(files.need(str(name))) != expected:
            raise files.damaged(str(name), f"it differs from what was exported, by its SHA-256 in {RECORD_FILE}")


def write_record(folder: Path, encoder: EncoderParts, *, head_folders: Sequence[str]) -> None:
    """Write `sentcse.json`; `head_folders` hold the layers of the head."""
    shape = {"prompt": encoder.prompt, "dimensions": encoder.dimensions}
    shaped = encoder.prompt != "" or encoder.dimensions is not None
    content = {
        "format": RECORD_FORMAT_SHAPED if shaped else RECORD_FORMAT,
        "pooler": encoder.pooler,
        "max_length": encoder.max_length,
        "head": list(head_folders),
        **(shape if shaped else {}),
        "sha256": {name: sha256_of_file(folder / name) for name in sorted(_weights_in(folder))},
        "provenance": encoder.provenance,
    }
    write_json(folder / RECORD_FILE, content)
