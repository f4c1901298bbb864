"""The charts of the page: which there are, what is said of them, which table stands beside them."""

from __future__ import annotations

from dataclasses import dataclass

from sentcse.printing.tables import Table
from sentcse.studies.interactive import (
    View,
    best_step_views,
    difference_views,
    geometry_views,
    learning_views,
    low_shot_views,
)
from sentcse.studies.part_report import PartReport
from sentcse.studies.study_run import score_label

SAME = "The table below has the same figures."
BESIDE = {"geometry": "The table below has their means; the table of runs has every run."}


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
    made = [
        (
            "low-shot",
            "Score against number of sentences",
            f"Mean over {part.over} with its 95 % interval. The horizontal axis is logarithmic.",
            low_shot_views(part),
            "scores",
        ),
        (
            "learning",
            "Learning curves",
            f"Dev score by optimiser step: mean over {part.over}, band of its 95 % interval.",
            learning_views(part),
            "learning_curves",
        ),
        (
            "differences",
            "Paired differences",
            "Over the same seeds and splits, 95 % intervals. Filled: told apart after Holm's correction; open: not.",
            difference_views(part, report.compared),
            "differences",
        ),
        (
            "geometry",
            "Geometry against score",
            f"Each run's {score_label(primary)} against alignment or uniformity on the dev task at the selected step.",
            geometry_views(part),
            "geometry",
        ),
        (
            "best-steps",
            "Selected steps",
            f"Which evaluation had the best dev score: the larger the marker, the more {part.over}.",
            best_step_views(part),
            "best_steps",
        ),
    ]
    return [
        Chart(f"{name}-{place}", place, title, caption, tuple(views), tables.get(table), BESIDE.get(name, SAME))
        for name, title, caption, views, table in made
        if views and views[0].figure["data"]
    ]
