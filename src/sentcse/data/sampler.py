"""Batch order as a pure function of (seed, epoch), and a loader that continues in the middle of an epoch."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from sentcse.data.length_windows import Lengths, LengthWindows
from sentcse.data.permutation import Permutation

# In-batch negatives: a sentence that is alone in its batch has none.
SMALLEST_BATCH = 2
_BLOCK_BATCHES = 64
_PARALLELISM = "TOKENIZERS_PARALLELISM"


class PureBatchSampler(Sampler[list[int]]):
    """Batches of positions whose order depends on nothing but (seed, epoch): not on workers, ranks or what ran before.

    An epoch is a permutation of all positions, cut into global batches of `batch_size * world_size`; each rank takes
    its contiguous part. The last batch may be short, as in the published training loops, unless `drop_last`. It is
    dropped when a rank would get fewer than two sentences, which have no negatives, and cut to a multiple of the ranks:
    DDP waits at every step for all ranks, so each needs as many batches, and it averages their gradients with equal
    weights, so each batch needs as many rows.

    Args:
        size: number of positions.
        batch_size: positions in a batch of one rank.
        seed: seed of the order.
        drop_last: leave the last short batch out.
        rank: number of this process.
        world_size: number of processes.
        length_window: batches over which positions are sorted by length, see `LengthWindows`; None for no sorting.
        lengths: tokens at several positions; needed for a `length_window`.

    Raises:
        ValueError: `rank` is not in range(world_size), there is not a single batch, or `lengths` are missing.
    """

    def __init__(
        self,
        size: int,
        batch_size: int,
        seed: int,
        drop_last: bool = False,
        rank: int = 0,
        world_size: int = 1,
        *,
        length_window: int | None = None,
        lengths: Lengths | None = None,
    ) -> None:
        if not 0 <= rank < world_size:
            raise ValueError(f"rank must be in [0, {world_size}), got {rank}")
        self.size, self.batch_size, self.seed = size, batch_size, seed
        self.rank, self.world_size = rank, world_size
        self.length_window, self.lengths = length_window, lengths
        self.epoch = 0
        self.start = 0
        whole, rest = divmod(size, batch_size * world_size)
        self._last = 0 if drop_last or rest < SMALLEST_BATCH * world_size else rest // world_size
        self._batches = whole + (self._last > 0)
        if self._batches == 0:
            raise ValueError(
                f"size must give each of {world_size} ranks a batch (batch_size {batch_size}, "
                f"drop_last {drop_last}), got {size}"
            )
        if length_window is not None and lengths is None:
            raise ValueError("lengths must be given with a length_window")
        # Lightning calls set_epoch on `batch_sampler.sampler` only.
        self.sampler = self

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of an epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Batches of an epoch, the same on every rank."""
        return self._batches

    def __iter__(self) -> Iterator[list[int]]:
        """Batches from number `start`; nothing is read for those before it."""
        order = self._order()
        for first in range(self.start, self._batches, _BLOCK_BATCHES):
            # A block of batches at once, as each call of the order has a fixed cost.
            numbers = range(first, min(first + _BLOCK_BATCHES, self._batches))
            spans = [self._span(number) for number in numbers]
            indices = order(np.concatenate([np.arange(*span, dtype=np.int64) for span in spans])).tolist()
            done = 0
            for begin, end in spans:
                yield indices[done : done + end - begin]
                done += end - begin

    def _order(self) -> Permutation | LengthWindows:
        shuffled = Permutation(self.size, (self.seed, self.epoch))
        if self.length_window is None or self.lengths is None:
            return shuffled
        return LengthWindows(shuffled, self.lengths, batch=self.batch_size * self.world_size, window=self.length_window)

    def _span(self, number: int) -> tuple[int, int]:
        is_last = self._last > 0 and number == self._batches - 1
        length = self._last if is_last else self.batch_size
        begin = number * self.batch_size * self.world_size + self.rank * length
        return begin, begin + length


class ResumableLoader(DataLoader[Any]):
    """A DataLoader that counts its batches in the main process and continues after the last one that was handed out.

    It follows Lightning's protocol for stateful loaders, so a checkpoint in the middle of an epoch holds the position.
    That checkpoint must be written while `fit` runs: after it, Lightning 2.6 counts the epoch it stopped in as
    finished, and a continued run would leave the order of one epoch out.

    Args:
        dataset: a dataset with `__getitem__`.
        batch_sampler: the order.
        **options: further options of DataLoader.
    """

    batch_sampler: PureBatchSampler

    def __init__(self, dataset: Dataset[Any], batch_sampler: PureBatchSampler, **options: Any) -> None:
        # A generator of its own: else each epoch would draw from the global one, and shift the dropout after it.
        super().__init__(dataset, batch_sampler=batch_sampler, generator=torch.Generator(), **options)
        self._position = 0
        self._resume: tuple[int, int] | None = None

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        """Batches of the epoch; the first time after `load_state_dict`, the rest of it."""
        sampler = self.batch_sampler
        self._position = 0
        if self._resume is not None:
            (sampler.epoch, self._position), self._resume = self._resume, None
        sampler.start = self._position
        with _tokenizers_without_threads():
            batches = super().__iter__()
        for batch in batches:
            self._position += 1
            yield batch

    def state_dict(self) -> dict[str, int]:
        """Epoch and number of batches handed out in it; at the end of an epoch, the start of the next one."""
        epoch, position = (self.batch_sampler.epoch, self._position) if self._resume is None else self._resume
        batches = len(self.batch_sampler)
        return {"epoch": epoch + position // batches, "position": position % batches}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Continue from a saved place at the next iteration."""
        self._resume = state["epoch"], state["position"]


@contextlib.contextmanager
def _tokenizers_without_threads() -> Iterator[None]:
    """Fork workers with TOKENIZERS_PARALLELISM=false: else the library warns in each, or hangs if it is used there."""
    before = os.environ.get(_PARALLELISM)
    os.environ[_PARALLELISM] = "false"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_PARALLELISM]
        else:
            os.environ[_PARALLELISM] = before
