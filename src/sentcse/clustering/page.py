"""The map of clusters as one HTML file that needs nothing beside it: style, script and data are inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sentcse.clustering.clusters import Clusters
from sentcse.printing.figures import COLOURS, DARK_COLOURS
from sentcse.printing.html import render_template

FILES = Path(__file__).parent / "page_files"
SHAPES = 5
"""Shapes of marks that map.js draws: with the colours, so many clusters are told apart without colour alone."""
SCORES = {"purity": "purity", "nmi": "normalised mutual information", "ari": "adjusted Rand index"}


def render_map_page(found: Clusters, rows: Sequence[Mapping[str, Any]], sentences: Sequence[str], *, title: str) -> str:
    """The whole page; all text is escaped, and its policy forbids every request.

    Args:
        found: the clusters.
        rows: of `sentcse.clustering.clusters.as_rows`.
        sentences: of the corpus.
        title: heading.
    """
    styles = [
        {"colour": place % len(COLOURS), "shape": place // len(COLOURS) % SHAPES}
        for place in range(len(found.clusters))
    ]
    ranks = {cluster.number: rank for rank, cluster in enumerate(found.clusters)}
    data = {
        "points": [[row["x"], row["y"], ranks[row["cluster"]], row["sentence"], row.get("label", "")] for row in rows],
        "styles": styles,
        "colours": [list(COLOURS), list(DARK_COLOURS)],
    }
    return render_template(
        "map.html",
        FILES,
        title=title,
        sentences=len(sentences),
        clusters=found.clusters,
        typical=[[sentences[row] for row in cluster.typical] for cluster in found.clusters],
        scores=[(SCORES[name], f"{value:.3f}") for name, value in found.scores.items()],
        tried=[(choice.number, f"{choice.silhouette:.3f}") for choice in found.tried],
        version=version("sentcse"),
        data=data,
        css=(FILES / "map.css").read_text(encoding="utf-8"),
        script=(FILES / "map.js").read_text(encoding="utf-8"),
    )
