"""Command: encode a corpus of any size into shards of vectors.

python -m sentcse.encode corpus.txt vectors/ encoder=runs/NAME
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sentcse.command.plain import run_plain_command
from sentcse.config.commands import EncodeConfig
from sentcse.errors import ConfigError
from sentcse.printing.wording import count

if TYPE_CHECKING:
    from sentcse.retrieval.bulk import Engine


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; words without `=` are the corpus and the folder. Returns the exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    plain = [word for word in given if "=" not in word and not word.startswith("-")]
    # quoted, as a path may hold what a list is divided by
    quoted = [json.dumps(word, ensure_ascii=False) for word in plain]
    named = [f"{key}={word}" for key, word in zip(("corpus", "output"), quoted, strict=False)]
    # a third word is left to be refused
    settings = [word for word in given if word not in plain] + plain[2:]
    return run_plain_command(encode_job, "encode", EncodeConfig, [*named, *settings])


def encode_job(config: EncodeConfig) -> None:
    """Encode what is not encoded yet, and print what is there."""
    from sentcse.retrieval.reading import iter_sentences, refuse_repeated_ids

    corpus, folder = Path(config.corpus), Path(config.output)
    # what its first rows say is wrong, before a folder is made that another command could not go on with
    next(iter_sentences(corpus, columns=config.columns, id_column=config.id_column, encoding=config.encoding), None)
    if config.id_column is not None and config.columns is not None:
        refuse_repeated_ids(corpus, config.id_column, columns=config.columns, encoding=config.encoding)
    from sentcse.encoder import SentenceEncoder
    from sentcse.encoding.copies import copies_on
    from sentcse.machine.device import choose_devices
    from sentcse.retrieval.bulk import Form, encode_corpus
    from sentcse.retrieval.encoded import find_manifest
    from sentcse.retrieval.folder import EncoderIdentity

    find_manifest(folder)  # a folder of something else is refused before an encoder is opened
    engine = _engine(config)
    devices = choose_devices("cpu" if config.engine == "ray" else config.device)
    encoder = SentenceEncoder.from_pretrained(config.encoder, pooler=config.pooler, known_as=config.known_as)
    identity = EncoderIdentity.of(encoder.parts(), config.encoder, pooler=config.pooler, known_as=config.known_as)
    form = Form(
        columns=config.columns,
        id_column=config.id_column,
        encoding=config.encoding,
        text=config.text,
        normalize=config.normalize,
        precision=config.precision,
        shard_rows=config.shard_rows,
    )
    manifest = encode_corpus(
        copies_on(encoder, devices),
        identity,
        corpus,
        folder,
        form=form,
        dtype=config.dtype,
        overwrite=config.overwrite,
        verify=config.verify,
        batch_size=config.batch_size,
        progress=config.progress and sys.stderr.isatty(),
        engine=engine,
    )
    rows, shards = count(manifest["rows"], "sentence"), count(len(manifest["shards"]), "shard")
    print(f"{folder}: {rows} in {shards}, {manifest['width']} values each as {manifest['dtype']}")


def _engine(config: EncodeConfig) -> Engine:
    """Who makes the shards; a Ray that is not installed is missed before an encoder is opened."""
    from sentcse.retrieval.bulk import on_this_machine
    from sentcse.retrieval.on_ray import RayEngine, ray_module

    if config.engine == "local":
        if config.workers is not None:
            raise ConfigError("workers= is for engine=ray: a local encoding takes all cores, or all GPUs.")
        return on_this_machine
    ray_module()
    return RayEngine(config.device, config.workers)


if __name__ == "__main__":
    sys.exit(main())
