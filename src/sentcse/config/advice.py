"""Settings that work and seldom do what is hoped for: one sentence each, for the log."""

from __future__ import annotations

from collections.abc import Iterator

from sentcse.config.schema import TrainConfig

SMALL_BATCH = 32
"""Below it the statistics of BatchNorm are mostly noise."""


def advice(config: TrainConfig) -> Iterator[str]:
    """What to know of a configuration that is allowed."""
    data, trainer = config.data, config.trainer
    sizes = [data.batch_size] if data.low_shot.size is None else [data.batch_size, data.low_shot.size]
    if config.method.head == "batchnorm" and min(sizes) < SMALL_BATCH:
        yield (
            f"BatchNorm in the head takes its statistics from {min(sizes)} sentences, twice each: expect noise; "
            f"{SMALL_BATCH} or more are better, or method.head=linear_tanh."
        )
    if trainer.accumulate_grad_batches > 1:
        yield (
            f"Each sentence meets the negatives of its own batch of {data.batch_size} only: accumulating "
            f"{trainer.accumulate_grad_batches} batches averages their gradients and adds no negatives."
        )
    if trainer.max_steps is not None and trainer.max_steps < config.evaluation.every_n_steps:
        yield (
            f"The run ends after {trainer.max_steps} steps, before the first evaluation at step "
            f"{config.evaluation.every_n_steps}: only its last step can be selected."
        )
