"""The geometry of a run: alignment against uniformity at every evaluation, with its score."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sentcse.records.layout import ALIGNMENT, SPEARMAN, UNIFORMITY
from sentcse.records.metrics_file import read_series

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = ("step", "score", "alignment", "uniformity")


def geometry_rows(metrics: Path, monitor: str | None) -> list[tuple[int, float, float, float]]:
    """`COLUMNS` of every evaluation in a metrics.csv that has all of them; none of a model without a geometry.

    Args:
        metrics: the file.
        monitor: the metric that selects; nothing is shown where it is no Spearman.
    """
    if monitor is None or not monitor.endswith(SPEARMAN):
        return []
    series = read_series(metrics)
    score, alignment, uniformity = (series.get(name, {}) for name in (monitor, ALIGNMENT, UNIFORMITY))
    steps = [step for step in score if step in alignment and step in uniformity]
    return [(step, score[step], alignment[step], uniformity[step]) for step in steps]


def plot_geometry(rows: list[tuple[int, float, float, float]], *, title: str, best_step: int) -> Figure:
    """Draw the way of an encoder through alignment and uniformity (Wang & Isola 2020, figure 4): lower left is better.

    Args:
        rows: of `geometry_rows`; at least one.
        title: what stands above.
        best_step: the selected step, which is marked.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    steps, scores, alignments, uniformities = zip(*rows, strict=True)
    axes.plot(uniformities, alignments, color="grey", linewidth=0.8, zorder=1)
    points = axes.scatter(uniformities, alignments, c=scores, cmap="viridis", edgecolors="black", zorder=2)
    figure.colorbar(points, label="dev Spearman x 100")
    for number in sorted({0, len(rows) - 1}):
        axes.annotate(
            f"step {steps[number]}",
            (uniformities[number], alignments[number]),
            xytext=(6, 6),
            textcoords="offset points",
            fontsize="small",
        )
    if best_step in steps:
        chosen = steps.index(best_step)
        axes.scatter(
            uniformities[chosen],
            alignments[chosen],
            s=160,
            facecolors="none",
            edgecolors="black",
            linewidths=1.5,
            label=f"selected: step {best_step}",
            zorder=3,
        )
        axes.legend(fontsize="small")
    axes.set(xlabel="uniformity (lower is better)", ylabel="alignment (lower is better)", title=title)
    axes.grid(alpha=0.3)
    return figure
