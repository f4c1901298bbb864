from __future__ import annotations

import itertools
import os

import pytest
import torch
from torch.utils.data import Dataset

from sentcse.data.sampler import PureBatchSampler, ResumableLoader


class Numbers(Dataset[int]):
    def __init__(self, size: int) -> None:
        self.size = size

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, position: int) -> int:
        return position


def make_loader(workers: int = 0, size: int = 103) -> ResumableLoader:
    sampler = PureBatchSampler(size, 10, seed=5)
    return ResumableLoader(Numbers(size), sampler, num_workers=workers, persistent_workers=workers > 0)


def epoch_of(loader: ResumableLoader, epoch: int) -> list[list[int]]:
    loader.batch_sampler.set_epoch(epoch)
    return [batch.tolist() for batch in loader]


@pytest.mark.parametrize("size", [2, 9, 10, 12, 100, 1999])
def test_an_epoch_holds_every_position_once(size: int) -> None:
    batches = list(PureBatchSampler(size, 10, seed=1))
    assert sorted(itertools.chain.from_iterable(batches)) == list(range(size))
    assert len(batches) == len(PureBatchSampler(size, 10, seed=1)) == -(-size // 10)
    assert all(len(batch) == 10 for batch in batches[:-1])


def test_order_is_a_function_of_seed_and_epoch() -> None:
    first = PureBatchSampler(50, 8, seed=1)
    orders = {}
    for seed, epoch in itertools.product((1, 2), (0, 1)):
        sampler = PureBatchSampler(50, 8, seed)
        sampler.set_epoch(epoch)
        torch.manual_seed(seed * 100 + epoch)
        orders[seed, epoch] = list(sampler)
    assert len({str(order) for order in orders.values()}) == 4
    assert list(first) == orders[1, 0] == list(first)


def test_sixty_four_sentences_at_batch_sixty_four_are_one_batch() -> None:
    assert [len(batch) for batch in PureBatchSampler(64, 64, 0)] == [64]
    assert [len(batch) for batch in PureBatchSampler(50, 64, 0)] == [50]


def test_last_batch() -> None:
    assert [len(batch) for batch in PureBatchSampler(25, 10, 0)] == [10, 10, 5]
    assert [len(batch) for batch in PureBatchSampler(25, 10, 0, drop_last=True)] == [10, 10]
    assert [len(batch) for batch in PureBatchSampler(21, 10, 0)] == [10, 10]  # one alone has no negatives


@pytest.mark.parametrize("size", [12, 13, 24, 25, 29, 30, 31, 35, 40, 41, 4 * 6 * 70 + 17])
@pytest.mark.parametrize("world_size", [2, 3, 4])
def test_ranks_share_the_global_batches(size: int, world_size: int) -> None:
    ranks = [list(PureBatchSampler(size, 6, 3, rank=rank, world_size=world_size)) for rank in range(world_size)]
    shapes = {tuple(len(batch) for batch in rank) for rank in ranks}
    assert len(shapes) == 1
    assert min(shapes.pop()) >= 2
    together = [list(itertools.chain.from_iterable(parts)) for parts in zip(*ranks, strict=True)]
    alone = list(PureBatchSampler(size, 6 * world_size, 3))
    for joint, single in zip(together, alone, strict=False):
        assert joint == single[: len(joint)]
    left_out = size - sum(map(len, together))
    assert left_out < 2 * world_size


def test_refuses_what_gives_no_batch() -> None:
    with pytest.raises(ValueError, match="got 9"):
        PureBatchSampler(9, 10, 0, drop_last=True)
    with pytest.raises(ValueError, match="got 1"):
        PureBatchSampler(1, 10, 0)
    with pytest.raises(ValueError, match="each of 4 ranks"):
        PureBatchSampler(7, 10, 0, world_size=4)
    with pytest.raises(ValueError, match=r"rank must be in \[0, 2\), got 2"):
        PureBatchSampler(50, 10, 0, rank=2, world_size=2)


@pytest.mark.parametrize("workers", [0, 2])
def test_continues_where_it_stopped(workers: int) -> None:
    reference = make_loader()
    whole = [epoch_of(reference, epoch) for epoch in range(3)]
    stopped = make_loader(workers)
    stopped.batch_sampler.set_epoch(1)
    seen = [batch.tolist() for batch in itertools.islice(stopped, 4)]
    state = stopped.state_dict()
    assert state == {"epoch": 1, "position": 4}
    fresh = make_loader(workers)
    fresh.load_state_dict(state)
    assert fresh.state_dict() == state
    rest = [batch.tolist() for batch in fresh]  # iterated before set_epoch, as Lightning does
    assert seen + rest == whole[1]
    assert epoch_of(fresh, 2) == whole[2]


def test_state_at_the_end_of_an_epoch_is_the_start_of_the_next() -> None:
    loader = make_loader()
    epoch_of(loader, 0)
    assert loader.state_dict() == {"epoch": 1, "position": 0}
    fresh = make_loader()
    fresh.load_state_dict(loader.state_dict())
    assert [batch.tolist() for batch in fresh] == epoch_of(make_loader(), 1)


class Variable(Numbers):
    def __getitem__(self, position: int) -> int:
        return ["", "false", "true"].index(os.environ.get("TOKENIZERS_PARALLELISM", ""))


@pytest.mark.parametrize("before", [None, "true"])
def test_workers_start_with_tokenizers_that_cannot_hang(before: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if before is None:
        monkeypatch.delenv("TOKENIZERS_PARALLELISM", raising=False)
    else:
        monkeypatch.setenv("TOKENIZERS_PARALLELISM", before)
    loader = ResumableLoader(Variable(8), PureBatchSampler(8, 4, seed=0), num_workers=1)
    assert [batch.tolist() for batch in loader] == [[1] * 4] * 2
    assert os.environ.get("TOKENIZERS_PARALLELISM") == before


def test_iterating_leaves_the_global_generator_alone() -> None:
    state = torch.get_rng_state()
    epoch_of(make_loader(), 0)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    ("size", "drop_last", "batches"),
    [
        (64, False, [64]),
        (64, True, [64]),
        (100, False, [64, 36]),
        (100, True, [64]),
        (20, False, [20]),
        (65, False, [64]),  # the one that is over would have no negatives
        (66, False, [64, 2]),
        (2, False, [2]),
    ],
)
def test_batches_of_an_epoch(size: int, drop_last: bool, batches: list[int]) -> None:
    sampler = PureBatchSampler(size, 64, seed=48, drop_last=drop_last)
    assert [len(batch) for batch in sampler] == batches
    assert len(sampler) == len(batches)


@pytest.mark.parametrize(("size", "drop_last"), [(63, True), (1, False)])
def test_a_split_without_a_batch_is_refused(size: int, drop_last: bool) -> None:
    with pytest.raises(ValueError, match="size must give each of 1 ranks a batch"):
        PureBatchSampler(size, 64, seed=48, drop_last=drop_last)


def test_sixty_four_sentences_are_one_batch_in_another_order_every_epoch() -> None:
    sampler = PureBatchSampler(64, 64, seed=48)
    orders = []
    for epoch in range(3):
        sampler.set_epoch(epoch)
        (batch,) = sampler
        assert sorted(batch) == list(range(64))
        orders.append(tuple(batch))
    assert len(set(orders)) == 3


def test_who_is_left_out_changes_from_epoch_to_epoch() -> None:
    sampler = PureBatchSampler(65, 64, seed=48)
    left_out = set()
    for epoch in range(20):
        sampler.set_epoch(epoch)
        (batch,) = sampler
        left_out |= set(range(65)) - set(batch)
    assert len(left_out) > 10
