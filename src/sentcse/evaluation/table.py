"""Tables of scores for the terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from sentcse.evaluation.tasks import LABELS, STS_TASKS

COLUMNS = tuple(LABELS[name] for name in STS_TASKS)
COLLAPSED = "*"
MISSING = "-"
WIDTH = 6
FIRST = "encoder"
NAME_WIDTH = 32
"""Of a longer encoder name its end is shown."""
AVERAGE = "avg"


def sts_average(scores: Mapping[str, float | None]) -> float | None:
    """Mean of the seven STS tasks from their unrounded scores; None unless all seven are there and none is nan.

    Args:
        scores: by column heading.
    """
    values = [scores.get(column) for column in COLUMNS]
    present = [value for value in values if value is not None and not math.isnan(value)]
    return sum(present) / len(COLUMNS) if len(present) == len(COLUMNS) else None


def format_table(rows: Mapping[str, Mapping[str, float | None]]) -> str:
    """Lay out fixed columns: STS12 ... SICK-R and their average, then any further ones; own pairs alone stand alone.

    Args:
        rows: by name of the row: scores by column heading. nan is a collapsed encoder; a heading that is not there
            is a task that was not run. The average is computed here, unless a row brings its own under "avg".
    """
    headings = {*COLUMNS, AVERAGE}
    fixed = (*COLUMNS, AVERAGE) if any(headings & scores.keys() for scores in rows.values()) else ()
    further = list(dict.fromkeys(column for scores in rows.values() for column in scores if column not in headings))
    first = max(len(FIRST), *(len(name) for name in rows))
    head = _line(FIRST, first, [*fixed, *further], [*fixed, *further])
    lines = [head, "-" * len(head)]
    for name, scores in rows.items():
        filled = {AVERAGE: sts_average(scores), **scores}
        cells = [_cell(filled.get(column)) for column in (*fixed, *further)]
        lines.append(_line(name, first, cells, [*fixed, *further]))
    if any(value is not None and math.isnan(value) for scores in rows.values() for value in scores.values()):
        lines.append(f"{COLLAPSED} collapsed: all similarities are equal, so that there is no rank correlation.")
    return "\n".join(lines)


def format_results(results: Mapping[str, Any]) -> str:
    """Show what `sentcse.evaluation.run` returns: how it was scored, scores, intervals, pairs, geometry."""
    tasks: Mapping[str, Any] = results["tasks"]
    intervals = {label: task["ci95"] for label, task in tasks.items() if "ci95" in task}
    if "sts_ci95" in results["average"]:
        intervals[AVERAGE] = results["average"]["sts_ci95"]
    rows = {_shortened(str(results["encoder"])): {label: _headline(task) for label, task in tasks.items()}}
    if len(intervals) > 0:
        rows |= {
            f"  95 % {word}": {label: ends[end] for label, ends in intervals.items() if ends is not None}
            for end, word in enumerate(("from", "to"))
        }
    lines = [
        f"Spearman x 100, all pairs together; protocol {results['protocol']}, mode {results['mode']}, "
        f"pooler {results['pooler']}, at most {results['max_length']} tokens "
        f"({results['truncated']} of {results['sentences']} sentences cut)",
        "",
        format_table(rows),
        "",
        "Pairs: " + ", ".join(f"{label} {task['split']} {task['pairs']}" for label, task in tasks.items()),
    ]
    if results["geometry"] is not None:
        measures = ("alignment", "uniformity", "anisotropy", "effective_rank")
        values = ", ".join(f"{name.replace('_', ' ')} {_number(results['geometry'][name])}" for name in measures)
        lines.append(f"Geometry on {results['geometry']['task']}: {values}")
    return "\n".join(lines)


def _headline(task: Mapping[str, Any]) -> float | None:
    score: float | None = task["spearman"]["all"]
    return math.nan if task["collapsed"] else score


def _shortened(name: str) -> str:
    return name if len(name) <= NAME_WIDTH else "..." + name[3 - NAME_WIDTH :]


def _cell(value: float | None) -> str:
    if value is None:
        return MISSING
    return COLLAPSED if math.isnan(value) else f"{value:.2f}"


def _number(value: float | None) -> str:
    return MISSING if value is None else f"{value:.3f}"


def _line(name: str, first: int, cells: Sequence[str], headings: Sequence[str]) -> str:
    widths = [max(WIDTH, len(heading)) for heading in headings]
    return "  ".join([name.ljust(first), *(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))])
