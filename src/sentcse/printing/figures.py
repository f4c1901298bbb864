"""Figures for print, and how series look there and on the page: told apart by line, marker and grey as by colour.

A figure is made empty in one style, and written as PDF, SVG and PNG that are the same each time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentcse.machine.files import written_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMN = 3.4
"""Inches: one column of a two-column page."""

FORMATS = ("pdf", "svg", "png")

# Okabe and Ito (2008), those with a contrast of 3 : 1 to white, so that their greys differ from paper
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#000000", "#B3568F")
# lighter ones of the same hues for a dark page
DARK_COLOURS = ("#56B4E9", "#F0894A", "#3CCBA0", "#E6E6E6", "#E39AC8")
DASHES = (("solid", "solid"), ((0, (5, 2)), "dash"), ((0, (1, 1.4)), "dot"), ((0, (5, 1.5, 1, 1.5)), "dashdot"))
MARKERS = (("o", "circle"), ("s", "square"), ("^", "triangle-up"), ("D", "diamond"), ("v", "triangle-down"), ("X", "x"))

SETTINGS: Any = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "legend.handlelength": 2.6,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "0.88",
    "grid.linewidth": 0.5,
    "axes.axisbelow": True,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.2,
    "lines.markersize": 4,
    "pdf.fonttype": 42,
    "svg.fonttype": "path",
    "svg.hashsalt": "sentcse",
    "savefig.dpi": 300,
}

UNDATED: dict[str, dict[str, Any]] = {
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
}
"""What makes a figure the same file whenever it is drawn."""


@dataclass(frozen=True)
class Look:
    """How one series is drawn.

    Attributes:
        colour: on white.
        dark: on a dark page.
        dash: matplotlib's line style.
        page_dash: plotly's.
        marker: matplotlib's.
        face: the marker's inside: every other series has an open one.
        page_marker: plotly's.
    """

    colour: str
    dark: str
    dash: Any
    page_dash: str
    marker: str
    face: str
    page_marker: str


def look(place: int) -> Look:
    """The look of the series at a place of a study; no two of the first sixty are alike."""
    dash, page_dash = DASHES[place % len(DASHES)]
    marker, page_marker = MARKERS[place % len(MARKERS)]
    colour = place % len(COLOURS)
    face = COLOURS[colour] if place % 2 == 0 else "white"
    return Look(COLOURS[colour], DARK_COLOURS[colour], dash, page_dash, marker, face, page_marker)


@contextmanager
def new_figure(height: float, *, width: float = COLUMN) -> Iterator[Figure]:
    """An empty figure; what is drawn inside the block has this style.

    Args:
        height: in inches.
        width: in inches.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context(SETTINGS):
        # no pyplot: it would keep the figure, and choose a window system
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        yield figure


def save_figure(figure: Figure, path: Path) -> list[Path]:
    """Write a figure as PDF, SVG and PNG, byte for byte the same each time; returns the files.

    Args:
        figure: what to write.
        path: without a suffix; its folder exists.
    """
    import matplotlib

    files = [path.with_name(f"{path.name}.{kind}") for kind in FORMATS]
    with matplotlib.rc_context(SETTINGS):
        for kind, file in zip(FORMATS, files, strict=True):
            with written_whole(file) as partial:
                figure.savefig(partial, format=kind, metadata=UNDATED[kind])
    return files
