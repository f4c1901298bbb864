"""The command line of a sweep, as it was given, and values in those of its jobs."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path


def quoted(text: str) -> str:
    """A value as Hydra reads it back, whatever is in it."""
    escaped = text.replace('"', '\\"')
    return f'"{escaped}"'


def command_line() -> str:
    """The command as it was given; Hydra's arguments have been changed to let unknown keys through to the schema."""
    words = [word.removeprefix("++") for word in sys.argv[1:]]
    module = getattr(getattr(sys.modules["__main__"], "__spec__", None), "name", None)
    start = (
        ["python", "-m", module] if module is not None and module.startswith("sentcse") else [Path(sys.argv[0]).name]
    )
    return shlex.join([*start, *words])
