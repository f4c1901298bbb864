"""The rooms of evaluation: what is scored, scores, statistics of scores, what is written of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import sentcse.evaluation

ROOMS = ("tasks", "scores", "statistics", "reports", "run")
FOLDER = Path(sentcse.evaluation.__file__).parent
IMPORTED = re.compile(r"^\s*(?:from|import) sentcse\.evaluation\.(\w+)", re.MULTILINE)


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.py")), ids=lambda path: str(path.relative_to(FOLDER)))
def test_no_room_imports_a_later_one(path):
    if path == FOLDER / "__init__.py":
        assert IMPORTED.findall(path.read_text()) == []
        return
    own = ROOMS.index(path.relative_to(FOLDER).parts[0].removesuffix(".py"))
    assert [room for room in IMPORTED.findall(path.read_text()) if ROOMS.index(room) > own] == []
