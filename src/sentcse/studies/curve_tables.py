"""The tables beside the figures that draw more than scores: learning curves and geometry."""

from __future__ import annotations

from typing import Any

from sentcse.evaluation.statistics.seeds import mean_and_interval
from sentcse.printing.tables import Table
from sentcse.studies.part import Part
from sentcse.studies.phrases import mean_and_spread, mean_with_interval
from sentcse.studies.statistics import mean_curve
from sentcse.studies.study_run import GEOMETRY, score_label
from sentcse.studies.tables import seed_and_split


def learning_table(part: Part) -> Table:
    """Mean of the selecting dev score at every step, with its interval."""
    curves = {(size, series): mean_curve(part.done(series, size)) for size in part.sizes for series in part.series}
    groups = []
    for size in part.sizes:
        ours = [curves[size, series] for series in part.series]
        steps = sorted({step for curve in ours for step in curve})
        groups.append(
            tuple(
                (f"{size:,}", f"{step:,}", *(mean_with_interval(curve.get(step)) for curve in ours)) for step in steps
            )
        )
    records: list[dict[str, Any]] = [
        {"sentences": size, "method": series, "step": step, "mean": over.mean}
        | ({} if over.n == 1 else {"std": over.std, "low": over.low, "high": over.high})
        | {"n": over.n}
        for (size, series), curve in curves.items()
        for step, over in curve.items()
    ]
    dev = " or ".join(map(score_label, part.dev_scores()))
    title = f"{dev} by optimiser step, mean over {part.over} and 95 % interval ({part.label})"
    columns = ("sentences", "step", *part.series)
    rows = tuple(filter(None, groups))
    return Table(columns, rows, "r" * len(columns), "learning_curves", title, records=tuple(records))


def geometry_by_size(part: Part) -> Table:
    """Mean alignment and uniformity at the selected step, and the mean of the score that they are drawn against."""
    key = part.primary_key()
    groups, records = [], []
    for size in part.sizes:
        rows = []
        for series in part.series:
            runs = part.done(series, size)
            shape = [_mean(part.values(series, size, kind), 3, len(runs)) for kind in GEOMETRY]
            rows.append((f"{size:,}", series, *shape, _mean(part.values(series, size, key), 2, len(runs))))
            records += [
                {"sentences": size, "method": series, **seed_and_split(run.replicate)}
                | {kind: run.outcome(kind) for kind in GEOMETRY}
                | {key: run.outcome(key)}
                for run in runs
            ]
        groups.append(tuple(rows))
    title = f"Geometry on the dev task at the selected step, mean ± standard deviation over {part.over} ({part.label})"
    notes = (
        "Alignment: mean squared distance of similar pairs. Uniformity: how evenly sentences spread. Lower is better.",
    )
    columns = ("sentences", "method", *GEOMETRY, score_label(key))
    return Table(columns, tuple(groups), "llrrr", "geometry", title, notes, tuple(records))


def _mean(values: list[float], digits: int, runs: int) -> str:
    return mean_and_spread(mean_and_interval(values) if values else None, digits, runs=runs)
