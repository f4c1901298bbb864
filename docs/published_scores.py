"""Write docs/published_scores.md from src/sentcse/evaluation/statistics/published_rows.tsv.

python docs/published_scores.py           rewrite it
python docs/published_scores.py --check   exit with 1 if it is out of date
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from sentcse.config.tasks import AVERAGE_COLUMN, SUITE_COLUMNS
from sentcse.evaluation.statistics.published_rows import PublishedFigure, PublishedRow, published_rows
from sentcse.printing.tables import plain_table, to_markdown

PAGE = Path(__file__).with_name("published_scores.md")
HEAD = """# Published scores

<!-- Written by `python docs/published_scores.py` from src/sentcse/evaluation/statistics/published_rows.tsv. -->

What other people published of their encoders. `published=[NAME, ...]` or `published=all` shows rows beside a score, and
`reproduces=NAME` says where a score stands against a row: see [evaluation](evaluation.md#published-scores). Names that
are also names of experiments are the scores that the experiment's recipe was published with.

Unless a row says otherwise its figures are of one run, without an error bar. A number after ± is the standard deviation
over the seeds that the row names.
"""
SECTIONS = {
    ("sts", "simcse"): (
        "STS test sets, protocol simcse",
        "Spearman x 100 of the cosines, all pairs of a task together; SICK-R is the test part, 4,927 pairs; text as in "
        "SentEval.",
    ),
    ("sts", "mteb"): (
        "STS test sets, protocol mteb",
        "The same, but SICK-R is all 9,927 pairs, and the authors gave their encoders the raw text, where "
        "`protocol=mteb` gives SentEval's, which is tokenised and partly lower-cased. The scores of all-MiniLM-L6-v2, "
        "which is uncased, are the same to two digits; those of a cased encoder need not be.",
    ),
    ("transfer", "simcse"): (
        "Transfer tasks, mode test",
        "Accuracy in per cent of SentEval's logistic regression, 10 folds. The checkpoints for transfer of DiffCSE are "
        "others than those for STS. No transfer scores of miCSE were found.",
    ),
}


def main(arguments: Sequence[str] | None = None, page: Path = PAGE) -> int:
    """Write or check the page; returns the exit code."""
    parser = argparse.ArgumentParser(description="Write docs/published_scores.md.")
    parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 if the page is out of date")
    check = parser.parse_args(arguments).check
    before = page.read_text(encoding="utf-8") if page.exists() else ""
    after = render()
    if check and before != after:
        print(f"{page} is out of date: run python docs/published_scores.py", file=sys.stderr)
        return 1
    if before != after:
        page.write_text(after, encoding="utf-8")
        print(f"wrote {page}")
    return 0


def render() -> str:
    """Write the page anew; returns it."""
    parts = [HEAD]
    for (suite, protocol), (title, text) in SECTIONS.items():
        rows = [row for row in published_rows() if (row.suite, row.protocol) == (suite, protocol)]
        heads = ["name", "encoder", *SUITE_COLUMNS[suite], AVERAGE_COLUMN, "source", "note"]
        table = plain_table(heads, list(map(_cells, rows)), "ll" + "r" * (len(heads) - 4) + "ll")
        parts.append(f"## {title}\n\n{text}\n\n{to_markdown(table, marked_up=True)}\n")
    return "\n".join(parts)


def _cells(row: PublishedRow) -> list[str]:
    figures = [_figure(row.figures.get(column)) for column in SUITE_COLUMNS[row.suite]]
    return [f"`{row.name}`", row.label, *figures, _figure(row.average), row.source, row.note]


def _figure(figure: PublishedFigure | None) -> str:
    if figure is None:
        return "-"
    return f"{figure.score:.2f}" if figure.std is None else f"{figure.score:.2f} ± {figure.std:.2f}"


if __name__ == "__main__":
    sys.exit(main())
