"""A corpus of any size into a folder of shards, which a killed process leaves whole and the same call goes on with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

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


@dataclass(frozen=True)
class Work:
    """What all shards of a folder have in common; it can be sent to another process.

    Attributes:
        corpus: absolute path of the file.
        folder: absolute path of the folder, which is there and has its manifest.
        form: how the file is read and rows are stored.
        dtype: in which vectors are stored.
        batch_size: sentences encoded together.
        stamp: size and time of change of the file, which it must keep.
        manifest: of the folder without shards.
    """

    corpus: Path
    folder: Path
    form: Form
    dtype: Dtype
    batch_size: int
    stamp: tuple[int, int]
    manifest: CorpusManifest


class Made(NamedTuple):
    """A shard that was written: its rows, and the values of a vector."""

    rows: int
    width: int


Chunk = list[tuple[str, str]]
"""Id and text of each sentence of a shard."""

Engine = Callable[["Sequence[SentenceEncoder]", Work, int], Iterator[Made]]
"""Makes the shards of a folder from a number on, and gives each in its turn once its file is there."""


def on_this_machine(encoders: Sequence[SentenceEncoder], work: Work, first: int) -> Iterator[Made]:
    """The engine that makes one shard after the other in this process."""
    for number, chunk in chunks(work, first):
        yield make_shard(encoders, work, number, chunk)


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
    engine: Engine = on_this_machine,
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
        engine: who makes the shards; `sentcse.retrieval.on_ray.RayEngine` has a Ray cluster do it.

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
    # which the hash of the encoder has too, but does not tell
    settings = {**asdict(form), "prompt": first.prompt, "dimensions": first.dimensions}
    wanted = new_manifest(identity, source, dtype, settings)
    find_manifest(folder)  # before a file is written into a folder of something else
    with writing(folder, f"mend that, or name another folder. {how_to_continue(overwrite)} goes on"):
        folder.mkdir(parents=True, exist_ok=True)
        with held(folder / LOCK, busy=f"Another process is writing {folder}: wait for it, or name another folder."):
            manifest = _begin(folder, wanted, overwrite=overwrite)
            for shard in manifest["shards"] if verify else ():
                read_file(folder, shard)
            if manifest["complete"]:
                return manifest
            work = Work(corpus.absolute(), folder.absolute(), form, dtype, batch_size, before, wanted)
            with tqdm(initial=manifest["rows"], unit=" sentences", disable=not progress) as bar:
                for made in engine(encoders, work, len(manifest["shards"])):
                    _record(folder, manifest, made)
                    bar.update(made.rows)
            manifest["complete"] = True
            write_manifest(folder, manifest)
    return manifest


def _begin(folder: Path, wanted: CorpusManifest, *, overwrite: bool) -> CorpusManifest:
    """The manifest to go on with; files that none of its shards is are gone."""
    found = find_manifest(folder)
    if found is not None and not overwrite:
        require_same(folder, found, wanted)
    manifest = deepcopy(wanted) if found is None or overwrite else found
    if manifest is not found:
        write_manifest(folder, manifest)
    known = {shard["file"] for shard in manifest["shards"]}
    for path in [*folder.glob("shard-*.parquet"), *folder.glob(".*.partial")]:
        if path.name not in known:
            path.unlink()
    return manifest


def sentences_of(work: Work) -> Iterator[Sentence]:
    """The sentences of the corpus, as `iter_sentences` gives them."""
    form = work.form
    return iter_sentences(work.corpus, columns=form.columns, id_column=form.id_column, encoding=form.encoding)


def chunks(work: Work, first: int) -> Iterator[tuple[int, Chunk]]:
    """The number of each shard from `first` on, with what is in it."""
    rest = enumerate(sentences_of(work), start=1)
    for _ in islice(rest, first * work.form.shard_rows):
        pass
    for number in count(first):
        chunk = list(islice(rest, work.form.shard_rows))
        if not chunk:
            return
        yield number, [(_id(place, sentence), sentence.text) for place, sentence in chunk]


def _id(place: int, sentence: Sentence) -> str:
    return str(place) if sentence.id is None else sentence.id


def make_shard(
    encoders: Sequence[SentenceEncoder],
    work: Work,
    number: int,
    chunk: Chunk,
    *,
    alone: bool = True,
) -> Made:
    """Encode the ids and sentences of a shard, and write its file, which is there whole or not at all.

    Args:
        encoders: copies of one.
        work: of the folder.
        number: of the shard.
        chunk: what `chunks` gives for it.
        alone: whether no other process writes this shard at the same time.

    Raises:
        DataError: if the corpus has changed, or vectors cannot be stored.
        OSError: if the file cannot be written.
    """
    ids, texts = [name for name, _ in chunk], [text for _, text in chunk]
    options = {"batch_size": work.batch_size, "normalize": work.form.normalize, "precision": work.form.precision}
    vectors = encode_side_by_side(encoders, texts, **options)
    if _stamp(work.corpus) != work.stamp:
        raise DataError(f"{work.corpus} changed while it was read: start again when it is complete.")
    with written_whole(work.folder / SHARD.format(number), alone=alone) as partial:
        write_shard(Rows(ids, texts if work.form.text else None, vectors), work.dtype, partial)
    return Made(len(ids), vectors.shape[1])


def _record(folder: Path, manifest: CorpusManifest, made: Made) -> None:
    """Write the manifest with a shard whose file is there: one that no manifest knows is made again."""
    path = folder / SHARD.format(len(manifest["shards"]))
    content = {"bytes": path.stat().st_size, "sha256": sha256_of_file(path)}
    manifest["shards"].append({"file": path.name, "rows": made.rows, **content})  # type: ignore[typeddict-item]
    manifest["rows"] += made.rows
    manifest["width"] = made.width
    write_manifest(folder, manifest)


def _stamp(corpus: Path) -> tuple[int, int]:
    require_corpus_file(corpus)
    status = corpus.stat()
    return status.st_size, status.st_mtime_ns
