"""The settings of the export, as they are written on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sentcse.config.check import check_command
from sentcse.config.exporting import ExportConfig
from sentcse.errors import ConfigError


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, []),
        ({"checkpoint": "a"}, ["a"]),
        ({"checkpoint": ["a", "b"]}, ["a", "b"]),
        ({"from": ["a", "b"]}, ["a", "b"]),
    ],
)
def test_one_checkpoint_several_or_none(given: dict[str, Any], named: list[str]) -> None:
    config = check_command(ExportConfig, {"output": "x", **given})
    assert config.checkpoints == named
    assert config.source is None


def test_from_is_a_word_of_pythons(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert check_command(ExportConfig, {"output": "x", "from": "~/a.bin"}).source == str(Path("/home/me/a.bin"))


def test_a_misspelt_one_is_told_by_the_name_that_is_written() -> None:
    with pytest.raises(ConfigError, match="form is not a known setting; did you mean from"):
        check_command(ExportConfig, {"output": "x", "form": "y"})
