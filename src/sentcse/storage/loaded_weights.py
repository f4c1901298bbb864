"""Compare weights that were loaded with the encoder that its configuration describes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from sentcse.errors import SentcseError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

STORED_BY_OLDER_VERSIONS = {"position_ids", "token_type_ids"}
"""Constants that older versions of transformers saved among the weights."""


def check_loaded(
    name_or_path: str | Path,
    backbone: PreTrainedModel,
    missing: Iterable[str],
    unexpected: Iterable[str],
    mismatched: Iterable[tuple[str, tuple[int, ...], tuple[int, ...]]],
) -> None:
    """Refuse weights that are not those which the backbone's configuration asks for.

    Args:
        name_or_path: where the weights are from, for messages.
        backbone: what they were loaded into.
        missing: names of the backbone's weights that were not there.
        unexpected: names of weights without a place in it.
        mismatched: name, shape that was there and shape that was asked for.

    Raises:
        SentcseError: naming the first such weight.
    """
    absent = sorted(missing)
    if absent:
        raise SentcseError(
            f"{name_or_path} lacks {len(absent)} weights of a {backbone.config.model_type} encoder ({absent[0]}, ...): "
            "they would start random; give a complete checkpoint."
        )
    refuse_unused(name_or_path, backbone, unexpected)
    for name, has, expected in sorted(mismatched):
        raise SentcseError(
            f"{name_or_path}: {name} has the shape {has}, where its config.json asks for {expected}: "
            "weights and config.json are of two models; give a folder as it was saved."
        )


def refuse_unused(name_or_path: str | Path, backbone: PreTrainedModel, unexpected: Iterable[str]) -> None:
    """Refuse a checkpoint with weights of the encoder that its config.json leaves no place for, such as more layers.

    Other weights, a pooling layer or the heads of other tasks, are not the encoder's.

    Raises:
        SentcseError: naming the first such weight.
    """
    parts = {name for name, _ in backbone.named_children()}
    names = sorted(name.removeprefix(f"{backbone.base_model_prefix}.") for name in unexpected)
    unused = [
        name
        for name in names
        if name.partition(".")[0] in parts and name.rpartition(".")[2] not in STORED_BY_OLDER_VERSIONS
    ]
    if unused:
        raise SentcseError(
            f"{name_or_path} holds {len(unused)} weights of its encoder that its config.json has no place for "
            f"({unused[0]}, ...): weights and config.json are of two models; give a folder as it was saved."
        )
