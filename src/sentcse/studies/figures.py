"""The figures of one part of a study, for print: one column wide."""

from __future__ import annotations

import math
from collections.abc import Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any

from sentcse.printing.figures import look, new_figure
from sentcse.studies import chart_data
from sentcse.studies.chart_data import Point, Series, Untrained
from sentcse.studies.part import Part
from sentcse.studies.statistics import SeriesDifference

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME_CHARACTERS, PANEL_CHARACTERS, LEGEND_CHARACTERS, ROW_CHARACTERS = 20, 22, 52, 60
"""Where a series' name goes on in the next line: beside an axis, above one of two panels, in a legend, on a row."""
ABOVE_ROWS: Any = {
    "xycoords": ("axes fraction", "data"),
    "textcoords": "offset points",
    "va": "bottom",
    "fontsize": 7,
    # names lie over the line of no difference
    "bbox": {"facecolor": "white", "edgecolor": "none", "pad": 0.5},
}
LEGEND_LINE = 0.16
"""Inches of a line of a legend."""
UNTRAINED = "untrained"


def low_shot_figure(part: Part, key: str) -> Figure:
    """A score against the number of sentences: mean over seeds and its 95 % interval."""
    picture = chart_data.low_shot(part, key)
    with new_figure(2.5) as figure:
        axes = figure.subplots()
        for series in picture.series:
            _draw_means(axes, series)
        if picture.untrained is not None:
            _draw_untrained(axes, picture.untrained)
        axes.set_xscale("log")
        axes.set_xticks(picture.ticks, [f"{size:,}" for size in picture.ticks])
        axes.set_xlim(picture.ticks[0] / 1.6, picture.ticks[-1] * 1.6)
        axes.minorticks_off()
        axes.set(xlabel=picture.x_label, ylabel=picture.y_label)
        _legend_above(figure, axes)
        return figure


def learning_figure(part: Part, *, by: str = "size") -> Figure:
    """Selecting dev score by step: mean over seeds, band of its 95 % interval.

    Args:
        part: its runs.
        by: a panel for each "size", with a line for each method; or for each "method", with a line for each size.
    """
    pictures = chart_data.learning(part, by=by)
    rows, columns = _shape(len(pictures))
    with new_figure(0.45 + 1.45 * rows) as figure:
        grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
        for axes, picture in zip(grid.flat, pictures, strict=False):
            for series in picture.series:
                _draw_curve(axes, series)
            axes.set_title(fill(picture.title, PANEL_CHARACTERS))
        for axes in grid.flat[len(pictures) :]:
            axes.remove()
        figure.supxlabel(pictures[0].x_label, fontsize=8)
        figure.supylabel(pictures[0].y_label, fontsize=8)
        _legend_above(figure, grid.flat[0])
        return figure


def best_step_figure(part: Part) -> Figure:
    """Which step the dev score selected: a dot for each step, its area and the figure beside it the number of seeds."""
    pictures = chart_data.best_steps(part)
    names = [fill(series.label, NAME_CHARACTERS) for series in pictures[0].series]
    wrapped = any("\n" in name for name in names)
    rows, columns = _shape(len(pictures), beside=not wrapped)
    row_height = 0.45 + sum(0.13 + 0.11 * len(name.splitlines()) for name in names)
    with new_figure(0.35 + rows * row_height) as figure:
        grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
        for axes, picture in zip(grid.flat, pictures, strict=False):
            for row, series in enumerate(picture.series):
                for point in series.points:
                    _draw_count(axes, row, series, point)
            last = 1 if picture.last is None else picture.last
            axes.set(title=picture.title, xlim=(-0.06 * last, 1.14 * last), ylim=(len(names) - 0.4, -0.6))
            axes.set_yticks(range(len(names)), names)
            axes.grid(visible=False, axis="y")
        for axes in grid.flat[len(pictures) :]:
            axes.remove()
        figure.supxlabel(f"{pictures[0].x_label} (number: seeds)", fontsize=8)
        return figure


def geometry_figure(part: Part, key: str) -> Figure:
    """A score against alignment and uniformity at the selected step: a point for each run."""
    pictures = chart_data.geometry(part, key)
    with new_figure(2.1) as figure:
        grid = figure.subplots(1, 2, sharey=True)
        for axes, picture in zip(grid, pictures, strict=True):
            for series in picture.series:
                style = look(series.of[0])
                axes.plot(
                    [point.x for point in series.points],
                    [point.y for point in series.points],
                    linestyle="none",
                    marker=style.marker,
                    markersize=3.2,
                    markerfacecolor="none",
                    markeredgecolor=style.colour,
                    markeredgewidth=0.8,
                    label=series.label,
                )
            axes.set_xlabel(picture.title)
        grid[0].set_ylabel(pictures[0].y_label)
        _legend_above(figure, grid[0])
        return figure


def difference_figure(part: Part, compared: Sequence[SeriesDifference]) -> Figure:
    """Paired differences with their 95 % intervals by size; a filled marker where the two are told apart."""
    picture = chart_data.differences(part, compared)
    headings = [fill(series.label, ROW_CHARACTERS) for series in picture.series]
    more_lines = sum(heading.count("\n") for heading in headings)
    rows = sum(len(series.points) for series in picture.series) + len(headings)
    with new_figure(0.9 + 0.17 * (rows + 0.8 * more_lines)) as figure:
        axes = figure.subplots()
        ticks: dict[float, str] = {}
        at = 0.0
        for heading, series in zip(headings, picture.series, strict=True):
            at += 0.8 * heading.count("\n")
            # inside the axes, whose whole width a long name may need
            axes.annotate(heading, (0, at + 0.4), (2, 0), **ABOVE_ROWS)
            for point in series.points:
                at += 1
                ticks[at] = f"{point.x:,}"
                _draw_difference(axes, at, point)
            at += 1.4
        axes.axvline(0, color="black", linewidth=0.6)
        axes.set_yticks(list(ticks), list(ticks.values()))
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(at - 0.9, -0.6)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel(picture.y_label)
        return figure


def _draw_means(axes: Axes, series: Series) -> None:
    style = look(series.of[0])
    axes.errorbar(
        [point.x for point in series.points],
        [point.y for point in series.points],
        yerr=[point.half_width for point in series.points],
        color=style.colour,
        linestyle=style.dash,
        marker=style.marker,
        markerfacecolor=style.face,
        elinewidth=0.8,
        capsize=2,
        label=series.label,
    )


def _draw_untrained(axes: Axes, untrained: Untrained) -> None:
    """A line at the untrained encoder's score; in words where a line would press all else together."""
    if untrained.side is None:
        axes.axhline(untrained.score, color="0.45", linewidth=0.8, linestyle=(0, (1, 3)), label=UNTRAINED)
        return
    edge = 0.03 if untrained.side == "below" else 0.93
    axes.text(0.98, edge, untrained.words, transform=axes.transAxes, ha="right", fontsize=6.5, color="0.3")


def _draw_curve(axes: Axes, series: Series) -> None:
    style = look(series.of[0])
    axes.plot(
        [point.x for point in series.points],
        [point.y for point in series.points],
        linestyle=style.dash,
        label=series.label,
        color=style.colour,
        marker=style.marker,
        markerfacecolor=style.face,
        markersize=3,
    )
    # without a second seed there is no band
    known = [point for point in series.points if not math.isnan(point.low)]
    low, high = [point.low for point in known], [point.high for point in known]
    axes.fill_between([point.x for point in known], low, high, color=style.colour, alpha=0.18, linewidth=0)


def _draw_count(axes: Axes, row: int, series: Series, point: Point) -> None:
    axes.scatter([point.x], [row], s=14 * point.y, color=look(series.of[0]).colour, linewidth=0)
    axes.annotate(
        str(point.y),
        (point.x, row),
        (1.5 + 2.1 * math.sqrt(point.y), 0),
        textcoords="offset points",
        va="center",
        fontsize=6,
    )


def _draw_difference(axes: Axes, at: float, point: Point) -> None:
    face = "black" if point.marked else "white"
    half = [point.half_width]
    axes.errorbar([point.y], [at], xerr=half, color="black", marker="o", mfc=face, elinewidth=0.8, capsize=2)


def _shape(panels: int, *, beside: bool = True) -> tuple[int, int]:
    """Rows and columns of panels; names that take several lines leave no room for a second panel beside the first."""
    columns = 1 if panels == 1 or not beside else 2
    return math.ceil(panels / columns), columns


def _legend_above(figure: Figure, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    order = sorted(range(len(labels)), key=lambda index: labels[index] == UNTRAINED)
    handles, labels = [handles[index] for index in order], [fill(labels[index], LEGEND_CHARACTERS) for index in order]
    longest = max((len(line) for label in labels for line in label.splitlines()), default=1)
    columns = max(1, min(len(labels), 52 // (longest + 7)))
    lines = math.ceil(len(labels) / columns) * max((len(label.splitlines()) for label in labels), default=1)
    # the panels keep the height that they have below a legend of one line
    figure.set_figheight(figure.get_figheight() + LEGEND_LINE * (lines - 1))
    figure.legend(handles, labels, loc="outside upper center", ncols=columns, columnspacing=1.2)
