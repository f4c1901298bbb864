"""The mean of several encoders' weights: seeds of one recipe become one encoder."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sentcse.data.hashing import tokenizer_as_text
from sentcse.errors import SentcseError
from sentcse.modules.interpolation import average
from sentcse.storage.parts import EncoderParts

OF_NO_WEIGHT = {"transformers_version", "dtype", "torch_dtype", "architectures"}
"""Keys of a backbone's configuration that say nothing of its architecture; dropouts, of training alone, are others."""


def average_encoders(members: Mapping[str, EncoderParts]) -> EncoderParts:
    """An encoder whose weights are the mean of those of others (Wortsman et al. 2022, the uniform soup).

    All but the weights and the record is the first one's.

    Args:
        members: at least one, by the names that the record and the messages give them.

    Raises:
        SentcseError: if one has a head, which began with random weights of its own, or two differ in more than weights.
    """
    names, parts = list(members), list(members.values())
    headed = next((name for name, each in members.items() if each.head is not None), None)
    if headed is not None:
        raise SentcseError(
            f"{headed} has a head at test time, which began with random weights of its own: encoders are averaged "
            "without heads only; train with method.projection_at_eval=false."
        )
    for name, other in zip(names[1:], parts[1:], strict=True):
        difference = _difference(parts[0], other)
        if difference is not None:
            raise SentcseError(
                f"{name} and {names[0]} differ in {difference} and cannot be averaged: name encoders of one recipe "
                "that began with the same model."
            )
    backbone = copy.deepcopy(parts[0].backbone)
    backbone.load_state_dict(average([each.backbone.state_dict() for each in parts]))
    return replace(parts[0], backbone=backbone, provenance=average_record(names, [each.provenance for each in parts]))


def average_record(names: Sequence[str], records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the records of all members say, and who they are; not their steps and scores, which are not the mean's."""
    kept = {key: value for key, value in _common(records).items() if key not in ("scores", "selection", "average")}
    recipes: list[Mapping[str, Any]] = [record.get("recipe", {}) for record in records]
    recipe = _common(recipes)
    if len(recipe) > 0:
        kept["recipe"] = recipe
    seeds = [recipe["seed"] for recipe in recipes if "seed" in recipe]
    chosen = _common([record.get("selection", {}) for record in records])
    made: dict[str, Any] = {"members": list(names), "seeds": seeds if len(seeds) == len(names) else []}
    return {**kept, "average": made | {key: chosen[key] for key in ("metric", "labels", "rule") if key in chosen}}


def _common(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    first, *others = records
    return {key: value for key, value in first.items() if all(key in each and each[key] == value for each in others)}


def _difference(first: EncoderParts, other: EncoderParts) -> str | None:
    """What two encoders differ in beside their weights; None for nothing that matters."""
    compared = {
        "architecture": (_architecture(first), _architecture(other)),
        "tokenizer": (tokenizer_as_text(first.tokenizer), tokenizer_as_text(other.tokenizer)),
        "pooler": (first.pooler, other.pooler),
        "max_length": (first.max_length, other.max_length),
        "prompt or dimensions": ((first.prompt, first.dimensions), (other.prompt, other.dimensions)),
    }
    return next((what for what, (one, two) in compared.items() if one != two), None)


def _architecture(parts: EncoderParts) -> tuple[dict[str, Any], dict[str, tuple[int, ...]]]:
    config = {
        key: value
        for key, value in parts.backbone.config.to_dict().items()
        if key not in OF_NO_WEIGHT and not key.startswith("_") and "dropout" not in key
    }
    return config, {name: tuple(tensor.shape) for name, tensor in parts.backbone.state_dict().items()}
