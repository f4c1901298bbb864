"""The figures of one part of a study, for print: one column wide."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any

from sentcse.evaluation.statistics.seeds import MeanInterval
from sentcse.printing.figures import far_side, look, new_figure
from sentcse.studies.part import Part
from sentcse.studies.statistics import BETTER, WORSE, Difference, bar_ends, cell_statistics, half_width, mean_curve
from sentcse.studies.study_run import score_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DODGE = 0.05
"""Decades by which neighbouring series are set apart, so that their error bars do not hide one another."""

NAME_CHARACTERS, PANEL_CHARACTERS, LEGEND_CHARACTERS, ROW_CHARACTERS = 20, 22, 52, 60
"""Where a series' name goes on in the next line: beside an axis, above one of two panels, in a legend, on a row."""
ABOVE_ROWS: Any = {
    "xycoords": ("axes fraction", "data"),
    "textcoords": "offset points",
    "va": "bottom",
    "fontsize": 7,
}


def low_shot_figure(part: Part, key: str) -> Figure:
    """A score against the number of sentences: mean over seeds and its 95 % interval."""
    with new_figure(2.5) as figure:
        axes, ends = figure.subplots(), list[float]()
        for place, series in enumerate(part.series):
            shift = 10 ** (DODGE * (place - (len(part.series) - 1) / 2))
            found = {size: cell_statistics(part, series, size, key) for size in part.sizes}
            shown = {size * shift: over for size, over in found.items() if over is not None}
            _draw_means(axes, place, series, shown)
            ends += [end for over in shown.values() for end in bar_ends(over)]
        _draw_untrained(axes, part.untrained(key), ends)
        axes.set_xscale("log")
        axes.set_xticks(part.sizes, [f"{size:,}" for size in part.sizes])
        axes.set_xlim(part.sizes[0] / 1.6, part.sizes[-1] * 1.6)
        axes.minorticks_off()
        axes.set(xlabel="sentences", ylabel=f"{score_label(key)} (Spearman x 100)")
        _legend_above(figure, axes)
        return figure


def learning_figure(part: Part, *, by: str = "size") -> Figure:
    """Selecting dev score by step: mean over seeds, band of its 95 % interval.

    Args:
        part: its runs.
        by: a panel for each "size", with a line for each method; or for each "method", with a line for each size.
    """
    sizes = [f"{size:,} sentences" for size in part.sizes]
    panels = sizes if by == "size" else list(part.series)
    lines = list(part.series) if by == "size" else sizes
    rows, columns = _shape(len(panels))
    with new_figure(0.45 + 1.45 * rows) as figure:
        grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
        for number, (axes, panel) in enumerate(zip(grid.flat, panels, strict=False)):
            for place, line in enumerate(lines):
                series, size = (line, part.sizes[number]) if by == "size" else (panel, part.sizes[place])
                _draw_curve(axes, place, line, mean_curve(part.done(series, size)))
            axes.set_title(fill(panel, PANEL_CHARACTERS))
        for axes in grid.flat[len(panels) :]:
            axes.remove()
        figure.supxlabel("optimiser step", fontsize=8)
        figure.supylabel(f"{_dev_label(part)} (Spearman x 100)", fontsize=8)
        _legend_above(figure, grid.flat[0])
        return figure


def best_step_figure(part: Part) -> Figure:
    """Which step the dev score selected: a dot for each step, its area and the figure beside it the number of seeds."""
    names = [fill(series, NAME_CHARACTERS) for series in part.series]
    wrapped = any("\n" in name for name in names)
    rows, columns = _shape(len(part.sizes), beside=not wrapped)
    row_height = 0.45 + sum(0.13 + 0.11 * len(name.splitlines()) for name in names)
    with new_figure(0.35 + rows * row_height) as figure:
        grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
        for axes, size in zip(grid.flat, part.sizes, strict=False):
            last = max((step for run in part.done(size=size) for step in run.dev_curve), default=1)
            for place, series in enumerate(part.series):
                steps = Counter(run.record.best_step for run in part.done(series, size))
                for step, seeds in steps.items():
                    _draw_count(axes, place, step, seeds)
            axes.set(title=f"{size:,} sentences", xlim=(-0.06 * last, 1.14 * last), ylim=(len(part.series) - 0.4, -0.6))
            axes.set_yticks(range(len(names)), names)
            axes.grid(visible=False, axis="y")
        for axes in grid.flat[len(part.sizes) :]:
            axes.remove()
        figure.supxlabel("selected optimiser step (number: seeds)", fontsize=8)
        return figure


def geometry_figure(part: Part, key: str) -> Figure:
    """A score against alignment and uniformity at the selected step: a point for each run."""
    with new_figure(2.1) as figure:
        grid = figure.subplots(1, 2, sharey=True)
        for axes, kind in zip(grid, ("alignment", "uniformity"), strict=True):
            for place, series in enumerate(part.series):
                points = [(run.outcome(kind), run.outcome(key)) for run in part.done(series)]
                known = [(x, y) for x, y in points if x is not None and y is not None]
                style = look(place)
                axes.plot(
                    *zip(*known, strict=True) if known else ((), ()),
                    linestyle="none",
                    marker=style.marker,
                    markersize=3.2,
                    markerfacecolor="none",
                    markeredgecolor=style.colour,
                    markeredgewidth=0.8,
                    label=series,
                )
            axes.set_xlabel(kind)
        grid[0].set_ylabel(f"{score_label(key)} (Spearman x 100)")
        _legend_above(figure, grid[0])
        return figure


def difference_figure(part: Part, compared: Sequence[Difference]) -> Figure:
    """Paired differences with their 95 % intervals by size; a filled marker where the two are told apart."""
    shown = [each for each in compared if each.estimate is not None]
    pairs = list(dict.fromkeys((each.series, each.reference) for each in shown))
    headings = {pair: fill(f"{pair[0]} \u2212 {pair[1]}", ROW_CHARACTERS) for pair in pairs}
    more_lines = sum(heading.count("\n") for heading in headings.values())
    with new_figure(0.9 + 0.17 * (len(shown) + len(pairs) + 0.8 * more_lines)) as figure:
        axes = figure.subplots()
        ticks: dict[float, str] = {}
        at = 0.0
        for pair in pairs:
            at += 0.8 * headings[pair].count("\n")
            # inside the axes, whose whole width a long name may need
            axes.annotate(headings[pair], (0, at + 0.4), (2, 0), **ABOVE_ROWS)
            for each in (each for each in shown if (each.series, each.reference) == pair):
                at += 1
                ticks[at] = f"{each.size:,}"
                _draw_difference(axes, at, each)
            at += 1.4
        axes.axvline(0, color="black", linewidth=0.6)
        axes.set_yticks(list(ticks), list(ticks.values()))
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(at - 0.9, -0.6)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel(f"difference in {score_label(shown[0].score)} (points)")
        return figure


def _draw_means(axes: Axes, place: int, label: str, shown: Mapping[float, MeanInterval]) -> None:
    style = look(place)
    axes.errorbar(
        list(shown),
        [over.mean for over in shown.values()],
        yerr=[half_width(over) for over in shown.values()],
        color=style.colour,
        linestyle=style.dash,
        marker=style.marker,
        markerfacecolor=style.face,
        elinewidth=0.8,
        capsize=2,
        label=label,
    )


def _draw_untrained(axes: Axes, score: float | None, shown: Sequence[float]) -> None:
    """A line at the untrained encoder's score; in words where a line would press all else together."""
    if score is None:
        return
    side = far_side(score, shown)
    if side is None:
        axes.axhline(score, color="0.45", linewidth=0.8, linestyle=(0, (1, 3)), label="untrained")
        return
    words, edge = f"untrained: {score:.2f} ({side} this axis)", 0.03 if side == "below" else 0.93
    axes.text(0.98, edge, words, transform=axes.transAxes, ha="right", fontsize=6.5, color="0.3")


def _draw_curve(axes: Axes, place: int, label: str, curve: Mapping[int, MeanInterval]) -> None:
    style, means = look(place), [over.mean for over in curve.values()]
    looks: dict[str, Any] = {
        "color": style.colour,
        "marker": style.marker,
        "markerfacecolor": style.face,
        "markersize": 3,
    }
    axes.plot(list(curve), means, linestyle=style.dash, label=label, **looks)
    # without a second seed, and where all seeds are one value as before training, there is no band
    known = {step: over for step, over in curve.items() if not math.isnan(over.low)}
    low, high = [over.low for over in known.values()], [over.high for over in known.values()]
    axes.fill_between(list(known), low, high, color=style.colour, alpha=0.18, linewidth=0)


def _draw_count(axes: Axes, place: int, step: int | None, seeds: int) -> None:
    if step is not None:
        axes.scatter([step], [place], s=14 * seeds, color=look(place).colour, linewidth=0)
        axes.annotate(
            str(seeds),
            (step, place),
            (1.5 + 2.1 * math.sqrt(seeds), 0),
            textcoords="offset points",
            va="center",
            fontsize=6,
        )


def _draw_difference(axes: Axes, at: float, each: Difference) -> None:
    if each.estimate is None:
        return
    over, told = each.estimate, each.verdict in (BETTER, WORSE)
    half = [0.0 if over.n == 1 else over.high - over.mean]
    face = "black" if told else "white"
    axes.errorbar([over.mean], [at], xerr=half, color="black", marker="o", mfc=face, elinewidth=0.8, capsize=2)


def _dev_label(part: Part) -> str:
    labels = dict.fromkeys(score_label(run.dev_score) for run in part.done())
    return " or ".join(labels)


def _shape(panels: int, *, beside: bool = True) -> tuple[int, int]:
    """Rows and columns of panels; names that take several lines leave no room for a second panel beside the first."""
    columns = 1 if panels == 1 or not beside else 2
    return math.ceil(panels / columns), columns


def _legend_above(figure: Figure, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    order = sorted(range(len(labels)), key=lambda index: labels[index] == "untrained")
    handles, labels = [handles[index] for index in order], [fill(labels[index], LEGEND_CHARACTERS) for index in order]
    longest = max((len(line) for label in labels for line in label.splitlines()), default=1)
    columns = max(1, min(len(labels), 52 // (longest + 7)))
    figure.legend(handles, labels, loc="outside upper center", ncols=columns, columnspacing=1.2)
