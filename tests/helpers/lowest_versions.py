"""Print a constraints file of the lowest versions that pyproject.toml declares; torch is as constraints.txt has it.

python tests/helpers/lowest_versions.py > lowest.txt && pip install -c lowest.txt -e '.[dev]'
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pytest brings it there

ROOT = Path(__file__).parents[2]
PINNED = "torch"
"""Its builds depend on the platform, and the lowest may not exist for it."""
LOWER_BOUND = re.compile(r"[>=]=\s*([\w.]+)")


def read_project() -> dict[str, Any]:
    """The table `project` of pyproject.toml."""
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project


def name_of(requirement: str) -> str:
    """`numpy>=1.26,<3` -> `numpy`."""
    return re.split(r"[\[<>=; ]", requirement)[0]


def lowest(requirement: str) -> str | None:
    """`numpy>=1.26,<3` -> `numpy==1.26`, with its marker if it has one; None without a lower bound."""
    versions, divider, marker = requirement.partition(";")
    bound = LOWER_BOUND.search(versions)
    return None if bound is None else f"{name_of(versions)}=={bound[1]}{divider}{marker}"


def constraints() -> list[str]:
    """A line for each requirement, of all extras, that has a lower bound."""
    project = read_project()
    extras = [each for group in project["optional-dependencies"].values() for each in group]
    held = {lowest(each) for each in (*project["dependencies"], *extras) if name_of(each) != PINNED}
    pinned = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return sorted({each for each in held if each is not None} | {line for line in pinned if name_of(line) == PINNED})


if __name__ == "__main__":
    print("\n".join(constraints()))
