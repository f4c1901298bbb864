"""The rows that are trained on: all of a token cache, or those without duplicates, or a low-shot split of either."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from torch.utils.data import Dataset

from sentcse.data.duplicates import first_of_each
from sentcse.data.hashing import sha256_of
from sentcse.data.low_shot import LowShot
from sentcse.data.token_cache import TokenCache, TokenIds
from sentcse.errors import DataError


class TokenRows(Dataset[list[TokenIds]], ABC):
    """Rows of token ids by position."""

    @abstractmethod
    def __len__(self) -> int:
        """How many they are."""

    @abstractmethod
    def __getitems__(self, positions: Sequence[int]) -> list[list[TokenIds]]:
        """Token ids at several positions; DataLoader asks for a batch this way."""

    @abstractmethod
    def lengths(self, positions: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Tokens of the longest text of each row, special tokens included."""


class SentenceDataset(TokenRows):
    """Rows of a cache by position; a split is computed row by row, so it takes neither memory nor a cache of its own.

    Args:
        cache: tokens of the whole corpus.
        split: the part to take; None for all.
        drop_duplicates: leave out rows that equal an earlier one in all tokens, before the split is taken.

    Raises:
        DataError: the split is larger than the corpus.
    """

    def __init__(self, cache: TokenCache, split: LowShot | None = None, drop_duplicates: bool = False) -> None:
        self.cache = cache
        self.split = split
        self._kept = first_of_each(cache) if drop_duplicates else None
        self._rows = cache.rows if self._kept is None else len(self._kept)
        if split is not None and split.size is not None and cache.rows >= split.size > self._rows:
            raise DataError(
                f"data.low_shot.size is {split.size:,}, and of the {cache.rows:,} rows of the corpus {self._rows:,} "
                "are left without duplicates (data.duplicates=drop): take a smaller split."
            )
        self._size = self._rows if split is None else split.rows_of(self._rows)

    @property
    def dropped(self) -> int:
        """Rows of the corpus that were left out as duplicates."""
        return self.cache.rows - self._rows

    @property
    def sha256(self) -> str:
        """Hash that names the training data: of the corpus, and of seed and size of the split."""
        corpus = self.cache.sha256 if self.dropped == 0 else sha256_of("without duplicates", self.cache.sha256)
        return corpus if self.split is None else self.split.sha256(corpus, self._rows)

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, position: int) -> list[TokenIds]:
        """Token ids of the texts at one position; raises IndexError outside range(len)."""
        if not 0 <= position < self._size:
            raise IndexError(f"position must be in [0, {self._size}), got {position}")
        return self.__getitems__([position])[0]

    def __getitems__(self, positions: Sequence[int]) -> list[list[TokenIds]]:
        """Token ids at several positions; DataLoader asks for a batch this way."""
        return [self.cache[row] for row in self.rows(positions).tolist()]

    def lengths(self, positions: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Tokens of the longest text of each row, special tokens included."""
        return self.cache.lengths(self.rows(positions))

    def rows(self, positions: Sequence[int] | npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Rows of the cache, blank ones not counted, at several positions."""
        rows = np.asarray(positions, dtype=np.int64)
        if self.split is not None:
            rows = self.split.rows(self._rows, rows)
        return rows if self._kept is None else self._kept[rows]
