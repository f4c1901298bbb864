"""The rows that are trained on: all of a token cache, or a low-shot split of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch.utils.data import Dataset

from sentcse.data.low_shot import LowShot
from sentcse.data.token_cache import TokenCache, TokenIds


class SentenceDataset(Dataset[list[TokenIds]]):
    """Rows of a cache by position; a split is computed row by row, so it takes neither memory nor a cache of its own.

    Args:
        cache: tokens of the whole corpus.
        split: the part to take; None for all.

    Raises:
        DataError: the split is larger than the corpus.
    """

    def __init__(self, cache: TokenCache, split: LowShot | None = None) -> None:
        self.cache = cache
        self.split = split
        self._size = cache.rows if split is None else split.rows_of(cache.rows)

    @property
    def sha256(self) -> str:
        """Hash that names the training data: of the corpus, and of seed and size of the split."""
        return self.cache.sha256 if self.split is None else self.split.sha256(self.cache.sha256, self.cache.rows)

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, position: int) -> list[TokenIds]:
        """Token ids of the texts at one position; raises IndexError outside range(len)."""
        if not 0 <= position < self._size:
            raise IndexError(f"position must be in [0, {self._size}), got {position}")
        return self.__getitems__([position])[0]

    def __getitems__(self, positions: Sequence[int]) -> list[list[TokenIds]]:
        """Token ids at several positions; DataLoader asks for a batch this way."""
        if self.split is None:
            return [self.cache[position] for position in positions]
        rows = self.split.rows(self.cache.rows, np.asarray(positions, dtype=np.int64))
        return [self.cache[row] for row in rows.tolist()]
