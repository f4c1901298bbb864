from __future__ import annotations

import itertools

import numpy as np
import pytest

from sentcse.data.length_windows import LengthWindows
from sentcse.data.permutation import Permutation, Positions
from sentcse.data.sampler import PureBatchSampler


def lengths(positions: Positions) -> Positions:
    """Ten lengths, spread over the positions."""
    return positions * 7919 % 10 + 3


@pytest.mark.parametrize("size", [20, 23, 100, 101, 4 * 5 * 3 + 4])
def test_windows_sorted_and_cut_into_batches_that_are_shuffled(size: int) -> None:
    """Against a loop over lists; a size may end with a part of a window, of a batch, or of both."""
    batch, window = 5, 4
    shuffled = Permutation(size, (3, 1))
    found = LengthWindows(shuffled, lengths, batch=batch, window=window)(np.arange(size)).tolist()
    rows = shuffled(np.arange(size)).tolist()
    whole = size - size % batch
    for begin in range(0, whole, batch * window):
        end = min(begin + batch * window, whole)
        by_length = sorted(rows[begin:end], key=lambda row: int(lengths(np.array([row]))[0]))
        expected = [by_length[first : first + batch] for first in range(0, len(by_length), batch)]
        batches = [found[first : first + batch] for first in range(begin, end, batch)]
        assert sorted(batches) == sorted(expected)
    assert found[whole:] == rows[whole:]


def test_any_positions_in_any_order_give_what_the_whole_epoch_has_there() -> None:
    order = LengthWindows(Permutation(203, (3, 1)), lengths, batch=5, window=4)
    whole = order(np.arange(203))
    some = np.array([202, 0, 77, 19, 20, 21, 150, 199, 200])
    assert order(some).tolist() == whole[some].tolist()


def test_batches_lie_in_another_order_than_their_lengths() -> None:
    order = LengthWindows(Permutation(400, (3, 1)), lengths, batch=10, window=40)
    means = lengths(order(np.arange(400))).reshape(40, 10).mean(1)
    assert sorted(means.tolist()) not in (means.tolist(), means[::-1].tolist())
    assert abs(np.corrcoef(means, np.arange(40))[0, 1]) < 0.5


def test_an_epoch_of_a_sampler_holds_every_position_once_and_depends_on_seed_and_epoch() -> None:
    orders = {}
    for seed, epoch in itertools.product((1, 2), (0, 1)):
        sampler = PureBatchSampler(103, 10, seed, length_window=3, lengths=lengths)
        sampler.set_epoch(epoch)
        orders[seed, epoch] = list(sampler)
        assert sorted(itertools.chain.from_iterable(orders[seed, epoch])) == list(range(103))
        assert [len(batch) for batch in orders[seed, epoch]] == [10] * 10 + [3]
        found = [lengths(np.array(batch)) for batch in orders[seed, epoch][:9]]
        assert np.mean([batch.max() - batch.min() for batch in found]) < 5  # 9 or nearly, where nothing is sorted
    assert len({str(order) for order in orders.values()}) == 4


def test_a_sampler_begins_anywhere() -> None:
    sampler = PureBatchSampler(2003, 10, 1, length_window=7, lengths=lengths)
    whole = list(sampler)
    for start in (1, 6, 7, 63, 64, 65, 200):
        sampler.start = start
        assert list(sampler) == whole[start:]


def test_ranks_share_the_batches_of_one_process() -> None:
    alone = list(PureBatchSampler(131, 12, 3, length_window=4, lengths=lengths))
    ranks = [
        PureBatchSampler(131, 4, 3, rank=rank, world_size=3, length_window=4, lengths=lengths) for rank in range(3)
    ]
    together = [list(itertools.chain.from_iterable(parts)) for parts in zip(*ranks, strict=True)]
    assert together[:-1] == alone[:-1]
    assert together[-1] == alone[-1][: len(together[-1])]


def test_lengths_are_needed() -> None:
    with pytest.raises(ValueError, match="lengths must be given with a length_window"):
        PureBatchSampler(103, 10, 1, length_window=3)
