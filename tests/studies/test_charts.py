"""The charts of the page: which there are, their views, the tables beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from made_runs import Made, grid

from sentcse.studies import chart_data, interactive
from sentcse.studies.charts import BESIDE, SAME, charts
from sentcse.studies.part import Part
from sentcse.studies.part_report import PartReport, report_part

PartOf = Callable[[Iterable[Made]], Part]


@pytest.fixture
def report(part_of: PartOf) -> PartReport:
    return report_part(part_of(grid(("simcse", "micse"), (64, 500), (48, 49))))


def test_ids_are_of_the_part_and_tables_stand_beside(report: PartReport) -> None:
    found = charts(report, 3)
    assert [chart.id for chart in found] == [
        "low-shot-3", "learning-3", "differences-3", "geometry-3", "best-steps-3",
    ]  # fmt: skip
    assert {chart.part for chart in found} == {3}
    tables = ["scores", "learning_curves", "differences", "geometry", "best_steps"]
    assert [chart.table for chart in found] == [report.tables[name] for name in tables]
    # only the table of geometry has other figures than the chart
    assert [chart.beside for chart in found] == [SAME, SAME, SAME, BESIDE["geometry"], SAME]


def test_views_begin_with_the_primary_score(report: PartReport) -> None:
    labels = {chart.id: [view.label for view in chart.views] for chart in charts(report, 0)}
    scores = ["STS average", "STS-B dev", "STS-B test"]
    assert labels == {
        "low-shot-0": scores,
        "learning-0": ["64 sentences", "500 sentences"],
        "differences-0": scores,
        "geometry-0": ["alignment", "uniformity"],
        "best-steps-0": ["64 sentences", "500 sentences"],
    }


def test_a_view_is_the_picture_of_the_part(report: PartReport) -> None:
    low_shot, *_ = charts(report, 0)
    for view, key in zip(low_shot.views, ("sts_avg_test", "stsb_dev", "stsb_test"), strict=True):
        assert view.figure == interactive.low_shot_figure(chart_data.low_shot(report.part, key))


def test_one_method_has_no_differences(part_of: PartOf) -> None:
    found = charts(report_part(part_of([Made(), Made(seed=49)])), 0)
    assert [chart.id for chart in found] == ["low-shot-0", "learning-0", "geometry-0", "best-steps-0"]


def test_captions_say_what_means_are_over(part_of: PartOf) -> None:
    splits = [Made(seed=1, changes=(("data.low_shot.seed", split),)) for split in (48, 49)]
    captions = {chart.id: chart.caption for chart in charts(report_part(part_of(splits)), 0)}
    assert captions["low-shot-0"].startswith("Mean over splits with its 95 % interval.")
    assert captions["best-steps-0"].endswith("the more splits.")
    assert captions["geometry-0"].startswith("Each run's STS average against")
