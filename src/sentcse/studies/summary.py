"""The report as one Markdown file, to be read where the page is not."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from sentcse.printing.tables import escape_markdown, to_markdown
from sentcse.studies.part_report import PartReport
from sentcse.studies.study import Study, lead

SHOWN = ("scores", "differences", "tasks", "best_steps")
"""Tables that the summary holds; the others are files."""

CAPTIONS = {
    "low_shot": "Score against number of sentences: mean over seeds, 95 % interval",
    "learning_curves": "Dev score by optimiser step: mean over seeds, band of the 95 % interval",
    "differences": "Paired differences with 95 % intervals; filled where told apart",
    "best_steps": "Steps that the dev score selected",
    "geometry": "Score against alignment and uniformity at the selected step",
}


def render_summary(
    study: Study,
    reports: Sequence[PartReport],
    *,
    title: str,
    pictures: Sequence[Mapping[str, Path]],
    commands: Sequence[str],
) -> str:
    """The text of summary.md.

    Args:
        study: the runs.
        reports: of its parts, in their order.
        title: heading.
        pictures: of each part: PNG files by the name of the figure, relative to the summary.
        commands: what makes runs and report again.
    """
    lines = [f"# {escape_markdown(title)}", "", escape_markdown(lead(study)), ""]
    for report, files in zip(reports, pictures, strict=True):
        lines += _part(report, files, heading=len(reports) > 1)
    # longer than what a command may hold, which would end the block
    fence = "`" * max([3, *(len(ticks) + 1 for command in commands for ticks in re.findall("`+", command))])
    lines += ["## Commands", "", "A path that begins with `...` is a file that lies elsewhere on another machine.", ""]
    lines += [fence + "bash", *commands, fence, ""]
    if study.notes:
        lines += ["## Notes", "", *_listed(study.notes), ""]
    return "\n".join(lines)


def _part(report: PartReport, files: Mapping[str, Path], *, heading: bool) -> list[str]:
    lines = [f"## Budget: {report.part.label}", ""] if heading else []
    mark = "###" if heading else "##"
    if report.findings:
        lines += [f"{mark} What is told apart", "", *_listed([*report.findings, *report.other_findings]), ""]
    if report.gaps:
        lines += [f"{mark} What is missing or uneven", "", *_listed(report.gaps), ""]
    lines += [f"{mark} Figures", ""]
    for name, file in files.items():
        lines += [f"![{CAPTIONS.get(name.partition('-')[0], name)}]({file.as_posix()})", ""]
    lines += [f"{mark} Tables", ""]
    for name in SHOWN:
        if name in report.tables:
            lines += [to_markdown(report.tables[name]), ""]
    return lines


def _listed(sentences: Sequence[str]) -> list[str]:
    return [f"- {escape_markdown(sentence)}" for sentence in sentences]
