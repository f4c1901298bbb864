"""The order of the rooms holds: data and imports flow one way, and nobody enters through a door."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
FILES_IN_ROOT = 16
APART = {
    "evaluation": {"methods"},
    "methods": {"evaluation"},
    "data": {"encoder", "storage", "methods", "modules", "losses", "evaluation", "training"},
    "losses": set(),
}
"""What a room may not import although it lies below: evaluation knows encoders, data no model. Losses: nothing."""


def load_rooms() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_rooms", ROOT / "docs" / "rooms.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where a dataclass looks for its types
    spec.loader.exec_module(module)
    return module


rooms = load_rooms()


def faults(found: Sequence[Any]) -> Iterator[str]:
    """A sentence for every import that the order forbids."""
    place = rooms.order()
    for each in found:
        importer, imported = each.rooms
        where = f"{each.path.name}:{each.line}: {each.module} imports {each.target}"
        unknown = {importer, imported} - set(place)
        if unknown:
            yield f"{where}: {min(unknown)} is not a room of docs/rooms.py"
        elif each.target in rooms.DOORS:
            yield f"{where}: a door, which nothing imports"
        elif importer == imported:
            continue
        elif importer == "losses":
            yield f"{where}: losses import nothing of the project"
        elif place[importer] > place[imported]:
            yield f"{where}: {importer} lies below {imported}"
        elif imported in APART.get(importer, set()):
            yield f"{where}: {importer} does not know {imported}"


def test_imports_follow_the_order_of_the_rooms() -> None:
    assert list(faults(rooms.imports())) == []


def test_no_module_imports_itself_by_way_of_others() -> None:
    assert rooms.circles(rooms.imports()) == []


def test_few_files_lie_in_the_root() -> None:
    files = sorted(path.name for path in (rooms.SOURCE / "sentcse").iterdir() if path.is_file())
    assert len(files) <= FILES_IN_ROOT, files


def test_every_room_and_door_is_there() -> None:
    there = rooms.modules()
    assert set(there) >= rooms.DOORS
    assert {rooms.room(module) for module in there} - {"sentcse", "hydra_plugins"} == set(rooms.order())


def test_doors_are_the_commands_of_the_package() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    started = set(re.findall(r'^sentcse-\w+ = "([\w.]+):main"$', project, re.MULTILINE))
    assert started | {"hydra_plugins.sentcse_sweeper"} == rooms.DOORS


def test_the_page_names_every_room_and_only_files_that_are_there() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = " ".join(line.split("|")[1] for line in page.splitlines() if line.startswith("| `"))
    for name in set(rooms.order()) - {"doors"}:
        assert f"`{name}/`" in rows or f"`{name}.py`" in rows, name
    for named in re.findall(r"`([\w/]+\.py)`", page):
        if "my_" not in named:
            places = (ROOT / named, ROOT / "src" / "sentcse" / named, rooms.SOURCE / "sentcse" / "methods" / named)
            assert any(place.is_file() for place in places), named


def test_picture_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert rooms.main(["--check"]) == 0, capsys.readouterr().err


@pytest.fixture
def house(tmp_path: Path) -> Any:
    """Writes modules by dotted name below a folder; returns their imports."""

    def build(**sources: str) -> list[Any]:
        for name, text in sources.items():
            path = tmp_path.joinpath(*name.split("__")).with_suffix(".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        found: list[Any] = rooms.imports(tmp_path)
        return found

    return build


@pytest.mark.parametrize(
    ("importer", "text", "fault"),
    [
        ("storage__opening", "from sentcse.encoder import SentenceEncoder", "storage lies below encoder"),
        ("storage__opening", "def f():\n    import sentcse.encoder", "opening.py:2: sentcse.storage.opening imports"),
        ("data__lines", "from ..modules import pooling", "data does not know modules"),
        ("evaluation__run", "from sentcse.methods.base import Method", "evaluation lies below methods"),
        ("losses__mine", "from sentcse.errors import DataError", "losses import nothing"),
        ("studies__page", "from sentcse import report", "a door"),
        ("attic__box", "from sentcse.errors import DataError", "attic is not a room"),
    ],
)
def test_a_forbidden_import_is_named(house: Any, importer: str, text: str, fault: str) -> None:
    others = dict.fromkeys(("encoder", "report", "errors", "modules__pooling", "methods__base"), "")
    found = house(**{f"sentcse__{name}": text for name, text in {**others, importer: text}.items()})
    (said,) = faults(found)
    assert fault in said


def test_an_import_for_type_checkers_is_none(house: Any) -> None:
    text = "if TYPE_CHECKING:\n    from sentcse.encoder import SentenceEncoder\nelse:\n    import sentcse.errors"
    found = house(sentcse__storage__parts=text, sentcse__encoder="", sentcse__errors="")
    assert [each.target for each in found] == ["sentcse.errors"]


def test_a_circle_is_found_wherever_it_begins(house: Any) -> None:
    found = house(
        sentcse__a="import sentcse.b",
        sentcse__b="def late():\n    from sentcse.c import x",
        sentcse__c="from sentcse.d import y\nimport sentcse.b",
        sentcse__d="",
    )
    assert rooms.circles(found) == [["sentcse.b", "sentcse.c"]]
    assert rooms.circles([each for each in found if each.module != "sentcse.c"]) == []


FLOORS_OF_EVALUATION = ("tasks", "scores", "statistics", "reports", "run")


def test_a_room_of_the_evaluation_imports_no_later_one() -> None:
    def floor(module: str) -> int:
        return FLOORS_OF_EVALUATION.index(module.removeprefix("sentcse.evaluation.").split(".")[0])

    inside = [each for each in rooms.imports() if each.target.startswith("sentcse.evaluation.")]
    inside = [each for each in inside if each.module.startswith("sentcse.evaluation.")]
    assert len(inside) > 20
    assert [each for each in inside if floor(each.target) > floor(each.module)] == []
