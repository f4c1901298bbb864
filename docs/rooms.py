"""The rooms of the house: their order, which import which, and the picture of docs/architecture.md.

python docs/rooms.py           draw docs/images/rooms.svg again
python docs/rooms.py --check   exit with 1 if the picture is out of date
python docs/rooms.py --measure [FOLDER]   files in the root, rooms, circles, lines: of this checkout or another

`tests/test_house.py` checks every import against the order that is written here.
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

SOURCE = Path(__file__).parents[1] / "src"
PICTURE = Path(__file__).parent / "images" / "rooms.svg"


class Room(NamedTuple):
    """A room: its name, the column of the picture that it stands in (None: all of them), what is in it."""

    name: str
    column: int | None
    words: str


FLOORS: tuple[tuple[Room, ...], ...] = (
    (
        Room(
            "doors",
            None,
            "train, evaluate, generator, export, report, reproduce, runs, search, encode, cluster, "
            "quickstart, dashboard, demo, data, mine, worth",
        ),
    ),
    (
        Room("worth", 0, "is training worth it?"),
        Room("sweeps", 1, "many jobs launched"),
        Room("studies", 3, "many runs compared"),
        Room("demo", 4, "a page to try it on"),
    ),
    (
        Room("training", 1, "one run"),
        Room("mine", 2, "hard negatives"),
        Room("compat", 3, "the published classes"),
        Room("command", 4, "composing, exit codes"),
    ),
    (
        Room("methods", 1, "SimCSE, DiffCSE, miCSE"),
        Room("evaluation", 2, "tasks, scores, statistics"),
        Room("clustering", 3, "clusters, their map"),
        Room("retrieval", 4, "search, mining"),
    ),
    (Room("encoder", 2, "SentenceEncoder"), Room("encoding", 3, "texts into vectors")),
    (Room("storage", 2, "models in and out"),),
    (Room("records", 0, "files of runs, sweeps"), Room("data", 3, "corpus, splits, cache")),
    (Room("config", 4, "the schema, its rules"),),
    (
        Room("printing", 0, "words, tables, figures"),
        Room("losses", 1, "pure functions"),
        Room("modules", 2, "parts of networks"),
        Room("machine", 4, "files, locks, devices"),
    ),
    (Room("errors", None, "faults in words"),),
)
"""An import goes to a floor further down, or to the right on its own."""

DOORS = frozenset(
    {
        "sentcse.train",
        "sentcse.evaluate",
        "sentcse.generator",
        "sentcse.export",
        "sentcse.report",
        "sentcse.reproduce",
        "sentcse.runs",
        "sentcse.search",
        "sentcse.cluster",
        "sentcse.encode",
        "sentcse.dashboard",
        "sentcse.quickstart",
        "sentcse.data.__main__",
        "sentcse.mine.__main__",
        "sentcse.demo.__main__",
        "sentcse.worth.__main__",
        "hydra_plugins.sentcse_sweeper",
    }
)
"""Modules that are started, by a user or by Hydra; nothing imports them."""


@dataclass(frozen=True)
class Import:
    """One import of a module of the project by another: where it stands and what it names."""

    path: Path
    line: int
    module: str
    target: str

    @property
    def rooms(self) -> tuple[str, str]:
        """The room that imports and the room that is imported."""
        return room(self.module), room(self.target)


def room(module: str) -> str:
    """The room of a module: the folder, or the file in the root, that it is in."""
    if module in DOORS:
        return "doors"
    first, *rest = module.split(".")
    return rest[0] if first == "sentcse" and rest else first


def modules(source: Path = SOURCE) -> dict[str, Path]:
    """Every module below a folder of packages, by its dotted name."""
    paths = {path: path.relative_to(source).with_suffix("").parts for path in sorted(source.rglob("*.py"))}
    return {".".join(parts).removesuffix(".__init__"): path for path, parts in paths.items()}


def imports(source: Path = SOURCE) -> list[Import]:
    """Every import of the project's own modules, those inside functions too, those for type checkers only left out."""
    known = modules(source)
    packages = {name.partition(".")[0] for name in known}
    found = []
    for module, path in known.items():
        for node in _executed(ast.parse(path.read_text(encoding="utf-8"))):
            for name in _names(node, module, is_package=path.name == "__init__.py"):
                if name.partition(".")[0] in packages:
                    # `from a.b import c` names a module, or something in the module a.b
                    target = name if name in known else name.rpartition(".")[0]
                    found.append(Import(path, node.lineno, module, target))  # type: ignore[attr-defined]
    return found


def circles(found: Sequence[Import]) -> list[list[str]]:
    """Groups of modules each of which imports every other of its group, by way of others too."""
    targets: dict[str, set[str]] = {}
    for each in found:
        if each.target != each.module:
            targets.setdefault(each.module, set()).add(each.target)

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        open_ends = [start]
        while open_ends:
            new = targets.get(open_ends.pop(), set()) - seen
            seen |= new
            open_ends += new
        return seen

    below = {module: reached(module) for module in targets}
    around = [module for module in below if module in below[module]]
    groups = {
        tuple(sorted(each for each in around if each in below[module] and module in below[each])) for module in around
    }
    return [list(group) for group in sorted(groups)]


def measure(checkout: Path) -> str:
    """What can be counted of a checkout's structure, on one line."""
    source = checkout / "src"
    there, found = modules(source), imports(source)
    root = source / "sentcse"
    rooms = {path.parent for path in there.values()} - {root, source, source / "hydra_plugins"}
    src, tests = (
        sum(path.read_bytes().count(b"\n") for path in (checkout / name).rglob("*.py")) for name in ("src", "tests")
    )
    return (
        f"{sum(path.suffix == '.py' for path in root.iterdir())} files in the root, {len(rooms)} rooms, "
        f"{len(there)} modules, "
        f"{len(circles(found))} circles, {src:,} lines of src, {tests:,} of tests"
    )


def _executed(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            yield from (inner for branch in child.orelse for inner in (branch, *_executed(branch)))
        else:
            yield child
            yield from _executed(child)


def _names(node: ast.AST, module: str, *, is_package: bool) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    parts = module.split(".")
    kept = parts[: len(parts) - node.level + is_package] if node.level > 0 else []
    base = ".".join([*kept, *([] if node.module is None else [node.module])])
    return [f"{base}.{alias.name}" for alias in node.names]


def essential(edges: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """The edges of a graph without circles that no way over other edges stands for."""
    below: dict[str, set[str]] = {}
    for start, end in edges:
        below.setdefault(start, set()).add(end)

    def reached(start: str) -> set[str]:
        return {room for end in below.get(start, ()) for room in {end, *reached(end)}}

    return {
        (start, end) for start, end in edges if not any(end in reached(other) for other in below[start] if other != end)
    }


WIDTH, COLUMNS, BOX, FLOOR, EDGE = 900, 5, (164, 48), 88, 10
FONT = 'font-family="Helvetica, Arial, sans-serif" text-anchor="middle"'
LINE = 'fill="none" stroke="#5a6b7b" stroke-width="1.4" marker-end="url(#tip)"'


def draw(pairs: set[tuple[str, str]]) -> str:
    """An SVG with a box for every room and an arrow for every pair of rooms, the upper first."""
    height = FLOOR * (len(FLOORS) - 1) + BOX[1] + 2 * EDGE
    everywhere = {room.name for floor in FLOORS for room in floor if room.column is None}
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}">',
        "<title>The rooms of sentcse: each imports those that its arrows lead to</title>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 L8 4 L0 8 z" fill="#5a6b7b"/></marker></defs>',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        *(_arrow(*pair) for pair in sorted(pairs) if not everywhere & set(pair)),
        *(_box(room, level) for level, floor in enumerate(FLOORS) for room in floor),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _middle(column: int | None) -> int:
    return WIDTH // 2 if column is None else WIDTH * (2 * column + 1) // (2 * COLUMNS)


def _top(level: int) -> int:
    return EDGE + FLOOR * level


def _arrow(upper: str, lower: str) -> str:
    """From the foot of a box to the head of another, aside in one of the gaps between floors."""
    place, columns = order(), {room.name: room.column for floor in FLOORS for room in floor}
    (start, _), (end, _) = place[upper], place[lower]
    x0, x1, y0, y1 = _middle(columns[upper]), _middle(columns[lower]), _top(start) + BOX[1], _top(end)
    if start == end:
        side = BOX[0] // 2 if x0 < x1 else -BOX[0] // 2
        return f'<path d="M{x0 + side} {y1 + BOX[1] // 2} H{x1 - side}" {LINE}/>'
    between = {room.column for floor in FLOORS[start + 1 : end] for room in floor}
    # aside at once, and down in the lower room's column, unless a box stands there
    bend = y0 if columns[lower] not in between else _top(end - 1) + BOX[1]
    gap = FLOOR - BOX[1]
    curve = f"V{bend} C{x0} {bend + gap // 2} {x1} {bend + gap // 2} {x1} {bend + gap - 8}"
    return f'<path d="M{x0} {y0} {curve} V{y1}" {LINE}/>'


def _box(room: Room, level: int) -> str:
    x, top, width = _middle(room.column), _top(level), BOX[0] if room.column is not None else WIDTH - 2 * EDGE
    return (
        f'<rect x="{x - width // 2}" y="{top}" width="{width}" height="{BOX[1]}" rx="6" fill="#eef3f8" '
        'stroke="#2b4a6f" stroke-width="1.4"/>\n'
        f'<text x="{x}" y="{top + 21}" {FONT} font-size="16" font-weight="bold" fill="#16304f">{room.name}</text>\n'
        f'<text x="{x}" y="{top + 38}" {FONT} font-size="13" fill="#333333">{room.words}</text>'
    )


def edges(found: Sequence[Import]) -> set[tuple[str, str]]:
    """Pairs of rooms of which the upper imports the lower."""
    place = order()
    pairs = {each.rooms for each in found}
    return {(upper, lower) for upper, lower in pairs if place[upper] < place[lower]}


def order() -> Mapping[str, tuple[int, int]]:
    """Floor and place on it of every room: an import's target must be larger."""
    return {room.name: (level, place) for level, floor in enumerate(FLOORS) for place, room in enumerate(floor)}


def main(arguments: Sequence[str] | None = None, picture: Path = PICTURE) -> int:
    """Draw the picture, or check it; returns the exit code."""
    parser = argparse.ArgumentParser(description="Draw the rooms of sentcse from its imports.")
    parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 if it is out of date")
    parser.add_argument("--measure", nargs="?", const=SOURCE.parent, type=Path, help="count instead of drawing")
    given = parser.parse_args(arguments)
    if given.measure is not None:
        print(measure(given.measure))
        return 0
    check = given.check
    drawn = draw(essential(edges(imports())))
    if check:
        if picture.is_file() and picture.read_text(encoding="utf-8") == drawn:
            return 0
        print(f"{picture} is out of date: run python docs/rooms.py", file=sys.stderr)
        return 1
    picture.write_text(drawn, encoding="utf-8")
    print(f"wrote {picture}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
