from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

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
        with pytest.raises(OSError, match="No space left"):
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
