"""The files that an evaluation leaves: results, tables to paste, a picture of the geometry."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sentcse.errors import SentcseError
from sentcse.evaluation.reports.record import write_results
from sentcse.evaluation.reports.score_tables import encoder_names
from sentcse.evaluation.reports.text import format_results
from sentcse.evaluation.scores.scoring import ScoredEncoder
from sentcse.machine.files import write_text, writing, written_whole
from sentcse.records.layout import CONFIG_FILE
from sentcse.storage.record import RECORD_FILE

RESULTS, TEXT, MARKDOWN, LATEX, GEOMETRY = "results.json", "table.txt", "table.md", "table.tex", "geometry"
PICTURES = (".png", ".pdf")
OTHERS = {
    CONFIG_FILE: "a run's folder",
    RECORD_FILE: "an exported encoder",
    "manifest.json": "an index or an encoded corpus",
}
"""Files by which folders are known that an evaluation must not write into."""


def prepare_folder(folder: Path) -> None:
    """Make the folder of the results, before hours of scoring and not after.

    Raises:
        SentcseError: if it cannot be written to, or holds something else of ours, whose results it would replace.
    """
    for name, what in OTHERS.items():
        if (folder / name).exists():
            raise SentcseError(f"{folder} is {what}: name another folder for the results, output=DIR.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise SentcseError(
            f"{folder} cannot be written to ({error.strerror}): name another folder, output=DIR, or output=null."
        ) from error


def write_evaluation(results: dict[str, Any], scored: Sequence[ScoredEncoder], folder: Path) -> None:
    """Write results.json, table.txt, table.md and table.tex, and geometry.png and .pdf where STS-B was scored.

    Args:
        results: what `sentcse.evaluation.run` gives.
        scored: the encoders, in the order of the results.
        folder: made where it is missing.

    Raises:
        SentcseError: if a file cannot be written.
    """
    write_tables(results, folder)
    if all(each.evaluation.geometry is not None for each in scored):
        from sentcse.evaluation.reports.geometry_figure import draw_geometry

        figure = draw_geometry(dict(zip(encoder_names(results), (each.evaluation for each in scored), strict=True)))
        for suffix in PICTURES:
            picture = folder / f"{GEOMETRY}{suffix}"
            with writing(picture, "name a folder that can be written to"), written_whole(picture) as partial:
                figure.savefig(partial, dpi=150, format=suffix[1:])


def write_tables(results: dict[str, Any], folder: Path) -> None:
    """Write results.json, table.txt, table.md and table.tex; arguments and errors as `write_evaluation`."""
    write_results(results, folder / RESULTS)
    texts = {
        TEXT: format_results(results),
        MARKDOWN: format_results(results, "markdown"),
        LATEX: format_results(results, "latex"),
    }
    for name, text in texts.items():
        with writing(folder / name, "name a folder that can be written to"):
            write_text(folder / name, text + "\n")
