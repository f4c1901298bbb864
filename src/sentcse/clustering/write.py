"""Clusters as files: a table, a row of each sentence, figures for print, one offline page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sentcse.clustering.clusters import Clusters, as_rows
from sentcse.clustering.page import render_map_page
from sentcse.clustering.partition import NOISE
from sentcse.machine.files import write_json, write_text, writing
from sentcse.printing.figures import COLOURS, MARKERS, new_figure, save_figure
from sentcse.printing.tables import Table, to_markdown

FORMAT = 1
WIDTH, HEIGHT = 6.8, 3.4
"""Inches of the map: the width of a page."""
LEGEND = 12
"""Clusters that a figure names; the others are grey."""


def write_clusters(
    folder: Path, found: Clusters, sentences: Sequence[str], labels: Sequence[str] | None, *, title: str
) -> None:
    """Write clusters.md, clusters.json, sentences.jsonl, map.png, map.pdf, map.svg and index.html.

    Raises:
        SentcseError: if the folder cannot be written to.
    """
    with writing(folder, "name another folder in output"):
        folder.mkdir(parents=True, exist_ok=True)
        rows = as_rows(found, sentences, labels)
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        write_text(folder / "sentences.jsonl", lines)
        write_json(folder / "clusters.json", as_record(found, sentences, title))
        write_text(folder / "clusters.md", f"# {title}\n\n{to_markdown(cluster_table(found, sentences))}\n")
        _draw(found, folder / "map")
        write_text(folder / "index.html", render_map_page(found, rows, sentences, title=title))


def as_record(found: Clusters, sentences: Sequence[str], title: str) -> dict[str, Any]:
    """What was found, without the sentences' rows."""
    return {
        "format": FORMAT,
        "title": title,
        "sentences": len(sentences),
        "scores": found.scores,
        "silhouettes": {str(choice.number): choice.silhouette for choice in found.tried},
        "clusters": [
            {
                "cluster": cluster.number,
                "size": cluster.size,
                "words": cluster.words,
                "typical": [sentences[row] for row in cluster.typical],
            }
            for cluster in found.clusters
        ],
    }


def cluster_table(found: Clusters, sentences: Sequence[str]) -> Table:
    """A row for each cluster."""
    rows = tuple(
        (
            "-" if cluster.number == NOISE else str(cluster.number + 1),
            f"{cluster.size:,}",
            ", ".join(cluster.words),
            sentences[cluster.typical[0]],
        )
        for cluster in found.clusters
    )
    return Table(("cluster", "sentences", "words", "most typical sentence"), (rows,), "rrll")


def _draw(found: Clusters, path: Path) -> None:
    with new_figure(HEIGHT, width=WIDTH) as figure:
        axes = figure.subplots()
        for rank, cluster in reversed(list(enumerate(found.clusters))):  # the largest on top
            named = rank < LEGEND and cluster.number != NOISE
            x, y = found.places[found.assigned == cluster.number].T
            axes.scatter(
                x,
                y,
                s=5,
                linewidths=0,
                marker=MARKERS[rank // len(COLOURS) % len(MARKERS)][0] if named else ".",
                color=COLOURS[rank % len(COLOURS)] if named else "0.8",
                label=cluster.name if named else None,
                rasterized=True,
            )
        axes.set(xticks=[], yticks=[])
        handles, names = axes.get_legend_handles_labels()
        figure.legend(handles[::-1], names[::-1], loc="outside right upper", markerscale=2)
        save_figure(figure, path)
