"""The figures of one part of a study for the page: plotly's traces, checked by plotly, coloured by the page."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Sequence
from typing import Any

from sentcse.printing.figures import look
from sentcse.studies.chart_data import Picture, Point, Series

Trace = dict[str, Any]
Figure = dict[str, Any]
"""`data` and `layout` of plotly. A trace's meta has the place of its `series`, or -1 for none, and its `role`: "line",
"band", "points" or "reference"; that of a difference has the two places that it is `of`."""


def low_shot_figure(picture: Picture) -> Figure:
    """Means with error bars over a logarithmic axis, and the untrained encoder."""
    traces = []
    for series in picture.series:
        trace = _line(series)
        trace["error_y"] = _error_bars(series)
        traces.append(trace)
    untrained, note = picture.untrained, None
    if untrained is not None and untrained.side is None:
        traces.append(_reference([picture.ticks[0] / 1.3, picture.ticks[-1] * 1.3], untrained.score, untrained.words))
    elif untrained is not None:
        note = untrained.words
    axis = {"type": "log", "tickvals": list(picture.ticks), "ticktext": [f"{size:,}" for size in picture.ticks]}
    return _checked(traces, x=_titled(picture.x_label) | axis, y=_titled(picture.y_label), note=note)


def learning_figure(picture: Picture) -> Figure:
    """Lines with the band of their intervals."""
    traces: list[Trace] = []
    for series in picture.series:
        banded = [point for point in series.points if not math.isnan(point.low)]
        if banded:
            traces.append(_band(series.of[0], banded))
        traces.append(_line(series))
    return _checked(traces, x=_titled(picture.x_label), y=_titled(picture.y_label))


def best_step_figure(picture: Picture) -> Figure:
    """A row a series, a marker for each selected step, the larger the more runs selected it."""
    traces = []
    for series in picture.series:
        trace = _markers(series)
        trace["y"] = [html.escape(series.label)] * len(series.points)
        trace["marker"] |= {"size": [9 + 5 * point.y for point in series.points], "sizemode": "diameter", "opacity": 1}
        trace |= {"mode": "markers+text", "textposition": "middle right", "cliponaxis": False}
        trace["text"] = [f" {point.y}" for point in series.points]
        traces.append(trace)
    last = 1 if picture.last is None else picture.last
    names = [html.escape(series.label) for series in picture.series]
    rows = {"type": "category", "categoryarray": names[::-1], "automargin": True}
    figure = _checked(traces, x=_titled(picture.x_label) | {"range": [-0.05 * last, 1.08 * last]}, y=rows)
    figure["layout"]["height"] = 130 + 60 * len(names)
    return figure


def geometry_figure(picture: Picture) -> Figure:
    """A marker for each run."""
    return _checked(list(map(_markers, picture.series)), x=_titled(picture.x_label), y=_titled(picture.y_label))


def difference_figure(picture: Picture) -> Figure:
    """A row for every two series at a size, error bars lying; a trace is hidden when one of its two series is."""
    traces = []
    for series in picture.series:
        trace = _markers(series)
        trace["x"] = [point.y for point in series.points]
        trace["y"] = [f"{html.escape(series.label)}, {point.x:,}" for point in series.points]
        trace["error_x"] = _error_bars(series)
        symbols = ["circle" if point.marked else "circle-open" for point in series.points]
        trace["marker"] = {"size": 10, "symbol": symbols}
        trace["meta"] = {"series": -1, "role": "points", "of": list(series.of)}
        traces.append(trace)
    rows = [row for trace in traces for row in trace["y"]]
    y = {"type": "category", "categoryarray": rows[::-1], "categoryorder": "array", "automargin": True}
    figure = _checked(traces, x=_titled(picture.y_label) | {"zeroline": True}, y=y)
    figure["layout"]["height"] = 120 + 26 * len(rows)
    return figure


def run_figure(picture: Picture) -> Figure:
    """One line, its marked point large."""
    (series,) = picture.series
    trace = _line(series)
    trace["marker"] |= {"size": [11 if point.marked else 6 for point in series.points], "opacity": 1}
    return _checked([trace], x=_titled(picture.x_label), y=_titled(picture.y_label))


def _line(series: Series) -> Trace:
    """A line with markers, in the look of its series."""
    style = look(series.of[0])
    trace = _markers(series)
    trace["mode"] = "lines+markers"
    trace["line"] = {"color": style.colour, "dash": style.page_dash, "width": 2.5}
    trace["meta"] = {"series": series.of[0], "role": "line"}
    return trace


def _markers(series: Series) -> Trace:
    """Markers in the look of their series, with the words that are shown when one is pointed at."""
    style = look(series.of[0])
    name = html.escape(series.label)
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [point.x for point in series.points],
        "y": [point.y for point in series.points],
        "marker": {"color": style.colour, "symbol": style.page_marker, "size": 9},
        "hovertext": ["<br>".join([f"<b>{name}</b>", *map(html.escape, point.words)]) for point in series.points],
        "hovertemplate": "%{hovertext}<extra></extra>",
        "meta": {"series": series.of[0], "role": "points"},
    }


def _error_bars(series: Series) -> dict[str, Any]:
    widths = [point.half_width for point in series.points]
    return {"type": "data", "array": widths, "thickness": 1.5, "width": 4}


def _band(place: int, points: Sequence[Point]) -> Trace:
    """The intervals of a curve as an area; the pointer does not see it."""
    steps = [point.x for point in points]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": steps + steps[::-1],
        "y": [point.high for point in points] + [point.low for point in points][::-1],
        "fill": "toself",
        "line": {"width": 0},
        "hoverinfo": "skip",
        "meta": {"series": place, "role": "band"},
    }


def _reference(x: Sequence[float], y: float, words: str) -> Trace:
    """A dotted line that belongs to no series."""
    return {
        "type": "scatter",
        "mode": "lines",
        "x": list(x),
        "y": [y] * len(x),
        "line": {"dash": "dot", "width": 1.5},
        "hovertemplate": f"{words}<extra></extra>",
        "meta": {"series": -1, "role": "reference"},
    }


def _titled(label: str) -> dict[str, Any]:
    return {"title": {"text": html.escape(label)}}


def _checked(traces: Sequence[Trace], *, x: dict[str, Any], y: dict[str, Any], note: str | None = None) -> Figure:
    """`data` and `layout`, `note` in a corner; plotly raises ValueError for an attribute that it does not know."""
    from plotly import graph_objects

    layout: dict[str, Any] = {"xaxis": x, "yaxis": y, "showlegend": False, "dragmode": False, "hovermode": "closest"}
    if note is not None:
        place = {"xref": "paper", "yref": "paper", "x": 1, "y": 0, "xanchor": "right", "yanchor": "bottom"}
        layout["annotations"] = [{"text": note, "showarrow": False, **place}]
    figure = graph_objects.Figure(data=list(traces), layout={**layout, "template": "none"})
    plain: dict[str, Any] = json.loads(figure.to_json())
    return {"data": plain["data"], "layout": plain["layout"]}
