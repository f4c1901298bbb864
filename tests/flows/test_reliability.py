"""Whatever a command is given, it answers with a sentence and its exit code, and leaves nothing half written."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from reliability import Case, carry_out, cases

from sentcse.printing.tables import escape_markdown

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
CELL = re.compile(r"(?<!\\)\|")
SLOW = ("Runs that are continued", "Reports", "Methods of one's own", "Settings of a training")
"""Groups that compose or train a hundred times."""


def _parameters() -> Iterator[object]:
    for case in cases():
        marks = [pytest.mark.slow] if case.group in SLOW else []
        yield pytest.param(case, marks=marks, id=f"{case.command}-{case.given}")


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Path]:
    """A folder that is not there yet, and is deleted: hundreds of copies would be kept."""
    yield tmp_path / "place"
    shutil.rmtree(tmp_path / "place")


@pytest.mark.parametrize("case", _parameters())
def test_an_input_gets_its_sentence_and_its_code(
    case: Case, usual: Path, empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SENTCSE_DATA", raising=False)
    outcome = carry_out(case, usual, empty)
    assert outcome.defect == ""
    said = outcome.out + outcome.err
    assert outcome.code == case.code, said
    assert case.says in said
    assert len(outcome.faults) == case.faults, said
    assert case.faults == 0 or case.says in " ".join(outcome.faults)
    assert "Traceback" not in said
    assert outcome.left == ()


def test_every_case_is_another_and_says_what_it_expects() -> None:
    found = cases()
    assert len(found) >= 250
    assert len({(case.group, case.given) for case in found}) == len(found)
    assert [case.given for case in found if case.says == ""] == []


def test_the_page_shows_every_input_with_its_outcome() -> None:
    text = PAGE.read_text(encoding="utf-8")
    rows = [tuple(cell.strip() for cell in CELL.split(line)[1:-1]) for line in text.splitlines() if line[:1] == "|"]
    shown = {(cells[0], cells[2]): cells[1] for cells in rows if len(cells) == 3}
    for case in cases():
        printed = shown.get((escape_markdown(case.given), str(case.code)))
        assert printed is not None, f"{case.given} is not in docs/reliability.md: run python docs/reliability.py"
        assert len(printed) > 10, case.given
