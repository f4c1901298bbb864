"""Configurations for tests, composed in this process as the command line would."""

from __future__ import annotations

from typing import Any

import hydra
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import open_dict

from sentcse.command import plain_values, tolerant_overrides
from sentcse.config import TrainConfig, check_config
from sentcse.config.paths import config_dir


def compose(*overrides: str, config_name: str = "train") -> dict[str, Any]:
    """Plain values of a file of configs/ with overrides, unchecked."""
    try:
        with hydra.initialize_config_dir(str(config_dir()), version_base="1.3"):
            composed = hydra.compose(config_name, tolerant_overrides(overrides, config_dir()), return_hydra_config=True)
            HydraConfig.instance().set_config(composed)
            with open_dict(composed):
                del composed["hydra"]
            return plain_values(composed)
    finally:
        GlobalHydra.instance().clear()
        HydraConfig.instance().cfg = None


def checked(*overrides: str) -> TrainConfig:
    """The typed configuration of overrides."""
    return check_config(compose(*overrides))
