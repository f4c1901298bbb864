"""The usual files, made once, and a copy of them for a test to damage."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of `make_usual_files`."""
    from usual_files import make_usual_files  # here, as it imports all that trains

    return make_usual_files(tmp_path_factory.mktemp("usual") / "usual")


@pytest.fixture
def place(usual: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the usual files, which is the current folder."""
    shutil.copytree(usual, tmp_path / "place")
    monkeypatch.chdir(tmp_path / "place")
    return tmp_path / "place"
