"""A corpus as tokens on disk, read through a memory map."""

from __future__ import annotations

import logging
import mmap
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sentcse.data.cache_build import build_cache, cache_key
from sentcse.data.cache_files import OFFSETS, TOKENS, CacheMeta, read_intact, read_meta
from sentcse.data.corpus_report import CorpusReport
from sentcse.data.source import Source
from sentcse.errors import DataError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

logger = logging.getLogger(__name__)

TokenIds = npt.NDArray[np.unsignedinteger]
_READS_BETWEEN_DROPS = 128


class TokenCache:
    """Rows of token ids in a memory map; resident memory does not grow with the corpus.

    Args:
        folder: folder of the cache.
        key: the key that it must have.

    Raises:
        DataError: there is no whole cache with this key; `open_or_build` makes one.
    """

    def __init__(self, folder: Path, key: str) -> None:
        meta = read_meta(folder, key)
        if meta is None:
            raise DataError(
                f"{folder} holds no whole token cache for this corpus and tokenizer: delete it and start again."
            )
        self.folder = folder
        self.meta: CacheMeta = meta
        self._maps = [_map(folder / OFFSETS), _map(folder / TOKENS)]
        self._offsets = np.frombuffer(self._maps[0], dtype="<i8")
        self._tokens: TokenIds = np.frombuffer(self._maps[1], dtype=np.dtype(meta.dtype))
        self._reads = 0

    @classmethod
    def open_or_build(
        cls,
        source: Source,
        tokenizer: PreTrainedTokenizerBase,
        max_length: int,
        cache_dir: Path,
        *,
        progress: bool = True,
    ) -> TokenCache:
        """Open the cache of a corpus, tokenised first if there is none, or one of which a byte is wrong.

        Args:
            source: the corpus.
            tokenizer: a tokenizer; only its special tokens, vocabulary and rules count for the key.
            max_length: tokens of a text, special tokens included.
            cache_dir: folder of all caches.
            progress: show a progress bar while tokenising.

        Raises:
            DataError: faults of the corpus, or a folder that cannot be written.
        """
        key = cache_key(source, tokenizer, max_length)
        folder = cache_dir / key[:32]
        if read_intact(folder, key) is None:
            if folder.exists():
                logger.warning("The token cache %s is damaged: it is made again.", folder)
            build_cache(source, tokenizer, max_length, folder, key, progress)
        return cls(folder, key)

    @property
    def rows(self) -> int:
        """Rows that are not blank."""
        return self.meta.report.rows

    @property
    def columns(self) -> int:
        """Texts of a row, 1 to 3."""
        return self.meta.report.columns

    @property
    def report(self) -> CorpusReport:
        """What was found when the corpus was read."""
        return self.meta.report

    @property
    def sha256(self) -> str:
        """Hash of the corpus (not of the tokens): it names the training data."""
        return self.meta.data_sha256

    def __len__(self) -> int:
        return self.rows

    def __getitem__(self, row: int) -> list[TokenIds]:
        """Token ids of each text of a row: `columns` read-only views of shape (tokens,) into the memory map.

        Raises:
            IndexError: `row` is not in range(rows).
        """
        if not 0 <= row < self.rows:
            raise IndexError(f"row must be in [0, {self.rows}), got {row}")
        self._drop_touched_pages()
        first = row * self.columns
        ends = self._offsets[first : first + self.columns + 1].tolist()
        return [self._tokens[ends[column] : ends[column + 1]] for column in range(self.columns)]

    def lengths(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Tokens of the longest text of each of `rows`, special tokens included."""
        self._drop_touched_pages()
        ends = self._offsets[rows[:, None] * self.columns + np.arange(self.columns + 1)]
        longest: npt.NDArray[np.int64] = np.diff(ends, axis=1).max(axis=1)
        return longest

    def _drop_touched_pages(self) -> None:
        """Let go of the pages read so far: else, after an epoch, the whole file counts as memory of this process.

        They stay in the page cache of the system, and a view that is still in use faults its page in again.
        """
        self._reads += 1
        if self._reads % _READS_BETWEEN_DROPS == 0:
            for mapped in self._maps:
                _advise(mapped, "MADV_DONTNEED")

    def __reduce__(self) -> tuple[type[TokenCache], tuple[Path, str]]:
        """Pickled (for worker processes that are spawned) as where it lies."""
        return TokenCache, (self.folder, self.meta.key)


def _map(path: Path) -> mmap.mmap:
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    _advise(mapped, "MADV_RANDOM")
    return mapped


def _advise(mapped: mmap.mmap, advice: str) -> None:
    # Windows has no madvise; macOS lacks some kinds of it.
    option = getattr(mmap, advice, None)
    if option is not None:
        mapped.madvise(option)
