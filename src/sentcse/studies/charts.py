"""The charts of the page: which there are, what is said of them, which table stands beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sentcse.printing.tables import Table
from sentcse.studies import chart_data, interactive
from sentcse.studies.chart_data import Picture
from sentcse.studies.part_report import PartReport
from sentcse.studies.study_run import score_label

SAME = "The table below has the same figures."
BESIDE = {"geometry": "The table below has their means; the table of runs has every run."}


@dataclass(frozen=True)
class View:
    """One picture of a chart.

    Attributes:
        label: what the reader chooses.
        figure: `data` and `layout` of plotly.
    """

    label: str
    figure: dict[str, Any]


@dataclass(frozen=True)
class Chart:
    """One figure of the page.

    Attributes:
        id: of its element.
        part: place of its part in the study.
        title: heading.
        caption: what it shows, one or two sentences.
        views: what the reader chooses between.
        table: its figures; None where there is none.
        beside: what the table has, for those who read it instead.
    """

    id: str
    part: int
    title: str
    caption: str
    views: tuple[View, ...]
    table: Table | None
    beside: str


def charts(report: PartReport, place: int) -> list[Chart]:
    """The charts of a part.

    Args:
        report: what follows from its runs.
        place: of the part in the study.
    """
    part, tables = report.part, report.tables
    primary = part.primary_key()
    keys = sorted(part.headline_keys(), key=lambda key: key != primary)
    compared = [chart_data.differences(part, found) for found in report.compared.values() if found]
    made = [
        (
            "low-shot",
            "Score against number of sentences",
            f"Mean over {part.over} with its 95 % interval. The horizontal axis is logarithmic.",
            _views([chart_data.low_shot(part, key) for key in keys], interactive.low_shot_figure),
            "scores",
        ),
        (
            "learning",
            "Learning curves",
            f"Dev score by optimiser step: mean over {part.over}, band of its 95 % interval.",
            _views(chart_data.learning(part), interactive.learning_figure),
            "learning_curves",
        ),
        (
            "differences",
            "Paired differences",
            "Over the same seeds and splits, 95 % intervals. Filled: told apart after Holm's correction; open: not.",
            _views(compared, interactive.difference_figure),
            "differences",
        ),
        (
            "geometry",
            "Geometry against score",
            f"Each run's {score_label(primary)} against alignment or uniformity on the dev task at the selected step.",
            _views(chart_data.geometry(part, primary), interactive.geometry_figure),
            "geometry",
        ),
        (
            "best-steps",
            "Selected steps",
            f"Which evaluation had the best dev score: the larger the marker, the more {part.over}.",
            _views(chart_data.best_steps(part), interactive.best_step_figure),
            "best_steps",
        ),
    ]
    return [
        Chart(f"{name}-{place}", place, title, caption, views, tables.get(table), BESIDE.get(name, SAME))
        for name, title, caption, views, table in made
        if views and views[0].figure["data"]
    ]


def _views(pictures: Sequence[Picture], draw: Callable[[Picture], dict[str, Any]]) -> tuple[View, ...]:
    return tuple(View(picture.title, draw(picture)) for picture in pictures)
