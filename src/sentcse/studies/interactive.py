"""The figures of one part of a study for the page: plotly's traces, checked by plotly, coloured by the page."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sentcse.printing.figures import far_side
from sentcse.printing.wording import count, number, p_value
from sentcse.studies.part import Part
from sentcse.studies.statistics import (
    BETTER,
    NOT_TOLD_APART,
    WORSE,
    Difference,
    bar_ends,
    cell_statistics,
    half_width,
    mean_curve,
)
from sentcse.studies.study_run import StudyRun, score_label
from sentcse.studies.traces import (
    Trace,
    band_trace,
    checked_figure,
    hover_text,
    line_trace,
    points_trace,
    reference_trace,
    score_axis,
)
from sentcse.studies.wording import difference, replicates_listed, seeds_in_words

DODGE = 0.03
"""Decades between neighbouring series."""


@dataclass(frozen=True)
class View:
    """One picture of a chart.

    Attributes:
        label: what the reader chooses.
        figure: `data` and `layout` of plotly. A trace's meta has the place of its `series`, or -1 for none, and its
            `role`: "line", "band", "points" or "reference".
    """

    label: str
    figure: dict[str, Any]


def low_shot_views(part: Part) -> list[View]:
    """Score against number of sentences, a view for each headline score, the primary one first."""
    keys = sorted(part.headline_keys(), key=lambda key: key != part.primary_key())
    return [View(score_label(key), _low_shot(part, key)) for key in keys]


def learning_views(part: Part) -> list[View]:
    """Selecting dev score by step, a view for each size."""
    return [View(f"{size:,} sentences", _learning(part, size)) for size in part.sizes]


def best_step_views(part: Part) -> list[View]:
    """How many seeds selected which step, a view for each size."""
    return [View(f"{size:,} sentences", _best_steps(part, size)) for size in part.sizes]


def geometry_views(part: Part) -> list[View]:
    """The primary score against alignment, and against uniformity."""
    return [View(kind, _geometry(part, kind)) for kind in ("alignment", "uniformity")]


def difference_views(part: Part, compared: Mapping[str, Sequence[Difference]]) -> list[View]:
    """Paired differences with their intervals, a view for each score, the primary one first."""
    keys = sorted(compared, key=lambda key: key != part.primary_key())
    return [View(score_label(key), _differences(compared[key], part)) for key in keys if compared[key]]


def run_figure(run: StudyRun, place: int) -> dict[str, Any]:
    """The selecting dev score of one run by step, the selected step marked."""
    steps, scores = list(run.dev_curve), list(run.dev_curve.values())
    trace = line_trace(place, run.record.name, steps, scores)
    trace["text"] = [f"step {step:,}: {number(score)}" for step, score in run.dev_curve.items()]
    chosen = [11 if step == run.record.best_step else 6 for step in steps]
    trace["marker"] |= {"size": chosen, "opacity": 1}
    title = {"title": {"text": score_label(run.dev_score)}}
    return checked_figure([trace], x={"title": {"text": "optimiser step (large: selected)"}}, y=title)


def _low_shot(part: Part, key: str) -> dict[str, Any]:
    traces, ends = [], list[float]()
    for place, series in enumerate(part.series):
        shift = 10 ** (DODGE * (place - (len(part.series) - 1) / 2))
        found = {size: cell_statistics(part, series, size, key) for size in part.sizes}
        known = {size: over for size, over in found.items() if over is not None}
        trace = line_trace(place, series, [size * shift for size in known], [over.mean for over in known.values()])
        trace["error_y"] = {
            "type": "data",
            "array": [half_width(over) for over in known.values()],
            "thickness": 1.5,
            "width": 4,
        }
        trace["text"] = [hover_text(series, f"{size:,} sentences", over) for size, over in known.items()]
        traces.append(trace)
        ends += [end for over in known.values() for end in bar_ends(over)]
    untrained = part.untrained(key)
    note = None
    if untrained is not None:
        side = far_side(untrained, ends)
        if side is None:
            edges = [part.sizes[0] / 1.3, part.sizes[-1] * 1.3]
            traces.append(reference_trace(edges, [untrained] * 2, f"untrained encoder: {number(untrained)}"))
        else:
            note = f"untrained: {number(untrained)} ({side} this axis)"
    axis = {"type": "log", "tickvals": list(part.sizes), "ticktext": [f"{size:,}" for size in part.sizes]}
    return checked_figure(traces, x={"title": {"text": "sentences"}, **axis}, y=score_axis(key), note=note)


def _learning(part: Part, size: int) -> dict[str, Any]:
    traces: list[Trace] = []
    for place, series in enumerate(part.series):
        curve = mean_curve(part.done(series, size))
        banded = {step: over for step, over in curve.items() if not math.isnan(over.low)}
        if banded:
            traces.append(band_trace(place, banded))
        trace = line_trace(place, series, list(curve), [over.mean for over in curve.values()])
        trace["text"] = [hover_text(series, f"step {step:,}", over) for step, over in curve.items()]
        traces.append(trace)
    keys = sorted({run.dev_score for run in part.done(size=size)})
    return checked_figure(traces, x={"title": {"text": "optimiser step"}}, y=score_axis(*keys))


def _best_steps(part: Part, size: int) -> dict[str, Any]:
    traces = []
    for place, series in enumerate(part.series):
        chosen = [run.record.best_step for run in part.done(series, size) if run.record.best_step is not None]
        steps = sorted(set(chosen))
        seeds = [chosen.count(step) for step in steps]
        trace = points_trace(place, series, steps, [html.escape(series)] * len(steps))
        trace["marker"] |= {"size": [9 + 5 * chosen_by for chosen_by in seeds], "sizemode": "diameter", "opacity": 1}
        trace |= {"mode": "markers+text", "textposition": "middle right", "cliponaxis": False}
        trace["text"] = [f" {chosen_by}" for chosen_by in seeds]
        trace["hovertext"] = [
            f"<b>{html.escape(series)}</b><br>step {step:,}: {count(chosen_by, 'run')}"
            for step, chosen_by in zip(steps, seeds, strict=True)
        ]
        trace["hovertemplate"] = "%{hovertext}<extra></extra>"
        traces.append(trace)
    last = max((step for run in part.done(size=size) for step in run.dev_curve), default=1)
    names = [html.escape(series) for series in part.series]
    axis = {"title": {"text": "selected optimiser step"}, "range": [-0.05 * last, 1.08 * last]}
    figure = checked_figure(traces, x=axis, y={"type": "category", "categoryarray": names[::-1], "automargin": True})
    figure["layout"]["height"] = 130 + 60 * len(names)
    return figure


def _geometry(part: Part, kind: str) -> dict[str, Any]:
    key = part.primary_key()
    traces = []
    for place, series in enumerate(part.series):
        runs = [run for run in part.done(series) if run.outcome(kind) is not None and run.outcome(key) is not None]
        trace = points_trace(place, series, [run.outcome(kind) for run in runs], [run.outcome(key) for run in runs])
        trace["text"] = [
            f"<b>{html.escape(series)}</b>, {number(run.size, 0)} sentences, {replicates_listed([run.replicate])}<br>"
            f"{kind} {number(run.outcome(kind), 3)}<br>{score_label(key)} {number(run.outcome(key))}"
            for run in runs
        ]
        traces.append(trace)
    return checked_figure(traces, x={"title": {"text": f"{kind} (lower is better)"}}, y=score_axis(key))


def _differences(compared: Sequence[Difference], part: Part) -> dict[str, Any]:
    """A trace for each two series, which is hidden when one of them is."""
    shown = [each for each in compared if each.estimate is not None]
    pairs = list(dict.fromkeys((each.series, each.reference) for each in shown))
    traces = [_pair([each for each in shown if (each.series, each.reference) == pair], pair, part) for pair in pairs]
    rows = [row for trace in traces for row in trace["y"]]
    axis = {"title": {"text": "difference in points"}, "zeroline": True}
    y = {"type": "category", "categoryarray": rows[::-1], "categoryorder": "array", "automargin": True}
    figure = checked_figure(traces, x=axis, y=y)
    figure["layout"]["height"] = 120 + 26 * len(rows)
    return figure


def _pair(compared: Sequence[Difference], pair: tuple[str, str], part: Part) -> Trace:
    rows = [f"{html.escape(pair[0])} \u2212 {html.escape(pair[1])}, {each.size:,}" for each in compared]
    estimates = [each.estimate for each in compared if each.estimate is not None]
    trace = points_trace(-1, " \u2212 ".join(pair), [over.mean for over in estimates], rows)
    trace["error_x"] = {"type": "data", "array": [half_width(over) for over in estimates], "thickness": 1.5, "width": 4}
    told = [each.verdict in (BETTER, WORSE) for each in compared]
    trace["marker"] = {"size": 10, "symbol": ["circle" if each else "circle-open" for each in told]}
    trace["meta"]["of"] = [part.series.index(name) for name in pair]
    trace["text"] = [
        f"<b>{row}</b><br>{difference(over)}<br>"
        f"{each.verdict} (Holm p {p_value(each.corrected)}, {count(over.n, 'pair')})"
        + (f"<br>{seeds_in_words(each.needed)} {part.over} would be needed" if each.verdict == NOT_TOLD_APART else "")
        for row, each, over in zip(rows, compared, estimates, strict=True)
    ]
    return trace
