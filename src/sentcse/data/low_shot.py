"""Low-shot splits: a part of a corpus, chosen by seed."""

from __future__ import annotations

from dataclasses import dataclass

from sentcse.data.hashing import sha256_of
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
