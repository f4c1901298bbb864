from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from sentcse.errors import SentcseError
from sentcse.training.resuming import WholeFileCheckpointIO


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
