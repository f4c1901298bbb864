"""Configurations for tests, composed in this process as the command line would."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

import pytest

from sentcse.command import composition
from sentcse.config import TrainConfig, check_config
from sentcse.errors import ConfigError


def compose(*overrides: str, config_name: str = "train") -> dict[str, Any]:
    """Plain values of a file of configs/ with overrides, unchecked."""
    return composition.compose(overrides, config_name)


def checked(*overrides: str) -> TrainConfig:
    """The typed configuration of overrides."""
    return check_config(compose(*overrides))


@cache
def _default() -> dict[str, Any]:
    return compose("data=text", "data.path=x.txt")


def change(**changes: Any) -> dict[str, Any]:
    """Plain values of a corpus in x.txt and the defaults, with `section__key=value`."""
    values = copy.deepcopy(_default())
    for path, value in changes.items():
        section = values
        *parents, last = path.split("__")
        for part in parents:
            section = section[part]
        section[last] = value
    return values


def faults(**changes: Any) -> list[str]:
    """What is said of the values of `change`, a line for each fault."""
    with pytest.raises(ConfigError) as fault:
        check_config(change(**changes))
    assert fault.value.exit_code == 2
    return str(fault.value).splitlines()
