"""Configurations for tests, composed in this process as the command line would."""

from __future__ import annotations

from typing import Any

from sentcse.command import composition
from sentcse.config import TrainConfig, check_config


def compose(*overrides: str, config_name: str = "train") -> dict[str, Any]:
    """Plain values of a file of configs/ with overrides, unchecked."""
    return composition.compose(overrides, config_name)


def checked(*overrides: str) -> TrainConfig:
    """The typed configuration of overrides."""
    return check_config(compose(*overrides))
