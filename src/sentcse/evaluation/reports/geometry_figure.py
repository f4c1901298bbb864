"""Pictures of how encoders' vectors lie: alignment against uniformity, and cosines by gold similarity."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from sentcse.evaluation.scores.evaluation import Evaluation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GOLD_EDGES = (0, 1, 2, 3, 4, 5)
"""Ends of the buckets of gold similarity (Gao et al. 2021, figure 4)."""
BINS = 40
FONT = 8


def draw_geometry(evaluations: Mapping[str, Evaluation]) -> Figure:
    """Draw alignment against uniformity, an encoder a point, and beside it each encoder's cosines by gold similarity.

    After Wang & Isola 2020, figure 4, and Gao et al. 2021, figures 2 and 4.

    Args:
        evaluations: by the encoder's name; each with a geometry and STS-B.

    Raises:
        ValueError: if there is no encoder, or one without a geometry.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if len(evaluations) == 0 or any(evaluation.geometry is None for evaluation in evaluations.values()):
        raise ValueError("evaluations must hold at least one encoder, each with a geometry")
    count = len(evaluations)
    figure = Figure(figsize=(5 + 2.6 * count, 4), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(1, 1 + count, width_ratios=[5, *[2.6] * count])
    _draw_points(figure.add_subplot(grid[0]), evaluations)
    shared: Axes | None = None
    for column, (name, evaluation) in enumerate(evaluations.items(), start=1):
        axes = figure.add_subplot(grid[column], sharey=shared)
        _draw_cosines(axes, evaluation)
        axes.set_title(name, fontsize=FONT)
        if shared is None:
            axes.set_ylabel("cosine")
        else:
            axes.tick_params(labelleft=False)
        shared = axes if shared is None else shared
    return figure


def _draw_points(axes: Axes, evaluations: Mapping[str, Evaluation]) -> None:
    for name, evaluation in evaluations.items():
        geometry = evaluation.geometry
        assert geometry is not None
        label = f"{name}, STS-B {evaluation.sts['stsb'].all:.2f}"
        axes.scatter(geometry.uniformity, geometry.alignment, s=45, zorder=2, label=label)
    axes.margins(0.3)
    axes.legend(fontsize=FONT)
    axes.set(xlabel="uniformity (lower is better)", ylabel="alignment (lower is better)")
    axes.set_title("Lower left is better", fontsize=FONT)
    axes.grid(alpha=0.3, zorder=0)


def _draw_cosines(axes: Axes, evaluation: Evaluation) -> None:
    """One histogram above the other's place, in the order of the buckets, cosines upwards."""
    from matplotlib import colormaps

    result = evaluation.sts["stsb"]
    bins = np.linspace(float(result.cosines.min()), float(result.cosines.max()), BINS + 1)
    bucket = np.clip(np.digitize(result.gold, GOLD_EDGES[1:-1], right=True), 0, len(GOLD_EDGES) - 2)
    for index in range(len(GOLD_EDGES) - 1):
        cosines = result.cosines[bucket == index]
        if len(cosines) > 0:
            heights, _ = np.histogram(cosines, bins=bins)
            right = index + 0.9 * heights / heights.max()
            shade = colormaps["viridis"](index / (len(GOLD_EDGES) - 2))
            axes.fill_betweenx((bins[:-1] + bins[1:]) / 2, index, right, color=shade, alpha=0.7, linewidth=0)
            axes.hlines(np.median(cosines), index, index + 0.9, color="black", linewidth=1)
    labels = [f"{low}-{high}" for low, high in pairwise(GOLD_EDGES)]
    axes.set_xticks(np.arange(len(labels)) + 0.45, labels, fontsize=FONT)
    axes.set_xlabel("gold similarity")
