"""Compose, check and run configurations."""

from sentcse.config.check import check_config
from sentcse.config.schema import TrainConfig

__all__ = ["TrainConfig", "check_config"]
