"""The experiments of configs/experiment/ whose scores were published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sentcse.config.paths import config_dir
from sentcse.errors import ConfigError
from sentcse.machine.plain_yaml import read_yaml


def published_recipes() -> dict[str, Mapping[str, Any]]:
    """`recipe` of every experiment that has a published score, by the experiment's name."""
    files = sorted((config_dir() / "experiment").glob("*.yaml"))
    recipes = {file.stem: read_yaml(file).get("recipe", {}) for file in files}
    return {name: recipe for name, recipe in recipes.items() if len(recipe.get("published", {})) > 0}


def require_published(names: Sequence[str]) -> None:
    """Refuse what has no published score to be measured against.

    Raises:
        ConfigError: if no recipe is named, one is named twice, does not exist or has no published score.
    """
    known = published_recipes()
    exist = f"there are {', '.join(known)}."
    if len(names) == 0:
        raise ConfigError(f"Name the recipes to reproduce, as the first words; {exist}")
    unknown = [name for name in names if name not in known]
    if len(unknown) > 0:
        raise ConfigError(f"There is no recipe {unknown[0]!r} with a published score to reproduce; {exist}")
    if len(set(names)) < len(names):
        raise ConfigError(f"A recipe is named twice: {', '.join(names)}; name each once.")
