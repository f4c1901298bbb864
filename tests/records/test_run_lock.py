from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from sentcse.errors import BusyError
from sentcse.records.run_lock import is_locked, locked


def test_a_run_that_is_held_says_so(tmp_path: Path) -> None:
    assert not is_locked(tmp_path)
    with locked(tmp_path):
        assert is_locked(tmp_path)
        with pytest.raises(BusyError, match=f"Another process is training in {tmp_path}: wait"), locked(tmp_path):
            pass
    assert not is_locked(tmp_path)
    assert not is_locked(tmp_path / "nowhere")


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_trained_on_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, number: int
) -> None:
    fcntl = pytest.importorskip("fcntl", reason="no fcntl here")

    def refuse(*arguments: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with locked(tmp_path):
        assert not is_locked(tmp_path)
    assert "train it in one process only" in caplog.text
