"""The tables beside the figures that draw more than scores: learning curves and geometry."""

from __future__ import annotations

from typing import Any

from sentcse.evaluation.seeds import mean_and_interval
from sentcse.studies.part import Part
from sentcse.studies.statistics import mean_curve
from sentcse.studies.study_run import score_label
from sentcse.studies.table_formats import Table
from sentcse.studies.wording import NOTHING, mean_and_spread, number

MOST_STEPS = 7
"""Columns of the table for people; the CSV file has every step."""


def learning_table(part: Part) -> Table:
    """Mean of the selecting dev score at some of the steps; all steps with their intervals in the records."""
    curves = {(size, series): mean_curve(part.done(series, size)) for size in part.sizes for series in part.series}
    steps = _some(sorted({step for curve in curves.values() for step in curve}))
    groups = [
        tuple(
            (f"{size:,}", series, *(mean_and_spread(curves[size, series].get(step)) for step in steps))
            for series in part.series
        )
        for size in part.sizes
    ]
    records: list[dict[str, Any]] = [
        {"sentences": size, "method": series, "step": step, "mean": over.mean}
        | ({} if over.n == 1 else {"std": over.std, "low": over.low, "high": over.high})
        | {"n": over.n}
        for (size, series), curve in curves.items()
        for step, over in curve.items()
    ]
    dev = " or ".join(dict.fromkeys(score_label(run.dev_score) for run in part.done()))
    title = f"{dev} by optimiser step, mean ± standard deviation over seeds ({part.label})"
    columns = ("sentences", "method", *(f"step {step:,}" for step in steps))
    return Table("learning_curves", title, columns, tuple(groups), 2, (), tuple(records))


def geometry_table(part: Part) -> Table:
    """Mean alignment and uniformity at the selected step."""
    kinds = ("alignment", "uniformity")
    groups, records = [], []
    for size in part.sizes:
        rows = []
        for series in part.series:
            values = {kind: part.values(series, size, kind) for kind in kinds}
            rows.append((f"{size:,}", series, *(_mean(found) for found in values.values())))
            records += [
                {"sentences": size, "method": series, "seed": run.record.seed}
                | {kind: run.outcome(kind) for kind in kinds}
                for run in part.done(series, size)
            ]
        groups.append(tuple(rows))
    title = f"Geometry on the dev task at the selected step, mean ± standard deviation over seeds ({part.label})"
    notes = (
        "Alignment: mean squared distance of similar pairs. Uniformity: how evenly sentences spread. Lower is better.",
    )
    return Table("geometry", title, ("sentences", "method", *kinds), tuple(groups), 2, notes, tuple(records))


def _some(steps: list[int]) -> list[int]:
    """The first, the last and evenly chosen steps between."""
    if len(steps) <= MOST_STEPS:
        return steps
    return [steps[round(place * (len(steps) - 1) / (MOST_STEPS - 1))] for place in range(MOST_STEPS)]


def _mean(values: list[float]) -> str:
    if len(values) == 0:
        return NOTHING
    over = mean_and_interval(values)
    return number(over.mean, 3) if over.n == 1 else f"{number(over.mean, 3)} ± {number(over.std, 3)}"
