"""The dashboard of a low-shot study in W&B: a workspace to look around in and a report to read. Built without network.

Runs are found by what `sentcse.training.wandb.identity` and `sentcse.training.wandb.results` file them under.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import wandb_workspaces.reports.v2 as wr
import wandb_workspaces.workspaces as ws

from sentcse.records.layout import ALIGNMENT, UNIFORMITY, spearman_metric

WIDTH = 24
"""Columns of a report's grid."""
MOST_LINES = 100
"""W&B shows ten unless told otherwise."""
NAME = "Low-shot study"


@dataclass(frozen=True)
class Place:
    """Where the runs are, and what of them is shown.

    Attributes:
        entity: account or team.
        project: of the runs.
        sweep: the group whose runs are shown, a sweep's name with its hash; None for all of the project.
        score: test task that is compared, or `sts_avg`.
        dev: dev task whose curves are shown.
    """

    entity: str
    project: str
    sweep: str | None = None
    score: str = "stsb"
    dev: str = "stsb"

    @property
    def test_metric(self) -> str:
        """The summary's key of the score."""
        return spearman_metric(self.score, "test")

    @property
    def dev_metric(self) -> str:
        """The history's key of the curves."""
        return spearman_metric(self.dev, "dev")


def low_shot_panels(place: Place) -> list[wr.Panel]:
    """Score against number of sentences: one point a run, and mean and deviation over the seeds of a condition."""
    return [
        wr.ScatterPlot(
            title="Test Spearman by number of sentences",
            x=wr.Config("sentences"),
            y=wr.SummaryMetric(place.test_metric),
            log_x=True,
            running_ymean=True,
            layout=wr.Layout(x=0, y=0, w=WIDTH // 2, h=10),
        ),
        wr.BarPlot(
            title="Test Spearman by condition, mean and standard deviation over seeds",
            metrics=[wr.SummaryMetric(place.test_metric)],
            groupby=wr.Config("condition"),
            groupby_aggfunc="mean",
            groupby_rangefunc="stddev",
            max_bars_to_show=MOST_LINES,
            layout=wr.Layout(x=WIDTH // 2, y=0, w=WIDTH // 2, h=10),
        ),
        wr.BarPlot(
            title="Selected step",
            metrics=[wr.SummaryMetric("best/step")],
            groupby=wr.Config("condition"),
            groupby_aggfunc="mean",
            groupby_rangefunc="minmax",
            max_bars_to_show=MOST_LINES,
            layout=wr.Layout(x=0, y=10, w=WIDTH // 2, h=8),
        ),
        wr.BarPlot(
            title="Dev Spearman of the selected step",
            metrics=[wr.SummaryMetric(f"best/{place.dev}_dev")],
            groupby=wr.Config("condition"),
            groupby_aggfunc="mean",
            groupby_rangefunc="stddev",
            max_bars_to_show=MOST_LINES,
            layout=wr.Layout(x=WIDTH // 2, y=10, w=WIDTH // 2, h=8),
        ),
    ]


def curve_panels(place: Place) -> list[wr.Panel]:
    """Dev score, loss and cosines by optimiser step, mean and deviation over the seeds of a condition."""
    wanted = [
        ("Dev Spearman", [place.dev_metric]),
        ("Loss", ["train/loss"]),
        ("Cosine of two views of a sentence", ["train/positive_cosine"]),
        ("Cosine of two sentences", ["train/negative_cosine"]),
    ]
    return [
        wr.LinePlot(
            title=title,
            x="step",
            y=metrics,
            title_x="optimiser step",
            groupby=wr.Config("condition"),
            groupby_aggfunc="mean",
            groupby_rangefunc="stddev",
            max_runs_to_show=MOST_LINES,
            layout=wr.Layout(x=(number % 2) * WIDTH // 2, y=number // 2 * 8, w=WIDTH // 2, h=8),
        )
        for number, (title, metrics) in enumerate(wanted)
    ]


def geometry_panels(place: Place) -> list[wr.Panel]:
    """Alignment against uniformity of all runs, and each run's own way."""
    return [
        wr.ScatterPlot(
            title="Last alignment and uniformity on the dev task",
            x=wr.SummaryMetric(UNIFORMITY),
            y=wr.SummaryMetric(ALIGNMENT),
            z=wr.SummaryMetric(place.test_metric),
            layout=wr.Layout(x=0, y=0, w=WIDTH // 2, h=10),
        ),
        wr.MediaBrowser(
            title="Each run's way",
            media_keys=["geometry", "curves"],
            num_columns=2,
            layout=wr.Layout(x=WIDTH // 2, y=0, w=WIDTH // 2, h=10),
        ),
    ]


def run_panels() -> list[wr.Panel]:
    """Each run's scores before and after, and what tells the configurations apart."""
    return [
        wr.WeavePanelSummaryTable(table_name="scores", layout=wr.Layout(x=0, y=0, w=WIDTH, h=10)),
        wr.RunComparer(diff_only="split", layout=wr.Layout(x=0, y=10, w=WIDTH, h=10)),
    ]


def workspace(place: Place) -> ws.Workspace:
    """All panels in sections, runs grouped by method and condition."""
    sections = [
        ws.Section(name="Low-shot", panels=low_shot_panels(place), is_open=True),
        ws.Section(name="Curves", panels=curve_panels(place), is_open=True),
        ws.Section(name="Geometry", panels=geometry_panels(place), is_open=True),
        ws.Section(name="Runs", panels=run_panels(), is_open=False),
    ]
    in_sweep = [] if place.sweep is None else [ws.Metric("Group") == place.sweep]
    return ws.Workspace(
        entity=place.entity,
        project=place.project,
        name=NAME if place.sweep is None else f"{NAME}: {place.sweep}",
        sections=sections,
        settings=ws.WorkspaceSettings(x_axis="step", group_by_prefix="first", max_runs=MOST_LINES),
        runset_settings=ws.RunsetSettings(
            filters=in_sweep,
            groupby=[ws.Config("method"), ws.Config("condition")],
            pinned_columns=[f"summary:{place.test_metric}", f"summary:best/{place.dev}_dev", "summary:best/step"],
        ),
    )


def report(place: Place, methods: Sequence[str]) -> wr.Report:
    """Text and panels, a run set for each method so that each has a colour of its own.

    Args:
        place: of the runs.
        methods: of these runs; without any, all runs are one set.
    """
    everything = [_runset(place, name="all runs", method=None)]
    of_methods = [_runset(place, name=method, method=method) for method in methods] if methods else everything
    parts: list[tuple[str, str, list[wr.Runset], list[wr.Panel]]] = [
        ("Few sentences", LOW_SHOT_TEXT, of_methods, low_shot_panels(place)),
        ("While training", CURVES_TEXT, of_methods, curve_panels(place)),
        ("Geometry", GEOMETRY_TEXT, everything, geometry_panels(place)),
        ("Runs", RUNS_TEXT, everything, run_panels()),
    ]
    blocks: list[wr.Block] = [wr.TableOfContents()]
    for heading, text, runsets, panels in parts:
        blocks += [wr.H2(heading), wr.P(text), wr.PanelGrid(runsets=runsets, panels=panels)]
    return wr.Report(
        entity=place.entity,
        project=place.project,
        title=NAME if place.sweep is None else f"{NAME}: {place.sweep}",
        description="Methods trained on few sentences, on one footing.",
        blocks=blocks,
        width="fluid",
    )


LOW_SHOT_TEXT = (
    "Spearman x 100 of the encoder that the dev task selected, on the test task. Every point is a run; bars are means "
    "over seeds. Whether two methods are told apart is a question for python -m sentcse.report, which pairs the seeds."
)
CURVES_TEXT = (
    "Means over the seeds of a method, size, budget and encoder, with one standard deviation, by optimiser step."
)
GEOMETRY_TEXT = "Lower is better for both (Wang and Isola 2020); a collapsed encoder has alignment 0 and uniformity 0."
RUNS_TEXT = "Scores of each run before and after training, and the settings in which runs differ."


def _runset(place: Place, *, name: str, method: str | None) -> wr.Runset:
    conditions = [] if place.sweep is None else [f"Group = {place.sweep!r}"]
    if method is not None:
        conditions.append(f"Config('method') = {method!r}")
    return wr.Runset(entity=place.entity, project=place.project, name=name, filters=" and ".join(conditions))
