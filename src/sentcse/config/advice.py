"""Settings that work and seldom do what is hoped for: one sentence each, for the log."""

from __future__ import annotations

from collections.abc import Iterator

from sentcse.config.data import Data
from sentcse.config.evaluation import LABEL_FREE
from sentcse.config.schema import TrainConfig

SMALL_BATCH = 32
"""Below it the statistics of BatchNorm are mostly noise."""
FEW_HELD_OUT = 64
"""Below it a warning: a batch of the published recipes has as many sentences."""


def advice(config: TrainConfig) -> Iterator[str]:
    """What to know of a configuration that is allowed."""
    data, trainer = config.data, config.trainer
    if config.method.head == "batchnorm":
        yield from _batchnorm(data)
    if trainer.accumulate_grad_batches > 1:
        yield (
            f"Each sentence meets the negatives of its own batch of {data.batch_size} only: accumulating "
            f"{trainer.accumulate_grad_batches} batches averages their gradients and adds no negatives; a larger "
            f"data.batch_size with data.chunk={data.chunk or data.batch_size} does, in the same memory."
        )
    if trainer.max_steps is not None and trainer.max_steps < config.evaluation.every_n_steps:
        yield (
            f"The run ends at step {trainer.max_steps}, before the first evaluation at step "
            f"{config.evaluation.every_n_steps}: only its last step can be selected."
        )
    held_out = held_out_sentences(config)
    if held_out is not None and held_out < FEW_HELD_OUT:
        yield (
            f"The step is selected on {held_out} held-out sentences, fewer than one batch of the published "
            "recipes: set a larger evaluation.held_out.share, or evaluation.select=last."
        )


def held_out_sentences(config: TrainConfig) -> int | None:
    """Sentences of a low-shot split that select; None where none do, or only the corpus can tell."""
    size, held_out = split_size(config.data), config.evaluation.held_out
    if size is None or config.evaluation.select not in LABEL_FREE:
        return None
    return min(held_out.at_most, int(size * held_out.share))


def _batchnorm(data: Data) -> Iterator[str]:
    size = split_size(data)
    usual = data.batch_size if size is None else min(size, data.batch_size)
    last = usual if size is None else size % data.batch_size
    if usual < SMALL_BATCH:
        yield (
            f"BatchNorm in the head takes its statistics from {usual} sentences, twice each: expect noise; "
            f"{SMALL_BATCH} or more are better, or method.head=linear_tanh."
        )
    elif 1 < last < SMALL_BATCH and not data.drop_last:
        yield (
            f"The last batch of every epoch has {last} sentences, from which BatchNorm in the head takes statistics, "
            "twice each: data.drop_last=true leaves it out (published: kept)."
        )


def split_size(data: Data) -> int | None:
    """Sentences of the low-shot split; None where there is none, or only the corpus can tell."""
    published = data.published_file
    if data.low_shot.percent is not None and published is not None and published.rows is not None:
        return round(published.rows * data.low_shot.percent / 100)
    return data.low_shot.size
