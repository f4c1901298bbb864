"""The report as one HTML file that needs nothing beside it: plotly, style, script and data are inside."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sentcse.printing.figures import COLOURS, look
from sentcse.printing.html import render_template
from sentcse.studies.part_report import PartReport
from sentcse.studies.statistics import BETTER, NOT_TESTED, NOT_TOLD_APART, WORSE
from sentcse.studies.study import Study, key_facts, lead

FILES = Path(__file__).parent / "page_files"
VERDICTS = {
    BETTER: {"kind": "good", "mark": "\u25b2"},
    WORSE: {"kind": "bad", "mark": "\u25bc"},
    NOT_TOLD_APART: {"kind": "none", "mark": "\u2248"},
    NOT_TESTED: {"kind": "none", "mark": "\u2013"},
}
DASHES = {"solid": "none", "dash": "7 3", "dot": "2 2.5", "dashdot": "7 2.5 2 2.5"}
SHAPES = {
    "circle": "M20 3a4 4 0 1 0 0 8a4 4 0 1 0 0 -8z",
    "square": "M16.5 3.5h7v7h-7z",
    "triangle-up": "M20 2.5l4.6 8h-9.2z",
    "diamond": "M20 1.8l5.2 5.2l-5.2 5.2l-5.2 -5.2z",
    "triangle-down": "M20 11.5l4.6 -8h-9.2z",
    "x": "M16 4.5l1.5 -1.5l2.5 2.5l2.5 -2.5l1.5 1.5l-2.5 2.5l2.5 2.5l-1.5 1.5l-2.5 -2.5l-2.5 2.5l-1.5 -1.5l2.5 -2.5z",
}


def render_page(study: Study, reports: Sequence[PartReport], *, title: str, commands: Sequence[str]) -> str:
    """The whole page; all text of runs is escaped, and its policy forbids every request.

    Args:
        study: the runs.
        reports: of its parts, in their order.
        title: heading.
        commands: what makes runs and report again.
    """
    from plotly.offline import get_plotlyjs

    from sentcse.studies.charts import charts
    from sentcse.studies.provenance_tables import provenance_tables
    from sentcse.studies.run_details import run_columns, run_details, run_rows

    drawn = [charts(report, place) for place, report in enumerate(reports)]
    views = {
        chart.id: [{"label": view.label, "figure": view.figure} for view in chart.views]
        for group in drawn
        for chart in group
    }
    data = {"parts": len(reports) * [None], "charts": views, "runs": run_details(study), "colours": len(COLOURS)}
    return render_template(
        "page.html",
        FILES,
        title=title,
        lead=lead(study),
        facts=key_facts(study),
        parts=[_part(report, group) for report, group in zip(reports, drawn, strict=True)],
        verdicts=VERDICTS,
        run_columns=run_columns(study),
        runs=run_rows(study),
        provenance=provenance_tables(study),
        commands=commands,
        notes=study.notes,
        reference=study.reference,
        version=version("sentcse"),
        data=data,
        css=(FILES / "page.css").read_text(encoding="utf-8"),
        script=(FILES / "page.js").read_text(encoding="utf-8"),
        plotly=get_plotlyjs(),
    )


def _part(report: PartReport, drawn: Sequence[Any]) -> dict[str, Any]:
    part = report.part
    headings = {"tasks": "Scores by task"}
    return {
        "id": f"results-{part.slug.replace('_', '-')}",
        "label": part.label,
        "findings": report.findings,
        "other_findings": report.other_findings,
        "gaps": report.gaps,
        "charts": drawn,
        "series": [_series(name, part.places[name]) for name in part.series],
        "tables": [
            {"heading": heading, "table": report.tables[name]}
            for name, heading in headings.items()
            if name in report.tables
        ],
    }


def _series(name: str, place: int) -> dict[str, Any]:
    style = look(place)
    marks = {"dashes": DASHES[style.page_dash], "shape": SHAPES[style.page_marker]}
    return {"name": name, "place": place, "colour": place % len(COLOURS), **marks}
