from __future__ import annotations

from pathlib import Path

import pytest

from sentcse.config import paths
from sentcse.config.paths import config_dir


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that stands in for src/sentcse/."""
    folder = tmp_path / "src" / "sentcse"
    monkeypatch.setattr(paths, "__file__", str(folder / "config" / "paths.py"))
    return folder


def test_the_files_of_a_package_come_before_those_of_a_checkout(package: Path, tmp_path: Path) -> None:
    for folder in (tmp_path / "configs", package / "configs"):
        folder.mkdir(parents=True)
        (folder / "train.yaml").touch()
        assert config_dir() == folder


def test_a_folder_without_the_files_is_none(package: Path) -> None:
    (package / "configs").mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match="reinstall sentcse"):
        config_dir()


def test_the_real_one_has_a_file_for_each_command() -> None:
    assert {"train.yaml", "generator_train.yaml", "evaluate.yaml"} <= {path.name for path in config_dir().iterdir()}
