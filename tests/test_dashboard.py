"""The dashboard command, up to the point where an account is needed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sentcse.command.plain import run_plain_command
from sentcse.config.commands import DashboardConfig
from sentcse.dashboard import NO_ACCOUNT, dashboard_job, shown_methods
from sentcse.records.sweep_record import sweep_folder
from sentcse.training.wandb.panels import Place

PLACE = Place("me", "p", sweep="low_shot_1a2b3c4d")


def test_help_and_docs_name_a_group_as_sweeps_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    """The folder's name with its hash, not the word that chose the grid: a filter by that shows no run at all."""
    assert run_plain_command(dashboard_job, "dashboard", DashboardConfig, ["--help"]) == 0
    page = (Path(__file__).parents[1] / "docs" / "wandb.md").read_text(encoding="utf-8")
    shown = re.findall(r"sentcse\.dashboard .*sweep=(\S+)", capsys.readouterr().out + page)
    assert shown == ["low_shot_1a2b3c4d"] * 2
    name, digits = sweep_folder(Path(), "low_shot", []).name.rsplit("_", 1)
    assert re.fullmatch(f"{name}_[0-9a-f]{{{len(digits)}}}", shown[0])


def test_methods_are_those_of_the_runs() -> None:
    asked: list[Any] = []

    class Account:
        def runs(self, path: str, filters: dict[str, Any]) -> list[Any]:
            asked.append((path, filters))
            named = ("mymethod", "micse", "another", "micse")
            return [SimpleNamespace(config={}), *(SimpleNamespace(config={"method": name}) for name in named)]

    assert shown_methods(Account(), PLACE) == ["micse", "another", "mymethod"]
    assert asked == [("me/p", {"jobType": {"$ne": "generator"}, "group": "low_shot_1a2b3c4d"})]


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
