from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from sweeping import made, results

from sentcse.errors import SentcseError
from sentcse.records.finding import find_runs, find_sweeps


def test_find_runs_looks_into_folders_runs_and_sweeps(tmp_path: Path) -> None:
    one, two = made(tmp_path / "runs", "seed=2"), made(tmp_path / "runs", "seed=1")
    (tmp_path / "runs" / "notes").mkdir()
    sweep = tmp_path / "runs" / "sweeps" / "grid_00000000"
    sweep.mkdir(parents=True)
    places = [os.path.relpath(one.path, sweep), None, "../../not_begun"]
    jobs = [{"number": 1, "settings": {}, "run": place, "fault": None} for place in places]
    (sweep / "sweep.json").write_text(json.dumps({"format": 1, "commands": [], "jobs": jobs}))
    assert [run.name for run in find_runs(tmp_path / "runs")[0]] == sorted([one.path.name, two.path.name])
    assert [run.path for run in find_runs(one.path)[0]] == [one.path]
    assert (
        [run.name for run in find_runs(sweep)[0]]
        == [run.name for run in find_runs(sweep / "sweep.json")[0]]
        == [one.path.name]
    )
    for place, sentence in ((tmp_path / "nothing", "does not exist"), (one.path / "config.yaml", "is a file")):
        with pytest.raises(SentcseError, match=sentence):
            find_runs(place)


def test_find_sweeps(tmp_path: Path) -> None:
    assert find_sweeps(tmp_path) == ([], [])
    for name in ("b", "a"):
        (tmp_path / "sweeps" / name).mkdir(parents=True)
        (tmp_path / "sweeps" / name / "sweep.json").write_text('{"format": 1, "commands": [], "jobs": []}')
    assert [sweep.name for sweep in find_sweeps(tmp_path)[0]] == ["a", "b"]
    assert [sweep.name for sweep in find_sweeps(tmp_path / "sweeps" / "b")[0]] == ["b"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ('{"jobs"', "cannot be read as JSON"),
        ("[]", "expected an object, got list"),
        ('{"format": 1}', "is damaged: commands, jobs is missing"),
        ('{"format": 2, "commands": [], "jobs": []}', "has format 2, not 1: update sentcse"),
    ],
)
def test_a_damaged_sweep_gets_a_sentence(tmp_path: Path, content: str, sentence: str) -> None:
    (tmp_path / "sweep.json").write_text(content)
    for find in (find_runs, find_sweeps):
        with pytest.raises(SentcseError, match=sentence):
            find(tmp_path)


def test_a_finished_run_without_its_configuration_is_named(tmp_path: Path) -> None:
    """An evaluation's folder has results, too, and is none."""
    whole, bare = made(tmp_path, "seed=1", results=results()), made(tmp_path, "seed=2", results=results())
    (bare.path / "encoder").mkdir(exist_ok=True)
    (bare.path / "config.yaml").unlink()
    (tmp_path / "scores").mkdir()
    (tmp_path / "scores" / "results.json").write_text("{}")
    found, left_out = find_runs(tmp_path)
    assert [run.name for run in found] == [whole.path.name]
    assert left_out == [
        f"{bare.path} has the results of a run and no config.yaml: what was trained there is not known."
    ]
