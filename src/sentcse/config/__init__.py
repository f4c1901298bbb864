"""The schema of configurations, and what checks them."""

from sentcse.config.check import check_config
from sentcse.config.schema import TrainConfig

__all__ = ["TrainConfig", "check_config"]
