"""The dashboard's panels: what they show is what runs log, and they lie beside one another."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import wandb_workspaces.reports.v2 as wr
from composing import compose

from sentcse.config.check import check_config
from sentcse.config.method_options import method_names
from sentcse.training.wandb.identity import filing
from sentcse.training.wandb.panels import NAME, Place, report, workspace

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


def test_without_a_sweep_all_runs_are_shown() -> None:
    everything = Place("me", "p")
    assert "low_shot" not in as_sent(everything)
    assert "Group" not in texts(json.loads(workspace(everything)._to_model().model_dump_json(by_alias=True)))


def test_titles_name_the_sweep_alone() -> None:
    assert workspace(PLACE).name == report(PLACE, ()).title == f"{NAME}: low_shot_1a2b3c4d"
    assert workspace(Place("me", "p")).name == report(Place("me", "p"), ()).title == NAME


def test_metrics_of_a_place() -> None:
    assert (PLACE.test_metric, PLACE.dev_metric) == ("test/sickr_spearman", "val/pairs_spearman")
    assert Place("me", "p", score="sts_avg").test_metric == "test/sts_avg_spearman"


def test_without_methods_all_runs_are_one_set() -> None:
    grids = [block for block in report(PLACE, ()).blocks if isinstance(block, wr.PanelGrid)]
    assert len(grids) == 4
    assert {runset.name for grid in grids for runset in grid.runsets} == {"all runs"}


def test_a_method_is_chosen_within_its_sweep() -> None:
    (grid, *_) = [block for block in report(PLACE, ("micse",)).blocks if isinstance(block, wr.PanelGrid)]
    assert [runset.filters for runset in grid.runsets] == ["Group = 'low_shot_1a2b3c4d' and Config('method') = 'micse'"]
