"""Tests mirror the source: every module has a test file of its name, and every test file names a module."""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).parent
SOURCE = TESTS.parent / "src" / "sentcse"
CONSTANTS = {
    "evaluation/scores/classifiers/settings.py": "SentEval's numbers, with which tests/flows/ gets SentEval's scores",
    "evaluation/tasks/headings.py": "four names, which selection and score tables are tested with",
}
"""Modules without anything that could be called, and where a wrong value would be noticed."""
FLOWS = TESTS / "flows"
"""Tests of whole commands and of what goes through several rooms: they name no module."""
ABOUT_THE_PROJECT = {
    "test_dependencies.py": "pyproject.toml",
    "test_docs.py": "docs/",
    "test_house.py": "the order of the rooms",
    "test_mirror.py": "tests/",
    "test_notebooks.py": "notebooks/",
    "test_packaging.py": "the wheel",
}
"""Test files that name no module, and what they test."""


def test_modules_have_test_files() -> None:
    modules = {path.relative_to(SOURCE) for path in SOURCE.rglob("*.py") if path.name != "__init__.py"}
    without = {str(path) for path in modules if not (TESTS / path.parent / f"test_{path.stem}.py").is_file()}
    assert without == set(CONSTANTS)


def test_test_files_name_a_module_or_a_room() -> None:
    files = [path for path in TESTS.rglob("test_*.py") if not path.is_relative_to(FLOWS)]
    named = {path: SOURCE / path.parent.relative_to(TESTS) / path.stem.removeprefix("test_") for path in files}
    strange = {path for path, name in named.items() if not name.is_dir() and not name.with_suffix(".py").is_file()}
    assert {str(path.relative_to(TESTS)) for path in strange} == set(ABOUT_THE_PROJECT)
