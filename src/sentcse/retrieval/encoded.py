"""The folder of an encoded corpus: shards, and a manifest that says what is in them and which are done."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow
from pydantic import TypeAdapter

# pydantic reads typing's own only from Python 3.12 on
from typing_extensions import TypedDict

from sentcse.errors import SentcseError
from sentcse.machine.files import read_json, write_json
from sentcse.records.checked_json import read_checked
from sentcse.retrieval.folder import MANIFEST, EncoderIdentity, StoredEncoder
from sentcse.retrieval.shards import Rows, read_shard

FORMAT = 1
KIND = "sentcse encoded corpus"


class Shard(TypedDict):
    """A file of the folder."""

    file: str
    rows: int
    bytes: int
    sha256: str


class EncodedFile(TypedDict):
    """The file that was encoded, and the SHA-256 of its bytes."""

    path: str
    sha256: str


class CorpusManifest(TypedDict):
    """manifest.json; `settings` is all that shards depend on beside encoder and corpus."""

    kind: str
    format: int
    encoder: StoredEncoder
    corpus: EncodedFile
    settings: dict[str, Any]
    dtype: str
    width: int | None
    rows: int
    complete: bool
    shards: list[Shard]


MANIFESTS = TypeAdapter(CorpusManifest)


def new_manifest(
    encoder: EncoderIdentity, corpus: EncodedFile, dtype: str, settings: Mapping[str, Any]
) -> CorpusManifest:
    """The manifest of a folder without shards."""
    return {
        "kind": KIND,
        "format": FORMAT,
        "encoder": {
            "sha256": encoder.sha256,
            "source": encoder.source,
            "pooler": encoder.pooler,
            "known_as": encoder.known_as,
        },
        "corpus": corpus,
        "settings": dict(settings),
        "dtype": dtype,
        "width": None,
        "rows": 0,
        "complete": False,
        "shards": [],
    }


def find_manifest(folder: Path) -> CorpusManifest | None:
    """The manifest of an encoded corpus; None if the folder is not there, or empty.

    Raises:
        SentcseError: if the folder is something else, or its manifest is damaged or of another version.
    """
    path = folder / MANIFEST
    if not path.is_file():
        # a killed process may leave its lock and half a file, both hidden
        if folder.exists() and not (folder.is_dir() and all(each.name.startswith(".") for each in folder.iterdir())):
            raise SentcseError(f"{folder} holds something else than an encoded corpus: name a new folder.")
        return None
    if read_json(path).get("kind") != KIND:
        raise SentcseError(f"{folder} holds something else than an encoded corpus: name a new folder.")
    return read_checked(path, MANIFESTS, newest=FORMAT)


def write_manifest(folder: Path, manifest: CorpusManifest) -> None:
    """Write the manifest, whole or not at all."""
    write_json(folder / MANIFEST, manifest)


def require_same(folder: Path, found: CorpusManifest, wanted: CorpusManifest) -> None:
    """Refuse a folder of another encoder, corpus or setting.

    Raises:
        SentcseError: naming what differs.
    """
    differences = [f"{name} is {old}, not {new}" for name, old, new in _compared(found, wanted) if old != new]
    if differences:
        raise SentcseError(
            f"{folder} holds another encoding ({'; '.join(differences)}): name another folder, or replace what is "
            "in it with overwrite=true."
        )


def _compared(found: CorpusManifest, wanted: CorpusManifest) -> Iterator[tuple[str, Any, Any]]:
    yield "the encoder", found["encoder"]["sha256"][:12], wanted["encoder"]["sha256"][:12]
    yield "the corpus", found["corpus"]["sha256"][:12], wanted["corpus"]["sha256"][:12]
    yield "dtype", found["dtype"], wanted["dtype"]
    for name in sorted(found["settings"].keys() | wanted["settings"].keys()):
        # a prompt that is empty, or ends in a space, is not to be seen without quotation marks
        yield name, repr(found["settings"].get(name)), repr(wanted["settings"].get(name))


def read_file(folder: Path, shard: Shard) -> bytes:
    """The bytes of a shard, compared with its recorded hash.

    Raises:
        SentcseError: if it is missing or another.
    """
    path = folder / shard["file"]
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SentcseError(f"{path} cannot be read ({error.strerror}): {_MEND}.") from error
    if hashlib.sha256(content).hexdigest() != shard["sha256"]:
        raise SentcseError(f"{path} is damaged (its SHA-256 is not the recorded one): {_MEND}.")
    return content


_MEND = "copy the folder again, or encode the corpus again with overwrite=true"


class EncodedCorpus:
    """An encoded corpus on disk, read one shard at a time; each is compared with its recorded hash.

    Args:
        folder: where `python -m sentcse.encode` wrote it.

    Raises:
        SentcseError: if there is none, or it is not complete.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder).expanduser()
        manifest = find_manifest(self.folder)
        if manifest is None:
            raise SentcseError(f"There is no encoded corpus in {self.folder} ({MANIFEST} is missing).")
        if not manifest["complete"]:
            raise SentcseError(
                f"{self.folder} is not complete ({manifest['rows']:,} rows so far): the command that made it goes on."
            )
        self.manifest = manifest

    def __len__(self) -> int:
        return self.manifest["rows"]

    @property
    def width(self) -> int:
        """Values of a vector."""
        return self.manifest["width"] or 0

    @property
    def encoder(self) -> EncoderIdentity:
        """What made the vectors."""
        return EncoderIdentity(**self.manifest["encoder"])

    def shards(self) -> Iterator[Rows]:
        """The rows of each shard, in the order of the corpus, vectors in float32 whatever they are stored in.

        Raises:
            SentcseError: if a shard is missing or damaged.
        """
        for shard in self.manifest["shards"]:
            content = read_file(self.folder, shard)
            try:
                rows = read_shard(content)
            except (pyarrow.ArrowException, KeyError) as error:
                raise SentcseError(f"{self.folder / shard['file']} is no shard: {_MEND}.") from error
            yield rows
