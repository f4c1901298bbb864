from __future__ import annotations

from pathlib import Path

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
