"""Tests mirror the source: every module has a test file of its name, and every test file names a module."""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).parent
SOURCE = TESTS.parent / "src" / "sentcse"
OPEN = TESTS / "modules_without_test_file.txt"
"""Modules that are tested through others only. A line goes when its module has a file; none is added."""
CONSTANTS = {
    "evaluation/scores/classifiers/settings.py": "SentEval's numbers, with which tests/flows/ gets SentEval's scores",
    "evaluation/tasks/headings.py": "four names, which selection and score tables are tested with",
}
"""Modules without anything that could be called, and where a wrong value would be noticed."""
ROOMS = (
    "",
    "command",
    "config",
    "data",
    "evaluation",
    "losses",
    "machine",
    "methods",
    "modules",
    "printing",
    "records",
    "retrieval",
    "storage",
    "studies",
    "sweeps",
    "training",
)
"""Folders of tests/ whose every file names a module; `""` is tests/ itself."""
ABOUT_THE_PROJECT = {
    "test_dependencies.py": "pyproject.toml",
    "test_docs.py": "docs/",
    "test_house.py": "the order of the rooms",
    "test_mirror.py": "tests/",
    "test_notebooks.py": "notebooks/",
    "test_packaging.py": "the wheel",
}
"""Test files that name no module, and what they test."""


def test_modules_have_test_files_and_the_open_list_only_shrinks() -> None:
    modules = {path.relative_to(SOURCE) for path in SOURCE.rglob("*.py") if path.name != "__init__.py"}
    without = {str(path) for path in modules if not (TESTS / path.parent / f"test_{path.stem}.py").is_file()}
    assert set(CONSTANTS) <= without
    assert sorted(without - set(CONSTANTS)) == OPEN.read_text(encoding="utf-8").splitlines()


def test_test_files_name_a_module_or_a_room() -> None:
    files = [path for room in ROOMS for path in (TESTS / room).glob("**/test_*.py" if room else "test_*.py")]
    named = {path: SOURCE / path.parent.relative_to(TESTS) / path.stem.removeprefix("test_") for path in files}
    strange = {path for path, name in named.items() if not name.is_dir() and not name.with_suffix(".py").is_file()}
    assert {str(path.relative_to(TESTS)) for path in strange} == set(ABOUT_THE_PROJECT)
