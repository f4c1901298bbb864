"""Everything that is said of one part of a study, computed once for files, summary and page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sentcse.printing.tables import Table
from sentcse.records.layout import STS_AVERAGE
from sentcse.studies.curve_tables import geometry_by_size, learning_table
from sentcse.studies.findings import findings, gaps, varied_with_size
from sentcse.studies.part import Part
from sentcse.studies.statistics import SeriesDifference, compare_series
from sentcse.studies.tables import best_step_table, difference_table, run_table, score_table, task_table


@dataclass(frozen=True, eq=False)
class PartReport:
    """One part of a study and what follows from it.

    Attributes:
        part: its runs.
        compared: differences by score, the primary score first.
        tables: by name, in the order in which they are shown.
        findings: sentences on the primary score.
        other_findings: sentences on the other scores.
        gaps: sentences on what is missing or uneven.
    """

    part: Part
    compared: Mapping[str, Sequence[SeriesDifference]]
    tables: Mapping[str, Table]
    findings: tuple[str, ...]
    other_findings: tuple[str, ...]
    gaps: tuple[str, ...]


def report_part(part: Part, reference: str | None = None) -> PartReport:
    """Compute tables and sentences of a part, whose series are compared with `reference`, or every two."""
    keys = sorted(part.headline_keys(), key=lambda key: key != part.primary_key())
    compared = {key: compare_series(part, key, reference) for key in keys}
    tests = [key for key in part.score_keys() if key.endswith("_test") and key != STS_AVERAGE]
    tables = [
        score_table(part),
        *([difference_table(part, compared)] if any(compared.values()) else []),
        *([task_table(part)] if len(tests) > 1 else []),
        learning_table(part),
        best_step_table(part),
        geometry_by_size(part),
        run_table(part),
    ]
    alone = reference is not None and reference not in part.series
    nothing_compared = (f"No run of {reference} has this budget, so that nothing is compared here.",) if alone else ()
    return PartReport(
        part=part,
        compared=compared,
        tables={table.name: table for table in tables},
        findings=tuple(findings(compared[keys[0]], over=part.over)),
        other_findings=tuple(sentence for key in keys[1:] for sentence in findings(compared[key], over=part.over)),
        gaps=(*nothing_compared, *gaps(part, compared[keys[0]]), *varied_with_size(part)),
    )
