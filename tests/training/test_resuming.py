from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch

from sentcse.training.resuming import StepSeed, step_seed


def test_every_part_counts() -> None:
    seeds = {step_seed(*parts) for parts in [(1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1), (0, 0, 0, 0)]}
    assert len(seeds) == 5
    # digits of two parts must not run into each other
    assert step_seed(1, 11, 1, 0) != step_seed(11, 1, 1, 0)


def test_no_two_steps_of_a_run_share_a_seed() -> None:
    seeds = {step_seed(42, epoch, batch, 0) for epoch in range(3) for batch in range(2000)}
    assert len(seeds) == 6000
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_the_seed_is_the_same_on_every_machine() -> None:
    assert step_seed(42, 0, 0, 0) == 3542620368399934404


def test_a_step_depends_on_nothing_that_came_before() -> None:
    def draw(epoch: int, batch: int, rank: int = 0, seed: int = 42) -> torch.Tensor:
        trainer: Any = SimpleNamespace(current_epoch=epoch, global_rank=rank)
        StepSeed(seed).on_train_batch_start(trainer, None, None, batch)  # type: ignore[arg-type]
        return torch.rand(3)

    first = draw(1, 2)
    torch.rand(100)
    assert torch.equal(draw(1, 2), first)
    others = [draw(2, 2), draw(1, 3), draw(1, 2, rank=1), draw(1, 2, seed=43)]
    assert not any(torch.equal(other, first) for other in others)
