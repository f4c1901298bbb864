"""Command: train, score and use an encoder with nothing but what is installed.

python -m sentcse.quickstart [key=value ...]
"""

from __future__ import annotations

import sys
from typing import Any

from sentcse.command import run_command

QUERIES = (
    "How hot is it inside the Sun?",
    "My train did not come on time this morning.",
    "Which plants grow well in a shady garden?",
)


def main() -> None:
    """Run `sentcse.train experiment=quickstart`, then search the corpus with the encoder; exit with the code."""
    sys.argv[1:] = ["experiment=quickstart", *sys.argv[1:]]
    sys.exit(run_command(quickstart_job, "train"))


def quickstart_job(values: dict[str, Any]) -> None:
    """Train as configured, then show what the encoder finds."""
    from sentcse.config import check_config
    from sentcse.training.preflight import fetch_sources

    config = check_config(values)
    fetch_sources(config)
    print("Loading torch, Lightning and transformers ...", flush=True)
    from sentcse.training.run import train
    from sentcse.training.run_folder import RunFolder

    train(config)
    folder = RunFolder(config)
    show_search(str(folder.encoder))
    print(f"\nThe curves:  {folder.curves}\nThe encoder: {folder.encoder}")
    print(f"Next:        python -m sentcse.evaluate encoder={folder.encoder} tasks=your_pairs.tsv")


def show_search(encoder_folder: str) -> None:
    """Print the three sentences of the embedded corpus that are nearest to each query."""
    from sentcse.encoder import SentenceEncoder
    from sentcse.locate import locate
    from sentcse.search import most_similar

    with open(locate("package:sentcse/embedded/sentences.tsv"), encoding="utf-8") as lines:
        corpus = [line.rstrip("\n").split("\t")[1] for line in lines][1:]
    encoder = SentenceEncoder.from_pretrained(encoder_folder)
    print(f"\nNearest of {len(corpus)} sentences:")
    for query, hits in zip(QUERIES, most_similar(encoder, QUERIES, corpus), strict=True):
        print(f"\n  {query}")
        for hit in hits:
            print(f"    {hit.cosine:.3f}  {hit.sentence}")


if __name__ == "__main__":
    main()
