"""A hub and its cache in one folder, in place of the model hub."""

from __future__ import annotations

from pathlib import Path

import pytest
from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

from sentcse.storage import model_files


class Hub:
    """Stands in for `hf_hub_download`: a cache and a hub of files by name."""

    def __init__(self, folder: Path, *, cached: set[str], online: set[str], reachable: bool) -> None:
        self.folder, self.cached, self.online, self.reachable = folder, cached, online, reachable
        self.asked: list[str] = []

    def download(self, source: str, name: str, *, revision: str | None = None, local_files_only: bool = False) -> str:
        if local_files_only:
            if name not in self.cached:
                raise LocalEntryNotFoundError(name)
            return str(self.folder / name)
        self.asked.append(name)
        if name not in self.online:
            raise EntryNotFoundError(name)
        return str(self.folder / name)

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("huggingface_hub.hf_hub_download", self.download)
        monkeypatch.setattr(model_files, "hub_is_reachable", lambda: self.reachable)
