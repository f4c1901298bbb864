"""The picture of a run: losses and cosines while training, scores on the dev tasks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from sentcse.machine.files import written_whole
from sentcse.records.layout import SPEARMAN, VALIDATION
from sentcse.records.metrics_file import read_series
from sentcse.records.selecting import selecting_metric, selects_by_labels

Panels = Sequence[tuple[str, Sequence[str]]]
"""Title and metrics of each panel; a prefix that ends in `/` means every Spearman below it."""

PANELS: Panels = (
    ("Loss", ("train/loss",)),
    ("Dev Spearman x 100", (VALIDATION,)),
    ("Mean cosine", ("train/positive_cosine", "train/negative_cosine")),
)


def selecting_panels(select: str) -> Panels:
    """The panels of an encoder's run: the score that `evaluation.select` names stands in the middle."""
    if selects_by_labels(select):
        return PANELS
    loss, dev, cosines = PANELS
    metric = selecting_metric(select)
    middle = dev if metric is None else (f"Held-out {select.replace('_', ' ')}", (metric,))
    return (loss, middle, cosines)


def plot_curves(
    metrics: Path, picture: Path, *, title: str, best_step: int | None = None, panels: Panels = PANELS
) -> None:
    """Draw metrics.csv into a PNG: panels over optimiser steps, the selected step marked where scores are."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    series = read_series(metrics)
    # no pyplot: it would keep the figure, and choose a window system
    figure = Figure(figsize=(12, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title)
    for axes, (label, wanted) in zip(figure.subplots(1, len(panels)), panels, strict=True):
        for number, name in enumerate(_names(series, wanted)):
            style = ("-", "--", ":", "-.")[number % 4]
            steps, values = zip(*series[name].items(), strict=True)
            # of a single point no line would be seen
            marker = "o" if name.startswith(VALIDATION) or len(steps) == 1 else None
            axes.plot(steps, values, style, label=_label(name), marker=marker, markersize=3)
        if best_step is not None and label.startswith(("Dev", "Held-out")):
            axes.axvline(best_step, color="grey", linewidth=0.8, linestyle=":", label=f"selected: step {best_step}")
        axes.set(xlabel="optimiser step", title=label)
        axes.grid(alpha=0.3)
        if axes.has_data():
            axes.legend(fontsize="small")
    with written_whole(picture, alone=True) as partial:
        figure.savefig(partial, dpi=110, format="png")


def _names(series: Iterable[str], wanted: Sequence[str]) -> list[str]:
    prefixes = [name for name in wanted if name.endswith("/")]
    return [
        name
        for name in series
        if name in wanted or (name.endswith(SPEARMAN) and any(name.startswith(prefix) for prefix in prefixes))
    ]


def _label(name: str) -> str:
    return name.partition("/")[2].removesuffix(SPEARMAN).replace("_", " ")
