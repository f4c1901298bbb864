"""Low-shot splits: a few sentences of a corpus, chosen by a seed, nested, the same on every machine."""

from __future__ import annotations

import json
import os
import uuid
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sentcse.data.corpus import Corpus
from sentcse.data.hashing import sha256_of, sha256_of_file
from sentcse.data.permutation import Permutation, Positions
from sentcse.errors import DataError

# Keeps the choice of a split apart from the order of batches, which uses keys (seed, epoch).
_DOMAIN = 0x6C6F775F73686F74  # "low_shot"


@dataclass(frozen=True)
class LowShot:
    """Which part of a corpus: the first rows of its permutation by `seed`, so a smaller split lies inside a larger one.

    Attributes:
        seed: chooses the permutation.
        size: rows of the split; excludes `percent`.
        percent: share of the rows in percent, rounded to the nearest row and at least one; miCSE trains on 10, 1, 0.1
            and 0.01 percent of a million sentences (Klein and Nabi, "miCSE", ACL 2023).

    Raises:
        DataError: both or none of `size` and `percent`, or one out of range.
    """

    seed: int
    size: int | None = None
    percent: float | None = None

    def __post_init__(self) -> None:
        if (self.size is None) == (self.percent is None):
            raise DataError(
                "A low-shot split has a size (data.low_shot.size) or a percentage (data.low_shot.percent), not both."
            )
        if self.size is not None and self.size < 1:
            raise DataError(f"data.low_shot.size must be at least 1, got {self.size}.")
        if self.percent is not None and not 0 < self.percent <= 100:
            raise DataError(f"data.low_shot.percent must be in (0, 100], got {self.percent}.")

    def rows_of(self, rows: int) -> int:
        """Rows of the split of a corpus with `rows` rows.

        Raises:
            DataError: the split is larger than the corpus.
        """
        if self.percent is not None:
            return max(1, round(rows * self.percent / 100))
        size = int(self.size) if self.size is not None else rows
        if size > rows:
            raise DataError(f"data.low_shot.size is {size:,}, and the corpus has {rows:,} rows: take a smaller split.")
        return size

    def sha256(self, corpus_sha256: str, rows: int) -> str:
        """Hash that names the data of the split: of the corpus, the seed and the size in rows."""
        return sha256_of("low-shot split", corpus_sha256, str(self.seed), str(self.rows_of(rows)))

    def rows(self, rows: int, positions: Positions) -> Positions:
        """Rows of the corpus (of `rows` rows) at these positions of the split."""
        return Permutation(rows, (self.seed, _DOMAIN))(positions)


def write_split(corpus: Corpus, split: LowShot, destination: Path) -> Path:
    """Write the texts of a split, a row a line in the order of the corpus, and `<name>.json` with its hash beside it.

    Args:
        corpus: rows with one text (.txt) or more (.tsv, whose texts must hold no tab).
        split: which rows.
        destination: file to write, ending in .txt, or .tsv for pairs; appears whole or not at all.

    Returns:
        Path of the JSON file: {"file", "sha256", "rows", "seed", "corpus", "corpus_sha256", "corpus_rows"}.

    Raises:
        DataError: faults of the corpus, a split larger than it, or texts that the form cannot hold.
    """
    total = sum(1 for _ in corpus.iter_rows())
    size = split.rows_of(total)
    chosen = np.zeros(total, dtype=bool)
    chosen[split.rows(total, np.arange(size, dtype=np.int64))] = True
    temporary = destination.with_name(f".{destination.name}.{uuid.uuid4().hex[:8]}.tmp")
    destination.parent.mkdir(parents=True, exist_ok=True)
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            for taken, texts in zip(chosen, corpus.iter_rows(), strict=True):
                if taken:
                    file.write(_line(texts, destination) + "\n")
        facts = {
            "file": destination.name,
            "sha256": sha256_of_file(temporary),
            "rows": size,
            "seed": split.seed,
            "corpus": corpus.name,
            "corpus_sha256": corpus.sha256,
            "corpus_rows": total,
        }
        os.replace(temporary, destination)
    finally:
        temporary.unlink(missing_ok=True)
    return _write_json(destination.with_name(destination.name + ".json"), facts)


def _line(texts: tuple[str, ...], destination: Path) -> str:
    if len(texts) > 1 and destination.suffix != ".tsv":
        raise DataError(f"{destination}: a split of pairs is written as .tsv, not {destination.suffix}.")
    if any("\t" in text or "\n" in text for text in texts) and (len(texts) > 1 or "\n" in texts[0]):
        raise DataError(
            f"{destination}: the text {texts[0][:60]!r} holds a tab or a line break, which the file cannot hold."
        )
    return "\t".join(texts)


def _write_json(path: Path, facts: dict[str, object]) -> Path:
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    temporary.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    os.replace(temporary, path)
    return path
