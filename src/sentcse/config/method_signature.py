"""Do the options of a method from outside the package fit its signature? Asked before anything is loaded."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from sentcse.config.method_options import CustomMethodOptions, SimCSEOptions


def accepted_options(method: type, options: CustomMethodOptions) -> dict[str, Any]:
    """The options that the method takes."""
    given, accepted = options.model_dump(exclude={"target"}), keywords(method)
    return {name: value for name, value in given.items() if name in accepted}


def strange_options(options: CustomMethodOptions) -> Iterator[str]:
    """A sentence for every option that the method does not take.

    `defaults` merge the options of SimCSE into those of a `_target_` that a command line names: one that has its
    default there is left out instead. A target that cannot be imported gets its sentence when it is built.
    """
    module, _, name = options.target.rpartition(".")
    try:
        method: Any = getattr(import_module(module), name)
    except Exception:  # what a module of the user's does while it is imported can be anything
        return
    accepted = keywords(method) if isinstance(method, type) else set()
    merged = {name: field.default for name, field in SimCSEOptions.model_fields.items()}
    for option, value in options.model_dump(exclude={"target"}).items():
        if accepted and option not in accepted and not (option in merged and merged[option] == value):
            yield (
                f"method.{option}={value} is no option of {options.target}: it takes "
                f"{', '.join(sorted(accepted - LOADED))}."
            )


LOADED = {"self", "optimizer", "origin", "generator", "encoder", "chunk"}
"""Arguments that are no options: `build` makes them of other settings."""


def keywords(method: type) -> set[str]:
    """Keyword arguments of a method's `build` and constructor, and of the base classes to which they hand the rest."""
    return {name for function in ("build", "__init__") for name in _along_the_bases(method, function)}


def _along_the_bases(method: type, function: str) -> Iterator[str]:
    for base in method.__mro__:
        if function not in vars(base):
            continue
        given: Callable[..., Any] = getattr(base, function)
        parameters = inspect.signature(given).parameters.values()
        yield from (each.name for each in parameters if each.kind in (each.KEYWORD_ONLY, each.POSITIONAL_OR_KEYWORD))
        if not any(each.kind is each.VAR_KEYWORD for each in parameters):
            return
