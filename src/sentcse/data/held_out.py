"""A corpus in two parts: one to train on, one that scores the model and is never trained on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from sentcse.data.collator import ViewCollator
from sentcse.data.datamodule import SentenceDataModule
from sentcse.data.dataset import SentenceDataset, TokenRows
from sentcse.data.permutation import Permutation, Positions
from sentcse.data.sampler import SMALLEST_BATCH
from sentcse.data.token_cache import TokenIds
from sentcse.errors import DataError

# Keeps the choice of the held-out part apart from low-shot splits and from the order of batches.
_DOMAIN = 0x6865_6C64_5F6F_7574  # "held_out"
_ROWS_AT_ONCE = 1024


class DatasetPart(TokenRows):
    """The rows of a dataset at positions [start, stop) of a permutation of it."""

    def __init__(self, dataset: SentenceDataset, permutation: Permutation, start: int, stop: int) -> None:
        self.dataset = dataset
        self.permutation = permutation
        self.start = start
        self.stop = stop

    def __len__(self) -> int:
        return self.stop - self.start

    def __getitem__(self, position: int) -> list[TokenIds]:
        """Token ids of the texts at one position; raises IndexError outside range(len)."""
        if not 0 <= position < len(self):
            raise IndexError(f"position must be in [0, {len(self)}), got {position}")
        return self.__getitems__([position])[0]

    def __getitems__(self, positions: Sequence[int]) -> list[list[TokenIds]]:
        """Token ids at several positions; DataLoader asks for a batch this way."""
        rows = self.permutation(np.asarray(positions, dtype=np.int64) + self.start)
        return self.dataset.__getitems__(rows.tolist())

    def lengths(self, positions: Positions) -> Positions:
        """Tokens of the longest text of each row, special tokens included."""
        return self.dataset.lengths(self.permutation(positions + self.start))


class EachTextOnce:
    """Batches with every text once: without the second view that `ViewCollator` makes of a single column."""

    def __init__(self, collator: ViewCollator) -> None:
        self.collator = collator

    def __call__(self, rows: Sequence[list[TokenIds]]) -> dict[str, Tensor]:
        """`input_ids` and `attention_mask` of `rows`, int64 of shape (rows, columns, tokens)."""
        return {name: values[:, : self.collator.columns] for name, values in self.collator(rows).items()}


class HeldOutDataModule(SentenceDataModule):
    """`SentenceDataModule` without the held-out part, whose rows `held_out_texts` gives.

    Which rows are held out depends on the corpus and these arguments alone.

    Args:
        share: share of the rows that is held out.
        at_most: rows that are held out, however many there are.
        held_out_seed: which rows.
        as_views: train on views, as `SentenceDataModule` does; else on every text once, for a masked language model.
        key: of the settings in a configuration, for messages.
        **arguments: those of `SentenceDataModule`.
    """

    def __init__(
        self,
        *,
        share: float,
        at_most: int,
        held_out_seed: int,
        as_views: bool = False,
        key: str = "held_out",
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        self.as_views = as_views
        self.key = key
        self.share = share
        self.at_most = at_most
        self.held_out_seed = held_out_seed
        self._parts: tuple[DatasetPart, DatasetPart] | None = None

    def setup(self, stage: str | None = None) -> None:
        """Open the cache and cut the corpus.

        Raises:
            DataError: faults of the corpus; too few sentences for the two parts.
        """
        super().setup(stage)
        if self._parts is None:
            rows = len(self._ready)
            held_out = min(self.at_most, int(rows * self.share))
            if held_out < 1 or rows - held_out < SMALLEST_BATCH:
                raise self._too_few(rows, held_out)
            permutation = Permutation(rows, (self.held_out_seed, _DOMAIN))
            self._parts = (
                DatasetPart(self._ready, permutation, 0, held_out),
                DatasetPart(self._ready, permutation, held_out, rows),
            )
        self._check_size(self.sentences)

    @property
    def sentences(self) -> int:
        """Rows that are trained on, without the held-out part."""
        return len(self._cut[1])

    def held_out_texts(self) -> list[TokenIds]:
        """Token ids of every held-out text that is not in the training part as well.

        Raises:
            DataError: if none is left.
        """
        texts = list(_texts(self._cut[0]))
        counts = Counter(text.tobytes() for text in texts)
        # a text that the corpus holds more often than the held-out part is in the training part, too
        everywhere = Counter(key for text in _texts(self._ready) if (key := text.tobytes()) in counts)
        left = [text for text in texts if everywhere[text.tobytes()] == counts[text.tobytes()]]
        if not left:
            raise DataError(
                f"{self.source.name}: each of the {len(texts)} held-out sentences is in the training part as well: "
                f"remove duplicates, or set a larger {self.key}.share."
            )
        return left

    @property
    def _cut(self) -> tuple[DatasetPart, DatasetPart]:
        if self._parts is None:
            raise ValueError("setup() must be called before the data are asked for")
        return self._parts

    def _too_few(self, rows: int, held_out: int) -> DataError:
        share = "larger" if held_out < 1 else "smaller"
        # no share cuts two parts of fewer rows than this
        remedy = f", or a {share} share" if rows > SMALLEST_BATCH else ""
        return DataError(
            f"{self.source.name} gives {rows} sentences, too few to hold out {self.key}.share={self.share:g} of "
            f"them ({held_out}) and train on the others: take a larger corpus or split{remedy}."
        )

    def _rows(self) -> DatasetPart:
        return self._cut[1]

    def _collator(self) -> Callable[[Sequence[list[TokenIds]]], dict[str, Tensor]]:
        views = ViewCollator(self._pad_token_id(), self._ready.cache.columns, self.pad_to_multiple_of)
        return views if self.as_views else EachTextOnce(views)


def _texts(dataset: SentenceDataset | DatasetPart) -> Iterator[TokenIds]:
    for start in range(0, len(dataset), _ROWS_AT_ONCE):
        for row in dataset.__getitems__(range(start, min(start + _ROWS_AT_ONCE, len(dataset)))):
            yield from row
