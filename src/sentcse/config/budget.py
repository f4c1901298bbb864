"""How long a low-shot run trains: equal steps for all sizes, or the published epochs of its size."""

from __future__ import annotations

from omegaconf import OmegaConf

from sentcse.errors import ConfigError

CORPUS = 1_000_000
"""Sentences of the corpus that the published splits were cut from."""
PUBLISHED_EPOCHS = {100_000: 10, 10_000: 50, 1_000: 500, 100: 2500}
"""Sentences of a split, and the passes over it that the README of miCSE's code gives."""


def published_epochs(percent: float | None, size: int | None) -> int:
    """Passes over a split of this percentage of a million sentences, or of this many sentences.

    Raises:
        ConfigError: if there is no split, or none was published of this size.
    """
    if percent is None and size is None:
        raise ConfigError(
            "budget=epochs is the published number of epochs of a low-shot split: set data.low_shot.percent (or size), "
            "or leave budget out."
        )
    asked = f"{size} sentences" if percent is None else f"{percent:g} percent"
    sentences = size if percent is None else round(float(percent) * CORPUS / 100)
    if sentences not in PUBLISHED_EPOCHS:
        raise ConfigError(
            f"No number of epochs was published for a split of {asked}: set trainer.max_epochs beside budget=epochs, "
            "use 0.01, 0.1, 1 or 10 percent, or budget=steps."
        )
    return PUBLISHED_EPOCHS[sentences]


def register_resolvers() -> None:
    """Let configuration files say ${published_epochs:PERCENT,SIZE}."""
    OmegaConf.register_new_resolver("published_epochs", published_epochs, replace=True)
