from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from sentcse.errors import SentcseError
from sentcse.training.resuming import StepSeed, WholeFileCheckpointIO, step_seed


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


def test_a_checkpoint_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "last.ckpt"
    WholeFileCheckpointIO().save_checkpoint({"weight": torch.arange(3)}, path)
    found = WholeFileCheckpointIO().load_checkpoint(path, weights_only=True)
    assert torch.equal(found["weight"], torch.arange(3))
    assert [file.name for file in path.parent.iterdir()] == ["last.ckpt"]


def test_a_failed_write_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "last.ckpt"
    WholeFileCheckpointIO().save_checkpoint({"step": 1}, path)
    before = path.read_bytes()

    def disk_full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", disk_full)
        with pytest.raises(SentcseError, match=r"last\.ckpt cannot be written .*No space left.*same command continues"):
            WholeFileCheckpointIO().save_checkpoint({"step": 2}, path)
    assert path.read_bytes() == before
    WholeFileCheckpointIO().save_checkpoint({"step": 2}, path)
    assert WholeFileCheckpointIO().load_checkpoint(path)["step"] == 2
    assert [file.name for file in tmp_path.iterdir()] == ["last.ckpt"]


def test_nothing_is_written_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    renamed: list[tuple[Path, Path]] = []
    replace = os.replace
    monkeypatch.setattr(os, "replace", lambda old, new: renamed.append((Path(old), Path(new))) or replace(old, new))
    WholeFileCheckpointIO().save_checkpoint({"step": 1}, tmp_path / "last.ckpt")
    ((old, new),) = renamed
    assert old.parent == new.parent == tmp_path


@pytest.fixture
def little_room() -> Iterator[None]:
    """No file of this process may grow beyond 100 KiB: torch's writer meets what a full disk is to it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100 * 2**10, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_file_that_cannot_grow_gets_a_sentence(tmp_path: Path, little_room: None) -> None:
    path = tmp_path / "last.ckpt"
    WholeFileCheckpointIO().save_checkpoint({"step": 1}, path)
    with pytest.raises(SentcseError, match=r"last\.ckpt cannot be written .*is the disk full\?"):
        WholeFileCheckpointIO().save_checkpoint({"weight": torch.ones(2**18)}, path)
    assert WholeFileCheckpointIO().load_checkpoint(path) == {"step": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["last.ckpt"]


@pytest.mark.parametrize("signal", [SystemExit(143), KeyboardInterrupt()], ids=["SIGTERM", "Ctrl-C"])
def test_a_signal_while_writing_stays_a_signal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, signal: BaseException
) -> None:
    """The handler raises in the midst of torch's writer, which raises a fault of its own on its way out."""
    path = tmp_path / "last.ckpt"
    WholeFileCheckpointIO().save_checkpoint({"step": 1}, path)

    def stopped(content: object, file: Path) -> None:
        file.write_bytes(b"half")
        try:
            raise signal
        finally:
            raise RuntimeError("unexpected pos 64 vs 0")

    monkeypatch.setattr(torch, "save", stopped)
    with pytest.raises(type(signal)) as found:
        WholeFileCheckpointIO().save_checkpoint({"step": 2}, path)
    assert found.value is signal
    assert WholeFileCheckpointIO().load_checkpoint(path) == {"step": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["last.ckpt"]
