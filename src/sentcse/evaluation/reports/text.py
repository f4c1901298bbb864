"""What the evaluation command prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from sentcse.config.tasks import AVERAGE_COLUMN, SUITE_COLUMNS, TASKS
from sentcse.evaluation.reports.score_grid import COLLAPSED, ScoreGrid
from sentcse.evaluation.reports.score_tables import encoder_names, encoder_records, geometry_table, score_tables
from sentcse.evaluation.scores.mteb_tasks import format_mteb
from sentcse.evaluation.statistics.comparison import ResampledDifference, describe_difference
from sentcse.evaluation.statistics.reproduction import describe_reproduction
from sentcse.printing.tables import to_latex, to_markdown, to_text

Results = Mapping[str, Any]
Layout = Literal["table", "markdown", "latex"]
SUITE_WORDS = {"sts": "seven STS tasks", "transfer": "seven transfer tasks"}
FEW_PAIRS = 30
"""Below, chance alone moves a rank correlation by more than 36 points either way: 1.96 / sqrt(pairs - 1)."""
COLLAPSE = "collapsed: the vectors do not differ, so that there is no score"


def format_results(results: Results, layout: Layout = "table") -> str:
    """Show what `sentcse.evaluation.run` returns: how it was scored, scores, intervals, pairs, geometry, comparisons.

    Args:
        results: content of `results.json`.
        layout: "table" with everything around it for the terminal, else only tables to paste.
    """
    if layout != "table":
        written = {"markdown": to_markdown, "latex": to_latex}[layout]
        grids = score_tables(results, with_geometry=True)
        return "\n\n".join(written(grid.as_table(for_terminal=False)) for grid in grids)
    grids = score_tables(results)
    blocks = [_how_it_was_scored(results), *map(_terminal, grids)]
    if any(grid.has_collapsed() for grid in grids):
        blocks[-1] += f"\n{COLLAPSED} {COLLAPSE}."
    blocks.append(_what_was_scored(encoder_records(results)[0]))
    for name, record in zip(encoder_names(results), encoder_records(results), strict=True):
        blocks += [f"{name}\n{format_mteb(record['mteb'])}"] if "mteb" in record else []
    geometry = geometry_table(results)
    if geometry is not None:
        task = encoder_records(results)[0]["geometry"]["task"]
        blocks.append(f"Geometry on {task}\n{_terminal(geometry)}")
    if "against" in results:
        blocks.append("\n".join(_comparison(results)))
    blocks += ["\n".join(describe_reproduction(record)) for record in results.get("reproduction", [])]
    return "\n\n".join(block for block in blocks if block != "")


def _terminal(grid: ScoreGrid) -> str:
    return to_text(grid.as_table(for_terminal=True), rule=True)


def _how_it_was_scored(results: Results) -> str:
    tasks = encoder_records(results)[0]["tasks"]
    # a protocol says how published tasks are scored, and own pairs are of none
    published = {task.label for task in TASKS.values()}
    own_alone = len(tasks) > 0 and published.isdisjoint(tasks)
    how = "Own pairs" if own_alone else f"Protocol {results['protocol']}, mode {results['mode']}"
    lines = [f"{how}; Spearman x 100 of all pairs together"]
    if any("accuracy" in task for task in tasks.values()):
        lines[0] += ", accuracy in per cent"
    for record in encoder_records(results):
        recorded = record["recorded_pooler"]
        overridden = "" if recorded in (None, record["pooler"]) else f" (recorded: {recorded})"
        values = f"first {record['dimensions']} values, " if "dimensions" in record else ""
        lines.append(
            f"{record['encoder']}: pooler {record['pooler']}{overridden}, {values}"
            f"at most {record['max_length']} tokens ({record['truncated']} of {record['sentences']} sentences cut)"
        )
    return "\n".join(lines)


def _what_was_scored(record: Results) -> str:
    counts_of_pairs = {label: task["pairs"] for label, task in record["tasks"].items() if "pairs" in task}
    pairs = [f"{label} {record['tasks'][label]['split']} {count}" for label, count in counts_of_pairs.items()]
    few = [label for label, count in counts_of_pairs.items() if count < FEW_PAIRS]
    rows = [f"{label} {task['split']} {task['rows']}" for label, task in record["tasks"].items() if "rows" in task]
    said = {"Pairs": pairs, "Rows": rows}
    lines = [f"{what}: {', '.join(counts)}" for what, counts in said.items() if len(counts) > 0]
    if few:
        lines.append(f"Too few pairs for a score or its interval to mean much (below {FEW_PAIRS}): {', '.join(few)}")
    return "\n".join(lines)


def _comparison(results: Results) -> list[str]:
    first, second = encoder_names(results)
    differences = results["against"]["differences"]
    lines = [
        f"{label}: {describe_difference(first, second, _difference(record))}"
        for label, record in differences["tasks"].items()
    ]
    for suite, record in differences["average"].items():
        low, high = record["ci95"]
        lines += [
            f"{AVERAGE_COLUMN} of {SUITE_WORDS[suite]}: {describe_difference(first, second, _difference(record))}",
            f"  (95 % interval {low:+.2f} to {high:+.2f}, p = {record['p']:.4f})",
        ]
    left_out = [label for label in results["tasks"] if label not in differences["tasks"]]
    if len(left_out) > 0:
        lines.append(f"Not compared, because an encoder is collapsed or its rows are not known: {', '.join(left_out)}")
    lines.append(
        f"Paired bootstrap over pairs, {differences['resamples']} resamples; the words follow p < 0.05. p (Holm) is "
        "corrected for the\nnumber of tasks: it is the one to cite where a task was not chosen beforehand."
    )
    if any(label in SUITE_COLUMNS["transfer"] for label in differences["tasks"]):
        lines.append(
            "Transfer tasks: rows are resampled and the classifiers kept; what another classifier_seed would\n"
            "give is not in the interval."
        )
    return lines


def _difference(record: Results) -> ResampledDifference:
    return ResampledDifference(record["difference"], record["ci95"][0], record["ci95"][1], record["p"])
