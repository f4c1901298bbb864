"""Command: hard negatives for pairs, or for a corpus without pairs, in the form that supervised SimCSE trains on.

python -m sentcse.mine pairs.csv encoder=runs/NAME corpus=texts.txt
python -m sentcse.train experiment=sup_simcse_bert data=text data.path=mined.csv
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from sentcse.command.plain import run_plain_command, with_first_word
from sentcse.config.mining import MineConfig
from sentcse.errors import ConfigError, DataError

if TYPE_CHECKING:
    from sentcse.mine.negatives import Mined, Pairs
    from sentcse.mine.texts import Texts
    from sentcse.retrieval.exact import Vectors

HEADER = ("sent0", "sent1", "hard_neg")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    return run_plain_command(mine_job, "mine", MineConfig, with_first_word(words, "path"))


def mine_job(config: MineConfig) -> None:
    """Read, encode, mine, write, say what was found.

    Raises:
        SentcseError: if the texts or the encoder cannot be had, no pair has a negative, or the file cannot be written.
    """
    output = _output(config)
    from sentcse.mine.texts import read_texts

    texts = read_texts(
        Path(config.path).expanduser(),
        columns=config.columns,
        corpus=None if config.corpus is None else Path(config.corpus).expanduser(),
        corpus_columns=config.corpus_columns,
        encoding=config.encoding,
    )
    from sentcse.mine.negatives import Rules, marked_pairs, mine_negatives, searched_pairs
    from sentcse.retrieval.printing import write_rows

    vectors = _encoded(texts, config)
    if texts.positives is None:
        pairs = searched_pairs(texts, vectors, at_least=config.positive_at_least, at_most=config.positive_at_most)
    else:
        pairs = marked_pairs(texts, vectors)
    if len(pairs.anchors) == 0:
        raise DataError(
            f"{config.path}: no sentence has another with a cosine between positive_at_least="
            f"{config.positive_at_least:g} and positive_at_most={config.positive_at_most:g}: set them wider, or give "
            "pairs."
        )
    mined = mine_negatives(
        pairs, texts, vectors, Rules(**{each.name: getattr(config, each.name) for each in fields(Rules)})
    )
    if len(mined.pairs) == 0:
        raise DataError(
            f"{config.path}: of {len(pairs.anchors):,} pairs none has a candidate that the rules let through "
            f"({mined.too_near:,} were too near, {mined.too_far:,} too far): set a smaller margin, relative_margin, "
            "skip or min_similarity, a larger look_at or max_similarity, or give a corpus."
        )
    anchors, positives = pairs.anchors[mined.pairs].tolist(), pairs.positives[mined.pairs].tolist()
    rows = [
        dict(zip(HEADER, (texts.texts[number] for number in row), strict=True))
        for row in zip(anchors, positives, mined.texts.tolist(), strict=True)
    ]
    write_rows(rows, "csv", output)
    if texts.positives is None:
        print(f"{len(pairs.anchors):,} of {len(texts.anchors):,} sentences have a positive.")
    print(summary(pairs, mined))


def summary(pairs: Pairs, mined: Mined) -> str:
    """What was found, in words."""
    import numpy as np

    with_one = len(np.unique(mined.pairs))
    positive, negative = pairs.cosines[mined.pairs].mean(), mined.cosines.mean()
    lines = [
        f"{with_one:,} of {len(pairs.anchors):,} pairs have a hard negative, {len(mined.pairs):,} rows in all.",
        f"Mean cosine with the anchor: positives {positive:.3f}, hard negatives {negative:.3f}.",
        f"Of the candidates that were looked at, {mined.too_near:,} were too near to be safe"
        + (f", {mined.too_far:,} too far." if mined.too_far > 0 else "."),
    ]
    if with_one < len(pairs.anchors):
        lines.append(f"Pairs without one, left out: {len(pairs.anchors) - with_one:,}.")
    return "\n".join(lines)


def _output(config: MineConfig) -> Path:
    output = Path(config.output).expanduser()
    if output.suffix != ".csv":
        raise ConfigError(f"output={config.output} must end in .csv, which is what is written.")
    read = [Path(path).expanduser().resolve() for path in (config.path, config.corpus) if path is not None]
    if output.resolve() in read:
        raise ConfigError(f"output={config.output} is read by this command: name another file.")
    if output.is_dir():
        raise ConfigError(f"output={config.output} is a folder: name a file.")
    if output.exists() and not config.overwrite:
        raise ConfigError(f"output={config.output} is there already: name another file, or set overwrite=true.")
    if config.positive_at_least > config.positive_at_most:
        raise ConfigError(
            f"positive_at_least={config.positive_at_least:g} is above positive_at_most={config.positive_at_most:g}."
        )
    smallest, largest = config.min_similarity, config.max_similarity
    if smallest is not None and largest is not None and smallest > largest:
        raise ConfigError(f"min_similarity={smallest:g} is above max_similarity={largest:g}.")
    return output


def _encoded(texts: Texts, config: MineConfig) -> Vectors:
    from sentcse.encoder import SentenceEncoder
    from sentcse.machine.device import choose_device
    from sentcse.retrieval.exact import directions

    encoder = SentenceEncoder.from_pretrained(config.encoder, pooler=config.pooler, known_as=config.known_as)
    encoder.to(choose_device(config.device))
    bar = config.progress and sys.stderr.isatty()
    return directions(encoder.encode(texts.texts, batch_size=config.batch_size, progress=bar), texts.texts)


if __name__ == "__main__":
    sys.exit(main())
