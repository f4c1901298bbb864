"""A corpus of any size into a folder of shards, which a killed process leaves whole and the same call goes on with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm.auto import tqdm

from sentcse.data.hashing import sha256_of_file
from sentcse.encoding.copies import encode_side_by_side
from sentcse.errors import DataError, how_to_continue
from sentcse.machine.files import writing, written_whole
from sentcse.machine.locks import held
from sentcse.retrieval.encoded import (
    CorpusManifest,
    EncodedFile,
    find_manifest,
    new_manifest,
    read_file,
    require_same,
    write_manifest,
)
from sentcse.retrieval.folder import EncoderIdentity
from sentcse.retrieval.reading import Sentence, iter_sentences, require_corpus_file
from sentcse.retrieval.shards import Dtype, Rows, write_shard

if TYPE_CHECKING:
    from sentcse.encoder import SentenceEncoder

LOCK = ".lock"
SHARD = "shard-{:06}.parquet"


@dataclass(frozen=True)
class Form:
    """How a corpus is read and its rows are stored: with encoder and corpus, all that the shards depend on.

    Attributes:
        columns: of the sentence, as `sentcse.retrieval.reading.iter_sentences` has them.
        id_column: of the ids; None: sentences are numbered from 1.
        encoding: of the file.
        text: whether the sentence is kept beside its vector.
        normalize: whether vectors are made of length one.
        precision: in which is computed, as `SentenceEncoder.encode` has it.
        shard_rows: rows of a shard; the last one may have fewer. So many sentences are in memory at a time.
    """

    columns: list[str] | None = None
    id_column: str | None = None
    encoding: str = "utf-8"
    text: bool = False
    normalize: bool = False
    precision: str = "float32"
    shard_rows: int = 50_000


def encode_corpus(
    encoders: Sequence[SentenceEncoder],
    identity: EncoderIdentity,
    corpus: Path,
    folder: Path,
    *,
    form: Form,
    dtype: Dtype = "float32",
    overwrite: bool = False,
    verify: bool = False,
    batch_size: int = 64,
    progress: bool = False,
) -> CorpusManifest:
    """Encode the sentences of a file into a folder; what is there already of the same encoding is not made again.

    Args:
        encoders: one, or copies of it on several devices, which share the work.
        identity: of the encoder.
        corpus: the file.
        folder: created; of an older encoding of the same it is completed, of another one refused.
        form: how the file is read and rows are stored.
        dtype: in which vectors are stored.
        overwrite: throw away what an encoded corpus in the folder has.
        verify: compare the shards that are there with their recorded hashes first.
        batch_size: sentences encoded together.
        progress: show a bar on a terminal.

    Returns:
        The manifest of the complete folder.

    Raises:
        DataError: if the file cannot be read, changes meanwhile, or gives vectors that cannot be stored.
        BusyError: if another process is writing the folder.
        SentcseError: if the folder is something else, of another encoding, damaged, or cannot be written.
    """
    before = _stamp(corpus)
    source: EncodedFile = {"path": str(corpus.absolute()), "sha256": sha256_of_file(corpus)}
    first = encoders[0]
    # the hash of an encoder does not tell these two
    settings = {**asdict(form), "prompt": first.prompt, "dimensions": first.dimensions}
    find_manifest(folder)  # before a file is written into a folder of something else
    with writing(folder, f"mend that, or name another folder. {how_to_continue(overwrite)} goes on"):
        folder.mkdir(parents=True, exist_ok=True)
        with held(folder / LOCK, busy=f"Another process is writing {folder}: wait for it, or name another folder."):
            manifest = _begin(folder, new_manifest(identity, source, dtype, settings), overwrite=overwrite)
            for shard in manifest["shards"] if verify else ():
                read_file(folder, shard)
            if manifest["complete"]:
                return manifest
            with tqdm(initial=manifest["rows"], unit=" sentences", disable=not progress) as bar:
                for rows in _encoded(encoders, corpus, form, batch_size, done=manifest["rows"]):
                    if _stamp(corpus) != before:
                        raise DataError(f"{corpus} changed while it was read: start again when it is complete.")
                    _append(folder, manifest, rows, dtype)
                    bar.update(len(rows.ids))
            manifest["complete"] = True
            write_manifest(folder, manifest)
    return manifest


def _begin(folder: Path, wanted: CorpusManifest, *, overwrite: bool) -> CorpusManifest:
    """The manifest to go on with; files that none of its shards is are gone."""
    found = find_manifest(folder)
    if found is not None and not overwrite:
        require_same(folder, found, wanted)
    manifest = wanted if found is None or overwrite else found
    if manifest is wanted:
        write_manifest(folder, wanted)
    known = {shard["file"] for shard in manifest["shards"]}
    for path in [*folder.glob("shard-*.parquet"), *folder.glob(".*.partial")]:
        if path.name not in known:
            path.unlink()
    return manifest


def _encoded(
    encoders: Sequence[SentenceEncoder], corpus: Path, form: Form, batch_size: int, *, done: int
) -> Iterator[Rows]:
    """The rows of each shard to come, `done` rows being there already."""
    sentences = iter_sentences(corpus, columns=form.columns, id_column=form.id_column, encoding=form.encoding)
    options = {"batch_size": batch_size, "normalize": form.normalize, "precision": form.precision}
    rest = enumerate(sentences, start=1)
    for _ in islice(rest, done):
        pass
    while chunk := list(islice(rest, form.shard_rows)):
        texts = [sentence.text for _, sentence in chunk]
        ids = [_id(number, sentence) for number, sentence in chunk]
        yield Rows(ids, texts if form.text else None, encode_side_by_side(encoders, texts, **options))


def _id(number: int, sentence: Sentence) -> str:
    return str(number) if sentence.id is None else sentence.id


def _append(folder: Path, manifest: CorpusManifest, rows: Rows, dtype: Dtype) -> None:
    """Write a shard, then the manifest that knows it: a shard that no manifest knows is made again."""
    path = folder / SHARD.format(len(manifest["shards"]))
    with written_whole(path, alone=True) as partial:
        write_shard(rows, dtype, partial)
    content = {"bytes": path.stat().st_size, "sha256": sha256_of_file(path)}
    manifest["shards"].append({"file": path.name, "rows": len(rows.ids), **content})  # type: ignore[typeddict-item]
    manifest["rows"] += len(rows.ids)
    manifest["width"] = rows.vectors.shape[1]
    write_manifest(folder, manifest)


def _stamp(corpus: Path) -> tuple[int, int]:
    require_corpus_file(corpus)
    status = corpus.stat()
    return status.st_size, status.st_mtime_ns
