"""Every module has a test file of its name, in the folder of tests/ that mirrors its own."""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).parent
SOURCE = TESTS.parent / "src" / "sentcse"
OPEN = TESTS / "modules_without_test_file.txt"
"""Modules that are tested through others only. A line goes when its module has a file; none is added."""


def test_modules_have_test_files_and_the_open_list_only_shrinks() -> None:
    modules = {path.relative_to(SOURCE) for path in SOURCE.rglob("*.py") if path.name != "__init__.py"}
    without = {str(path) for path in modules if not (TESTS / path.parent / f"test_{path.stem}.py").is_file()}
    assert sorted(without) == OPEN.read_text(encoding="utf-8").splitlines()
