"""Command: find clusters of sentences, say what they are about, draw their map.

python -m sentcse.cluster sentences.txt encoder=runs/NAME
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from sentcse.command.plain import run_plain_command, with_first_word
from sentcse.config.commands import ClusterConfig
from sentcse.errors import ConfigError, DataError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    return run_plain_command(cluster_job, "cluster", ClusterConfig, with_first_word(words, "path"))


def cluster_job(config: ClusterConfig) -> None:
    """Read, encode, cluster, write.

    Raises:
        SentcseError: if the sentences or the encoder cannot be had, or the folder cannot be written to.
    """
    from sentcse.printing.html import require
    from sentcse.retrieval.reading import read_sentences

    require("jinja2")
    output = Path(config.output)
    if output.exists() and not config.overwrite:
        raise ConfigError(f"output={config.output} is there already: name another folder, or set overwrite=true.")
    path = Path(config.path).expanduser()
    if path.resolve().is_relative_to(output.resolve()):
        raise ConfigError(f"output={config.output} holds {path.name}, which is read: name another folder.")
    if config.label_column is not None and config.columns is None:
        raise ConfigError("label_column needs columns as well: the columns of the sentence.")
    payload = () if config.label_column is None else (config.label_column,)
    read = read_sentences(path, columns=config.columns, payload_columns=payload, encoding=config.encoding)
    labels = None if config.label_column is None else [each[config.label_column] for each in read.payloads]
    if labels is not None and len(set(labels)) < 2:
        raise DataError(f"{path} has one label alone in {config.label_column}, with which no clusters can be compared.")

    from sentcse.clustering.clusters import ClusterSettings, find_clusters
    from sentcse.clustering.write import cluster_table, write_clusters
    from sentcse.encoder import SentenceEncoder
    from sentcse.machine.device import choose_device
    from sentcse.printing.tables import to_text
    from sentcse.retrieval.exact import directions

    encoder = SentenceEncoder.from_pretrained(config.encoder, pooler=config.pooler, known_as=config.known_as)
    encoder.to(choose_device(config.device))
    bar = config.progress and sys.stderr.isatty()
    vectors = encoder.encode(read.sentences, batch_size=config.batch_size, progress=bar)
    unit = directions(vectors, read.sentences)
    settings = ClusterSettings(
        method=config.method,
        number=config.clusters,
        most=config.most_clusters,
        min_size=config.min_size,
        words=config.words,
        typical=config.typical,
        projection=config.map,
        seed=config.seed,
    )
    found = find_clusters(unit, read.sentences, settings, labels=labels)
    write_clusters(output, found, read.sentences, labels, title=f"Clusters of {path.name}")
    print(to_text(cluster_table(found, read.sentences)))
    for name, value in found.scores.items():
        print(f"{name}  {value:.3f}")
    print(f"Wrote {output / 'index.html'}, the map as figures, clusters.md, clusters.json and sentences.jsonl")


if __name__ == "__main__":
    sys.exit(main())
