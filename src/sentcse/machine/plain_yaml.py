"""YAML that is read back: plain values, no deeper than anybody nests them, without names for what stands elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from sentcse.errors import SentcseError
from sentcse.machine.files import first_line

DEEPEST = 50
"""Levels. What is read here is written by this package, which needs fewer than ten."""


class _Plain(yaml.SafeLoader):
    """Refuses aliases, by which a file of a few lines becomes endless, and what is nested too deep to walk through."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("it holds an alias (*name), which no file of this package does")
        self.depth += 1
        if self.depth > DEEPEST:
            raise yaml.YAMLError(f"it is nested more than {DEEPEST} levels deep")
        node: yaml.Node | None = super().compose_node(parent, index)
        self.depth -= 1
        return node


def read_yaml(path: Path) -> Any:
    """The content of a YAML file.

    Raises:
        SentcseError: if it cannot be read, is no YAML, holds an alias, or is nested more than `DEEPEST` levels deep.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_Plain)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise SentcseError(f"{path} cannot be read ({first_line(error)}): move it away.") from error
