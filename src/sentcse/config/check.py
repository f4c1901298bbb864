"""Check a composed configuration against the schema and the rules: every fault at once."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from sentcse.config.explain import explain_all
from sentcse.config.generator_schema import GeneratorConfig, generator_contradictions
from sentcse.config.method_options import METHOD_OPTIONS, CustomMethodOptions
from sentcse.config.rules import contradictions
from sentcse.config.schema import TrainConfig
from sentcse.config.section import Section
from sentcse.errors import ConfigError

C = TypeVar("C", bound=Section)

PLACEHOLDER = "?"


def check_config(values: dict[str, Any]) -> TrainConfig:
    """The typed configuration of plain, resolved values.

    Raises:
        ConfigError: with one sentence a line for every fault.
    """
    return check_with_rules(TrainConfig, contradictions, values, {**METHOD_OPTIONS, "custom": CustomMethodOptions})


def check_generator_config(values: dict[str, Any]) -> GeneratorConfig:
    """The typed configuration of `python -m sentcse.generator`.

    Raises:
        ConfigError: with one sentence a line for every fault.
    """
    return check_with_rules(GeneratorConfig, generator_contradictions, values, {})


def check_with_rules(
    model: type[C],
    rules: Callable[[C], list[str]],
    values: dict[str, Any],
    tags: Mapping[str, type[BaseModel]],
) -> C:
    """The typed configuration of plain, resolved values.

    Args:
        model: the schema.
        rules: the contradictions of a configuration that meets it.
        values: what is checked.
        tags: options class by the tag that pydantic puts into the path of a fault.

    Raises:
        ConfigError: with one sentence a line for every fault.
    """
    try:
        config = model.model_validate(values)
        faults = rules(config)
    except ValidationError as error:
        faults = explain_all(model, error.errors(), dict(tags))
        faults += _contradictions_of_the_rest(model, rules, values, error)
    if faults:
        raise ConfigError("\n".join(faults))
    return config


def check_command(model: type[C], values: dict[str, Any]) -> C:
    """The typed settings of a command that composes nothing.

    Raises:
        ConfigError: with one sentence a line for every fault.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise ConfigError("\n".join(explain_all(model, error.errors(), {}))) from None


def _contradictions_of_the_rest(
    model: type[C], rules: Callable[[C], list[str]], values: dict[str, Any], error: ValidationError
) -> list[str]:
    """What the rules find once the faulty keys have their defaults, or hold something where there is none."""
    rest = copy.deepcopy(values)
    for fault in error.errors():
        section, key = _holder(rest, fault["loc"])
        section.pop(key, None)
    try:
        model.model_validate(rest)
    except ValidationError as error_of_rest:
        for fault in error_of_rest.errors():
            section, key = _holder(rest, fault["loc"])
            section[key] = PLACEHOLDER
    # a list is one value
    faulty = {".".join(str(part) for part in fault["loc"] if isinstance(part, str)) for fault in error.errors()} - {""}
    try:
        # what a faulty key's stand-in leads to is no fault of the user's
        return [each for each in rules(model.model_validate(rest)) if not any(_names(each, key) for key in faulty)]
    except ValidationError:
        return []  # a whole group is missing, which the rules would have to look into


def _names(sentence: str, key: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(key)}(?![\w.]\w)", sentence) is not None


def _holder(values: dict[str, Any], location: tuple[int | str, ...]) -> tuple[dict[str, Any], str]:
    """The innermost group that holds a faulty value, and its key there: a list is one value."""
    section = values
    path = [str(part) for part in location if part != "custom" and part not in METHOD_OPTIONS]
    for part in path[:-1]:
        inner = section.get(part)
        if not isinstance(inner, dict):
            return section, part
        section = inner
    return section, path[-1]
