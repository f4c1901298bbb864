"""A fourth method, from outside the package and inside it: every command takes it as it takes the other three."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fourth_method import ROOT, write_inside, write_outside

HELPERS = ROOT / "tests" / "helpers"
OUTSIDE = ("~method", "+method._target_=my_module.MyMethod")
INSIDE = ("experiment=mymethod_tiny",)
BY_HAND = {
    "src/sentcse/losses/my_loss.py",
    "src/sentcse/methods/my_method.py",
    "src/sentcse/methods/__init__.py",
    "src/sentcse/config/method_options.py",
    "configs/method/mymethod.yaml",
    "configs/experiment/mymethod_tiny.yaml",
}
"""What docs/architecture.md says that a method touches, tests and the public export apart."""


def use(folder: Path, source: Path, words: tuple[str, ...], *more: Path) -> dict[str, Any]:
    """What tests/helpers/use_method.py says, beside tiny inputs, with the package of `source`."""
    for name in ("tiny", "sentences.txt", "pairs.tsv"):
        old = ROOT / "tests" / "old" / "files" / name
        (shutil.copytree if old.is_dir() else shutil.copyfile)(old, folder / name)
    paths = os.pathsep.join(map(str, (source, HELPERS, *more)))
    done = subprocess.run(
        [sys.executable, str(HELPERS / "use_method.py"), *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("outside")
    write_outside(folder / "mine")
    return use(folder, ROOT / "src", OUTSIDE, folder / "mine")


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("inside")
    write_inside(folder / "checkout")
    return use(folder, folder / "checkout" / "src", INSIDE)


@pytest.mark.slow
@pytest.mark.parametrize("place", ["outside", "inside"])
def test_every_command_takes_it(place: str, request: pytest.FixtureRequest) -> None:
    found = request.getfixturevalue(place)
    assert found["trained"] == [0, 1, 2]
    assert len(found["runs"]) == 3  # the one alone and two of a sweep
    assert found["reported"] == 0
    assert found["filed"] == "mymethod"
    assert found["panels"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("place", ["outside", "inside"])
def test_the_commands_of_a_report_make_its_runs_again(place: str, request: pytest.FixtureRequest) -> None:
    found = request.getfixturevalue(place)
    assert found["made again"] == found["runs"], found["printed"]


@pytest.mark.slow
@pytest.mark.parametrize("place", ["outside", "inside"])
def test_an_option_that_it_has_not_is_named(place: str, request: pytest.FixtureRequest) -> None:
    said = request.getfixturevalue(place)["misspelt"]
    assert "my_wait" in said
    assert "TypeError" not in said


@pytest.mark.slow
@pytest.mark.parametrize("place", ["outside", "inside"])
def test_the_dashboard_has_runs_of_it(place: str, request: pytest.FixtureRequest) -> None:
    assert '"name":"mymethod"' in request.getfixturevalue(place)["dashboard"]


def test_it_touches_what_the_documentation_says(tmp_path: Path) -> None:
    gained = write_inside(tmp_path)
    assert set(gained) == BY_HAND
    shared = {path: lines for path, lines in gained.items() if (ROOT / path).is_file()}
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert f"{len(gained) - len(shared)} new files and {sum(shared.values())} lines in {len(shared)} others" in page
