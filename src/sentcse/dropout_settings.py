"""The dropout probabilities of a backbone's configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PretrainedConfig


def set_dropout(config: PretrainedConfig, probability: float) -> None:
    """Set every dropout probability that the backbone's configuration knows, classifier heads excepted."""
    for name in dropout_settings(config):
        setattr(config, name, probability)


def dropout_settings(config: PretrainedConfig) -> dict[str, float]:
    """The backbone's dropout probabilities by their names in its config.json."""
    return {
        name: float(value)
        for name, value in config.to_dict().items()
        if "dropout" in name and isinstance(value, (int, float)) and not isinstance(value, bool)
        if not any(part in name for part in ("classif", "summary", "qa_"))
    }
