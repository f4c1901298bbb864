"""Plotly's traces and axes, as the page's script colours them."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from typing import Any

from sentcse.evaluation.statistics.seeds import MeanInterval
from sentcse.printing.figures import look
from sentcse.printing.wording import count, interval
from sentcse.studies.study_run import score_label
from sentcse.studies.wording import mean_and_spread

Trace = dict[str, Any]


def line_trace(place: int, series: str, x: Sequence[Any], y: Sequence[Any]) -> Trace:
    """A line with markers, in the look of the series at this place."""
    style = look(place)
    trace = points_trace(place, series, x, y)
    trace["mode"] = "lines+markers"
    trace["line"] = {"color": style.colour, "dash": style.page_dash, "width": 2.5}
    trace["meta"] = {"series": place, "role": "line"}
    return trace


def points_trace(place: int, series: str, x: Sequence[Any], y: Sequence[Any]) -> Trace:
    """Markers in the look of the series at this place; -1 for what is of no single series."""
    style = look(max(place, 0))
    return {
        "type": "scatter",
        "mode": "markers",
        "name": html.escape(series),
        "x": list(x),
        "y": list(y),
        "marker": {"color": style.colour, "symbol": style.page_marker, "size": 9},
        "hovertemplate": "%{text}<extra></extra>",
        "meta": {"series": place, "role": "points"},
    }


def band_trace(place: int, curve: Mapping[int, MeanInterval]) -> Trace:
    """The intervals of a curve as an area; the pointer does not see it."""
    steps = list(curve)
    low, high = [over.low for over in curve.values()], [over.high for over in curve.values()]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": steps + steps[::-1],
        "y": high + low[::-1],
        "fill": "toself",
        "line": {"width": 0},
        "hoverinfo": "skip",
        "meta": {"series": place, "role": "band"},
    }


def reference_trace(x: Sequence[float], y: Sequence[float], text: str) -> Trace:
    """A dotted line that belongs to no series; `text` is shown when pointed at."""
    line = {"dash": "dot", "width": 1.5}
    meta = {"series": -1, "role": "reference"}
    return {"type": "scatter", "mode": "lines", "x": list(x), "y": list(y), "line": line, "meta": meta} | {
        "hovertemplate": f"{text}<extra></extra>"
    }


def hover_text(series: str, where: str, over: MeanInterval) -> str:
    """What is shown when a mean is pointed at."""
    spread = "" if over.n == 1 else f"<br>95 % interval {interval(over.low, over.high)}"
    return f"<b>{html.escape(series)}</b>, {where}<br>{mean_and_spread(over)}{spread}<br>{count(over.n, 'run')}"


def score_axis(*keys: str) -> dict[str, Any]:
    """The axis of one or several scores."""
    return {"title": {"text": f"{' or '.join(map(score_label, keys))} (Spearman x 100)"}}


def checked_figure(
    traces: Sequence[Trace], *, x: dict[str, Any], y: dict[str, Any], note: str | None = None
) -> dict[str, Any]:
    """`data` and `layout`, `note` in a corner; plotly raises ValueError for an attribute that it does not know."""
    from plotly import graph_objects

    layout: dict[str, Any] = {"xaxis": x, "yaxis": y, "showlegend": False, "dragmode": False, "hovermode": "closest"}
    if note is not None:
        place = {"xref": "paper", "yref": "paper", "x": 1, "y": 0, "xanchor": "right", "yanchor": "bottom"}
        layout["annotations"] = [{"text": note, "showarrow": False, **place}]
    figure = graph_objects.Figure(data=list(traces), layout={**layout, "template": "none"})
    plain: dict[str, Any] = json.loads(figure.to_json())
    return {"data": plain["data"], "layout": plain["layout"]}
