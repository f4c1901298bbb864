"""Hydra finds sweepers in this namespace only; what it does is in `sentcse.sweeps.sweep`.

Every Hydra program of the environment imports this file, so it imports nothing of sentcse before a sweep begins.
"""

from __future__ import annotations

from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

# a plain node: Hydra executes this file without entering it in sys.modules, where a dataclass would look for its types
ConfigStore.instance().store(
    group="hydra/sweeper",
    name="sentcse",
    node={"_target_": "hydra_plugins.sentcse_sweeper.SentcseSweeper", "params": {}, "max_batch_size": None},
    provider="sentcse",
)


class SentcseSweeper(Sweeper):
    """Every combination of the axes, as runs that are skipped when done, continued when interrupted, else begun.

    Args:
        params: axes of the sweep beside those of the command line, which win.
        max_batch_size: jobs that a parallel launcher gets at once; None: all.
    """

    def __init__(self, params: dict[str, str], max_batch_size: int | None) -> None:
        self.params = params
        self.max_batch_size = max_batch_size

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep what Hydra hands over."""
        self.hydra_context, self.task_function, self.config = hydra_context, task_function, config

    def sweep(self, arguments: list[str]) -> Any:
        """Run all jobs.

        Raises:
            SentcseError: if the sweep is refused, or not all jobs are done at its end.
        """
        from sentcse.sweeps.sweep import Sweep

        assert self.hydra_context is not None
        assert self.task_function is not None
        assert self.config is not None
        Sweep(
            self.hydra_context,
            self.task_function,
            self.config,
            params=dict(self.params),
            max_batch_size=self.max_batch_size,
        ).run(arguments)
