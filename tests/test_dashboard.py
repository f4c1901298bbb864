"""The dashboard command, up to the point where an account is needed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import wandb_workspaces.reports.v2 as wr
from composing import compose

from sentcse.command.plain import run_plain_command
from sentcse.config.check import check_config
from sentcse.config.commands import DashboardConfig
from sentcse.config.method_options import method_names
from sentcse.dashboard import NO_ACCOUNT, dashboard_job, shown_methods
from sentcse.records.sweep_record import sweep_folder
from sentcse.training.wandb.identity import filing
from sentcse.training.wandb.panels import Place, report, workspace

METHODS = (*method_names(), "mymethod")
PLACE = Place("me", "p", sweep="low_shot_1a2b3c4d", score="sickr", dev="pairs")


def texts(value: Any) -> set[str]:
    """Every string inside."""
    if isinstance(value, dict):
        return {text for key, each in value.items() for text in ({str(key)} | texts(each))}
    if isinstance(value, list | tuple):
        return {text for each in value for text in texts(each)}
    return {value} if isinstance(value, str) else set()


def as_sent(place: Place) -> str:
    """A report as W&B gets it; without the entity, whose project would be looked up at the server."""
    made = report(replace(place, entity=""), METHODS)
    return str(made._to_model().spec.model_dump_json(by_alias=True, exclude_none=True))


def test_the_workspace_shows_what_runs_log() -> None:
    said = texts(json.loads(workspace(PLACE)._to_model().model_dump_json(by_alias=True)))
    assert {"Low-shot", "Curves", "Geometry", "Runs", "low_shot_1a2b3c4d"} <= said
    wanted = (
        "test/sickr_spearman",
        "best/pairs_dev",
        "val/pairs_spearman",
        "train/loss",
        "val/uniformity",
        "condition",
    )
    for name in wanted:
        assert any(name in text for text in said), name
    # no dot in a key: W&B would take it for a path
    assert not [name for name in wanted if "." in name]


def test_runs_are_averaged_by_condition_wherever_they_are() -> None:
    panels = [panel for section in workspace(PLACE).sections for panel in section.panels]
    averaging = [panel for panel in panels if isinstance(panel, wr.LinePlot | wr.BarPlot)]
    assert len(averaging) == 7
    assert {panel.groupby.name for panel in averaging} == {"condition"}
    assert [each.name for each in workspace(PLACE).runset_settings.groupby] == ["method", "condition"]


def test_what_panels_group_by_is_in_every_run() -> None:
    config = check_config(compose("experiment=micse_minilm", "data.low_shot.size=64"))
    filed = filing(config, {}, sweep="low_shot_1a2b3c4d")
    assert {"method", "size", "sentences", "condition"} <= filed["config"].keys()
    assert filed["config"]["method"] in METHODS
    assert filed["group"] == "low_shot_1a2b3c4d"


def test_help_and_docs_name_a_group_as_sweeps_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    """The folder's name with its hash, not the word that chose the grid: a filter by that shows no run at all."""
    assert run_plain_command(dashboard_job, "dashboard", DashboardConfig, ["--help"]) == 0
    page = (Path(__file__).parents[1] / "docs" / "wandb.md").read_text(encoding="utf-8")
    shown = re.findall(r"sentcse\.dashboard .*sweep=(\S+)", capsys.readouterr().out + page)
    assert shown == ["low_shot_1a2b3c4d"] * 2
    name, digits = sweep_folder(Path(), "low_shot", []).name.rsplit("_", 1)
    assert re.fullmatch(f"{name}_[0-9a-f]{{{len(digits)}}}", shown[0])


def test_the_report_has_a_run_set_for_each_method() -> None:
    made = report(PLACE, METHODS)
    grids = [block for block in made.blocks if type(block).__name__ == "PanelGrid"]
    assert [runset.name for runset in grids[0].runsets] == list(METHODS)
    assert all(runset.project == "p" and runset.entity == "me" for grid in grids for runset in grid.runsets)
    said = as_sent(PLACE)
    assert "low_shot_1a2b3c4d" in said
    assert all(method in said for method in METHODS)
    # panels of a grid do not lie on one another
    for grid in grids:
        taken = [
            (x, y)
            for panel in grid.panels
            for x in range(panel.layout.x, panel.layout.x + panel.layout.w)
            for y in range(panel.layout.y, panel.layout.y + panel.layout.h)
        ]
        assert len(taken) == len(set(taken))


def test_methods_are_those_of_the_runs() -> None:
    asked: list[Any] = []

    class Account:
        def runs(self, path: str, filters: dict[str, Any]) -> list[Any]:
            asked.append((path, filters))
            named = ("mymethod", "micse", "another", "micse")
            return [SimpleNamespace(config={}), *(SimpleNamespace(config={"method": name}) for name in named)]

    assert shown_methods(Account(), PLACE) == ["micse", "another", "mymethod"]
    assert asked == [("me/p", {"jobType": {"$ne": "generator"}, "group": "low_shot_1a2b3c4d"})]
    grids = [block for block in report(PLACE, ()).blocks if type(block).__name__ == "PanelGrid"]
    assert {runset.name for grid in grids for runset in grid.runsets} == {"all runs"}


def test_without_a_sweep_all_runs_are_shown() -> None:
    everything = Place("me", "p")
    assert "low_shot" not in as_sent(everything)
    assert "Group" not in texts(json.loads(workspace(everything)._to_model().model_dump_json(by_alias=True)))


def test_an_account_is_needed_in_one_sentence(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    done = subprocess.run(
        [sys.executable, "-m", "sentcse.dashboard", "project=p"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
        env={**environment, "HOME": str(tmp_path), "HTTPS_PROXY": "http://127.0.0.1:9"},
    )
    assert done.returncode == 1, done.stderr
    assert "Built a workspace of 12 panels and a report of 13 blocks for p." in done.stdout
    assert [line for line in done.stderr.splitlines() if line.startswith("error:")] == [f"error: {NO_ACCOUNT}"]
    assert "Traceback" not in done.stderr


def test_a_server_that_refuses_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import wandb

    def refuse(*_: Any, **__: Any) -> None:
        raise wandb.errors.CommError("permission denied\nfor me/p")

    monkeypatch.setattr(wandb, "Api", refuse)
    assert run_plain_command(dashboard_job, "dashboard", DashboardConfig, ["project=p", "entity=me"]) == 1
    said = capsys.readouterr()
    assert said.err.splitlines() == [
        "error: W&B did not take the dashboard of p (permission denied): check the account, the entity and the network."
    ]


def test_without_the_package(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "wandb_workspaces", None)
    assert run_plain_command(dashboard_job, "dashboard", DashboardConfig, []) == 1
    assert "pip install 'sentcse[dashboard]'" in capsys.readouterr().err


def test_a_score_that_is_no_task(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_plain_command(dashboard_job, "dashboard", DashboardConfig, ["score=sst"]) == 2
    assert "score" in capsys.readouterr().err
