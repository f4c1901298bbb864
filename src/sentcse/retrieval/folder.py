"""The folder of an index: vectors, documents, a faiss index where there is one, and a manifest of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from pydantic import TypeAdapter

# pydantic reads typing's own only from Python 3.12 on
from typing_extensions import TypedDict

from sentcse.data.hashing import sha256_of_file
from sentcse.errors import SentcseError
from sentcse.machine.files import read_json, replaced_as_a_whole, write_json, writing
from sentcse.machine.locks import held
from sentcse.records.checked_json import checked
from sentcse.retrieval.approximate import Approximate, Kind
from sentcse.retrieval.documents import Document, StoredDocuments, write_documents
from sentcse.retrieval.exact import Vectors
from sentcse.storage.content_hash import encoder_sha256
from sentcse.storage.parts import EncoderParts

FORMAT = 1
MANIFEST = "manifest.json"
VECTORS = "vectors.npy"
DOCUMENTS = "documents.jsonl"
OFFSETS = "offsets.npy"
FAISS = "faiss.index"
KIND = "sentcse index"


@dataclass(frozen=True)
class EncoderIdentity:
    """The encoder that an index was built with.

    Attributes:
        sha256: of all that its vectors depend on, `sentcse.storage.content_hash.encoder_sha256`.
        source: where it was opened from, with `pooler` and `known_as` as `SentenceEncoder.from_pretrained` has them;
            None where that is not known.
        pooler: as it was asked for; None for the record's.
        known_as: the published checkpoint that it is a copy of.
    """

    sha256: str
    source: str | None = None
    pooler: str | None = None
    known_as: str | None = None

    @classmethod
    def of(
        cls, encoder: EncoderParts, source: str, *, pooler: str | None = None, known_as: str | None = None
    ) -> EncoderIdentity:
        """Of an encoder that was opened from `source`, with the path of a folder made absolute."""
        place = Path(source)
        return cls(encoder_sha256(encoder), str(place.resolve()) if place.exists() else source, pooler, known_as)


class _File(TypedDict):
    bytes: int
    sha256: str


class StoredEncoder(TypedDict):
    """`EncoderIdentity`, as it is written."""

    sha256: str
    source: str | None
    pooler: str | None
    known_as: str | None


class _Approximate(TypedDict):
    kind: Kind
    recall_at_10: float


class Manifest(TypedDict):
    """What manifest.json holds beside kind and format: `Contents`, and the size and the SHA-256 of each file."""

    encoder: StoredEncoder
    rows: int
    width: int
    next_id: int
    approximate: _Approximate | None
    files: dict[str, _File]


MANIFEST_SCHEMA = TypeAdapter(Manifest)


class Contents(NamedTuple):
    """What an index consists of; its attributes are those of `sentcse.retrieval.index.Index`."""

    encoder: EncoderIdentity
    vectors: Vectors
    documents: Sequence[Document]
    next_id: int
    approximate: Approximate | None


def write_contents(index: Contents, folder: Path, *, overwrite: bool) -> Path:
    """What `Index.save` does; see there."""
    target = require_free(folder, overwrite=overwrite)
    with replaced_as_a_whole(target, kind="index", marker=MANIFEST) as partial:
        np.save(partial / VECTORS, index.vectors, allow_pickle=False)
        write_documents(index.documents, partial / DOCUMENTS, partial / OFFSETS)
        approximate = None
        if index.approximate is not None:
            index.approximate.write(partial / FAISS)
            approximate = {"kind": index.approximate.kind, "recall_at_10": index.approximate.recall_at_10}
        files = {
            path.name: {"bytes": path.stat().st_size, "sha256": sha256_of_file(path)}
            for path in sorted(partial.iterdir())
        }
        rows, width = index.vectors.shape
        content = {"kind": KIND, "format": FORMAT, "encoder": asdict(index.encoder), "rows": rows, "width": width}
        more = {"next_id": index.next_id, "approximate": approximate, "files": files}
        write_json(partial / MANIFEST, {**content, **more})
    return target


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Keep other processes from changing an index: of two that change it at once, the later would undo the earlier's.

    Raises:
        BusyError: if another process does.
        SentcseError: if the folder's place cannot be written to.
    """
    target = folder.expanduser().resolve()
    lock = target.with_name(f".{target.name}.lock")  # beside it: the folder itself is replaced
    busy = f"Another process is changing {target}: start this again when it is done."
    with ExitStack() as stack:
        if target.parent.is_dir():  # else there is nothing to undo
            with writing(target.parent, "name another folder with index="):
                stack.enter_context(held(lock, busy=busy))
        yield


def require_free(folder: Path, *, overwrite: bool) -> Path:
    """The absolute path of a folder that an index may be written to.

    Raises:
        SentcseError: if there is an index and `overwrite` is false, or there is something else.
    """
    target = folder.expanduser().resolve()
    if target.exists() and not (target.is_dir() and len(list(target.iterdir())) == 0):
        if not (target / MANIFEST).is_file() or read_json(target / MANIFEST).get("kind") != KIND:
            raise SentcseError(f"{target} holds something else than an index, which would be lost: name a new folder.")
        if not overwrite:
            raise SentcseError(f"{target} holds an index already: name a new folder, or replace it: overwrite=true.")
    return target


def open_contents(folder: Path) -> Contents:
    """What `Index.open` does; see there."""
    place = folder.expanduser()
    manifest = read_manifest(place)
    for name, recorded in manifest["files"].items():
        _require_size(place / name, recorded["bytes"])
    try:
        vectors = np.load(place / VECTORS, mmap_mode="r", allow_pickle=False)
        documents = StoredDocuments(place / DOCUMENTS, place / OFFSETS)
    except (OSError, ValueError) as error:
        raise SentcseError(f"The index {place} is damaged ({error}): build it again.") from error
    shape = (manifest["rows"], manifest["width"])
    if vectors.shape != shape or vectors.dtype != np.float32 or len(documents) != shape[0]:
        raise SentcseError(f"The index {place} is damaged: {VECTORS} is not of {shape} float32; build it again.")
    made = manifest["approximate"]
    approximate = None if made is None else Approximate.stored(place / FAISS, **made)
    return Contents(EncoderIdentity(**manifest["encoder"]), vectors, documents, manifest["next_id"], approximate)


def verify_index(folder: Path) -> None:
    """Compare every file of an index with its recorded SHA-256, which reads it whole.

    Raises:
        SentcseError: if a file is missing or another.
    """
    place = folder.expanduser()
    for name, recorded in read_manifest(place)["files"].items():
        _require_size(place / name, recorded["bytes"])
        if sha256_of_file(place / name) != recorded["sha256"]:
            raise SentcseError(f"{place / name} is damaged (its SHA-256 is not the recorded one): build it again.")


def read_manifest(folder: Path) -> Manifest:
    """The manifest of an index.

    Raises:
        SentcseError: if there is none, or it is of another format.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise SentcseError(
            f"There is no index in {folder} ({MANIFEST} is missing): name its folder with index=FOLDER, or build one "
            "with python -m sentcse.search index FILE."
        )
    manifest = read_json(path)
    if manifest.get("kind") != KIND:
        raise SentcseError(f"{path} is not that of an index of sentcse: name another folder.")
    if manifest.get("format") != FORMAT:
        raise SentcseError(
            f"{path} has format {manifest.get('format')!r}, this version of sentcse reads {FORMAT}: update sentcse, or "
            "build the index again."
        )
    try:
        return checked(manifest, MANIFEST_SCHEMA, path)
    except SentcseError as fault:
        raise SentcseError(f"{str(fault).removesuffix('.')}: build the index again.") from fault


def _require_size(path: Path, expected: int) -> None:
    found = path.stat().st_size if path.is_file() else None
    if found != expected:
        what = "is missing" if found is None else f"has {found:,} bytes, not {expected:,}"
        raise SentcseError(f"{path} {what}: copy the whole folder again, or build the index again.")
