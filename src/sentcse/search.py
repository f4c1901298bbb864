"""Command: build an index of sentences, change it, search it, score it, mine it.

python -m sentcse.search index sentences.txt encoder=runs/NAME
python -m sentcse.search query "How hot is the Sun?"
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentcse.command.plain import run_plain_command, settings_of
from sentcse.config.commands import SearchConfig
from sentcse.errors import ConfigError

if TYPE_CHECKING:
    from sentcse.encoder import SentenceEncoder
    from sentcse.retrieval.index import Index
    from sentcse.retrieval.reading import Sentences


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    # what is printed may be read by a program: messages go elsewhere
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    return run_plain_command(search_job, "search", SearchConfig, settings_of(words, "words"))


def search_job(config: SearchConfig) -> None:
    """Do what is asked.

    Raises:
        ConfigError: among others, if `output` is a file that is read.
    """
    if config.output is not None:
        output = Path(config.output).resolve()
        read = [Path(path).resolve() for path in (*config.words, config.queries, config.relevant) if path is not None]
        if output in read or output.is_relative_to(Path(config.index).resolve()):
            raise ConfigError(f"output={config.output} is read by this command: name another file.")
    actions: dict[str, Callable[[SearchConfig], None]] = {
        "index": _index,
        "add": _add,
        "remove": _remove,
        "query": _query,
        "score": _score,
        "mine": _mine,
    }
    from sentcse.retrieval.folder import only_writer

    with only_writer(Path(config.index)) if config.action in ("index", "add", "remove") else nullcontext():
        actions[config.action](config)


def _index(config: SearchConfig) -> None:
    path = _one_file(config)
    of_file = [key for key in ("encoder", "columns", "id_column", "payload") if getattr(config, key) not in (None, [])]
    encoded = path.is_dir() and (config.encoder is None or (path / "manifest.json").is_file())
    if encoded and of_file:
        raise ConfigError(f"{path} is encoded already: leave out {', '.join(of_file)}, or name a file of sentences.")
    if not encoded and config.encoder is None:
        raise ConfigError("index needs an encoder: encoder=runs/NAME, a folder, a checkpoint or a hub name.")
    from sentcse.retrieval.encoded_index import index_of_encoded
    from sentcse.retrieval.folder import require_free

    require_free(Path(config.index), overwrite=config.overwrite)
    if config.method not in (None, "exact"):
        from sentcse.retrieval.approximate import faiss

        faiss()  # is it there? before minutes of encoding
    index = index_of_encoded(path) if encoded else _index_of_file(path, config)
    _save(index, config, None if config.method == "exact" else config.method)


def _index_of_file(path: Path, config: SearchConfig) -> Index:
    from sentcse.retrieval.folder import EncoderIdentity
    from sentcse.retrieval.index import Index

    found = _read(path, config)
    source = str(config.encoder)  # `_index` has looked
    encoder = _open_encoder(config, source, config.pooler, config.known_as)
    known = EncoderIdentity.of(encoder.parts(), source, pooler=config.pooler, known_as=config.known_as)
    given: dict[str, Any] = {"ids": found.ids, "payloads": found.payloads, "identity": known}
    return Index.build(encoder, found.sentences, **given, **_encoding(config))


def _add(config: SearchConfig) -> None:
    path = _one_file(config)
    index = _open_index(config, verify=True)
    method = _method_of(index, config)
    found = _read(path, config)
    encoder = _encoder_of(index, config)
    index.add(encoder, found.sentences, ids=found.ids, payloads=found.payloads, **_encoding(config))
    _save(index, config, method)


def _remove(config: SearchConfig) -> None:
    if len(config.words) == 0:
        raise ConfigError("remove needs ids: python -m sentcse.search remove ID ID ...")
    index = _open_index(config, verify=True)
    method = _method_of(index, config)
    index.remove(config.words)
    _save(index, config, method)


def _query(config: SearchConfig) -> None:
    if (config.queries is None) == (len(config.words) == 0):
        raise ConfigError('query needs either questions, such as query "How hot is the Sun?", or queries=FILE.')
    from sentcse.retrieval.reading import Sentences

    index = _ready_index(config)
    asked = Sentences(config.words, None, []) if config.queries is None else _read(Path(config.queries), config)
    encoder = _encoder_of(index, config)
    found = index.search(encoder, asked.sentences, top_k=config.top_k, batch_size=config.batch_size)
    rows = []
    for number, (question, hits) in enumerate(zip(asked.sentences, found, strict=True)):
        name = {} if asked.ids is None else {"query_id": asked.ids[number]}
        for rank, hit in enumerate(hits, start=1):
            place = {"query": question, "rank": rank, "cosine": hit.cosine, "id": hit.id}
            rows.append({**name, **place, "sentence": hit.sentence, "payload": dict(hit.payload)})
    _write(rows, config)


def _score(config: SearchConfig) -> None:
    if config.queries is None or config.relevant is None or config.id_column is None:
        raise ConfigError(
            "score needs queries=FILE with its columns= and id_column=, and relevant=FILE: which ids belong together."
        )
    from sentcse.retrieval.reading import read_relevance
    from sentcse.retrieval.scores import score_index

    index = _ready_index(config)
    grades = read_relevance(Path(config.relevant), config.encoding)
    asked = _read(Path(config.queries), config)
    queries = dict(zip(asked.ids if asked.ids is not None else [], asked.sentences, strict=True))
    scores = score_index(index, _encoder_of(index, config), queries, grades, batch_size=config.batch_size)
    _write([{"metric": name, "value": value} for name, value in scores.items()], config)


def _mine(config: SearchConfig) -> None:
    from sentcse.retrieval.mining import communities, paraphrases

    index = _open_index(config, verify=config.verify)
    rows: list[dict[str, Any]] = []
    if config.find == "pairs":
        pairs = paraphrases(index.vectors, threshold=config.threshold, top_k=config.top_k, limit=config.limit)
        for first, second, cosine in zip(*(each.tolist() for each in pairs), strict=True):
            left, right = index.documents[first], index.documents[second]
            ids = {"cosine": cosine, "id1": left.id, "id2": right.id}
            rows.append({**ids, "sentence1": left.sentence, "sentence2": right.sentence})
    else:
        found = communities(index.vectors, threshold=config.threshold, min_size=config.min_size)
        for number, members in enumerate(found, start=1):
            for document in (index.documents[row] for row in members.tolist()):
                place = {"community": number, "size": len(members), "id": document.id}
                rows.append({**place, "sentence": document.sentence})
    if len(rows) == 0:
        print(f"Nothing is as alike as threshold={config.threshold:g}: a lower one finds more.", file=sys.stderr)
    _write(rows, config)


def _one_file(config: SearchConfig) -> Path:
    if len(config.words) != 1:
        raise ConfigError(f"{config.action} takes one file of sentences, got {len(config.words)} words.")
    return Path(config.words[0])


def _read(path: Path, config: SearchConfig) -> Sentences:
    from sentcse.retrieval.reading import read_sentences

    return read_sentences(
        path,
        columns=config.columns,
        id_column=config.id_column,
        payload_columns=config.payload,
        encoding=config.encoding,
    )


def _encoding(config: SearchConfig) -> dict[str, Any]:
    return {"batch_size": config.batch_size, "progress": config.progress and sys.stderr.isatty()}


def _open_index(config: SearchConfig, *, verify: bool) -> Index:
    from sentcse.retrieval.folder import verify_index
    from sentcse.retrieval.index import Index

    if verify:
        verify_index(Path(config.index))
    return Index.open(config.index)


def _ready_index(config: SearchConfig) -> Index:
    """The index, with the method that is asked for."""
    index = _open_index(config, verify=config.verify)
    method = _method_of(index, config)
    if method is None:
        index.approximate = None
    elif config.method is not None and (index.approximate is None or index.approximate.kind != method):
        index.accelerate(method)
    return index


def _method_of(index: Index, config: SearchConfig) -> str | None:
    """What is asked for, else what the index has; None for exact."""
    if config.method is not None:
        return None if config.method == "exact" else config.method
    return None if index.approximate is None else index.approximate.kind


def _encoder_of(index: Index, config: SearchConfig) -> SentenceEncoder:
    if config.encoder is not None:
        return _open_encoder(config, config.encoder, config.pooler, config.known_as)
    known = index.encoder
    if known.source is None:
        raise ConfigError("The index does not say where its encoder lies: give it with encoder=.")
    return _open_encoder(config, known.source, known.pooler, known.known_as)


def _open_encoder(config: SearchConfig, source: str, pooler: str | None, known_as: str | None) -> SentenceEncoder:
    from sentcse.encoder import SentenceEncoder
    from sentcse.machine.device import choose_device

    device = choose_device(config.device)
    return SentenceEncoder.from_pretrained(source, pooler=pooler, known_as=known_as).to(device)


def _save(index: Index, config: SearchConfig, method: str | None) -> None:
    if method is not None:
        index.accelerate(method)
    folder = index.save(config.index, overwrite=config.overwrite or config.action != "index")
    made = index.approximate
    how = "exact" if made is None else f"{made.kind}, which finds {made.recall_at_10:.1%} of the ten nearest"
    print(f"{folder}: {len(index):,} sentences, {index.vectors.shape[1]} values each, search {how}")


def _write(rows: Sequence[dict[str, Any]], config: SearchConfig) -> None:
    from sentcse.retrieval.printing import write_rows

    write_rows(rows, config.format, None if config.output is None else Path(config.output))


if __name__ == "__main__":
    sys.exit(main())
