"""What of a file is on the disk when it gets its name: a power cut must not leave a name without its content."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest


def note_renames(monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """From here on: by the last part of the new name of each os.replace, whether all its files had been synced."""
    synced: set[int] = set()
    found: dict[str, bool] = {}
    sync, replace = os.fsync, os.replace

    def note_sync(file: Any) -> None:
        synced.add(os.fstat(file).st_ino)
        sync(file)

    def note_replace(old: Any, new: Any) -> None:
        files = [Path(old), *Path(old).rglob("*")]
        found[Path(new).name] = all(path.stat().st_ino in synced for path in files if path.is_file())
        replace(old, new)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(os, "replace", note_replace)
    return found
