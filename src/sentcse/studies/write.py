"""A study's report as files: tables, figures, summary, page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sentcse.machine.files import write_text, writing
from sentcse.printing.figures import FORMATS as DRAWN
from sentcse.printing.figures import save_figure
from sentcse.printing.tables import to_csv, to_latex, to_markdown
from sentcse.studies import figures as draw
from sentcse.studies.page import render_page
from sentcse.studies.part_report import PartReport, report_part
from sentcse.studies.remake import remake_commands
from sentcse.studies.study import Study, default_title
from sentcse.studies.summary import render_summary

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAGE_FILE = "index.html"
PAGE_MARK = '<meta name="generator" content="sentcse '
"""What is in every page of ours."""
SUMMARY_FILE = "summary.md"
BUDGET = r"(-(epochs|\d+_steps))?"
TABLE_NAME = re.compile(rf"(scores|differences|tasks|learning_curves|best_steps|geometry|runs){BUDGET}\.(md|tex|csv)")
FIGURE_NAME = re.compile(rf"((low_shot|differences)-\w+|learning_curves|best_steps|geometry){BUDGET}\.(pdf|svg|png)")
"""What a report has called its files in `_write_tables` and `part_figures`."""
FORMATS = {"md": to_markdown, "tex": to_latex, "csv": to_csv}


@dataclass(frozen=True)
class Written:
    """What a report is made of.

    Attributes:
        reports: of the parts.
        files: all that were written.
    """

    reports: tuple[PartReport, ...]
    files: tuple[Path, ...]


def write_report(
    study: Study, output: Path, *, title: str | None = None, panels: str = "size", page: bool = True, command: str = ""
) -> Written:
    """Write the whole report; files of an earlier one are replaced, and those that this one lacks are deleted.

    Args:
        study: the runs.
        output: folder; made where it is not there.
        title: heading; None makes one of methods and encoders.
        panels: of the learning curves: "size" or "method".
        page: whether to make the HTML page.
        command: what makes this report, as it is typed.

    Raises:
        SentcseError: if the folder cannot be written.
    """
    reports = tuple(report_part(part, study.reference) for part in study.parts)
    heading = default_title(study) if title is None else title
    commands = [*remake_commands([run for run in study.runs if run.done]), *([command] if command else [])]
    with writing(output, "name another folder, output=DIR"):
        tables = [
            file for report in reports for file in _write_tables(report, output / "tables", _suffix(report, reports))
        ]
        pictures = [_write_figures(report, output / "figures", _suffix(report, reports), panels) for report in reports]
        relative = [{name: file.relative_to(output) for name, file in each.items()} for each in pictures]
        texts = {SUMMARY_FILE: render_summary(study, reports, title=heading, pictures=relative, commands=commands)}
        if page:
            texts[PAGE_FILE] = render_page(study, reports, title=heading, commands=commands)
        for name, text in texts.items():
            write_text(output / name, text)
        drawn = [file.with_suffix(f".{kind}") for each in pictures for file in each.values() for kind in DRAWN]
        written = (*tables, *drawn, *(output / name for name in texts))
        _delete_older(output, written)
    return Written(reports, written)


def part_figures(report: PartReport, *, panels: str = "size") -> dict[str, Figure]:
    """The figures of a part by name; a score's key is part of the name where a figure is drawn for each score."""
    part = report.part
    drawn = {f"low_shot-{key}": draw.low_shot_figure(part, key) for key in report.compared}
    drawn["learning_curves"] = draw.learning_figure(part, by=panels)
    for key, compared in report.compared.items():
        if any(each.estimate is not None for each in compared):
            drawn[f"differences-{key}"] = draw.difference_figure(part, compared)
    drawn["best_steps"] = draw.best_step_figure(part)
    drawn["geometry"] = draw.geometry_figure(part, part.primary_key())
    return drawn


def _delete_older(output: Path, written: Sequence[Path]) -> None:
    """Delete what an earlier report wrote and this one did not, lest tables of other runs lie beside its own.

    A report's files are known by their names: what somebody else put there stays.
    """
    for folder, name in ((output / "tables", TABLE_NAME), (output / "figures", FIGURE_NAME)):
        for file in folder.iterdir():
            if name.fullmatch(file.name) and file not in written:
                file.unlink()
    page = output / PAGE_FILE
    if page not in written and page.is_file() and PAGE_MARK in page.read_text(encoding="utf-8", errors="replace"):
        page.unlink()


def _suffix(report: PartReport, reports: Sequence[PartReport]) -> str:
    """What tells the files of one budget from those of another."""
    return "" if len(reports) == 1 else f"-{report.part.slug}"


def _write_tables(report: PartReport, folder: Path, suffix: str) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for table in report.tables.values():
        named = replace(table, name=table.name + suffix)
        for kind, written in FORMATS.items():
            file = folder / f"{named.name}.{kind}"
            write_text(file, written(named) + "\n")
            files.append(file)
    return files


def _write_figures(report: PartReport, folder: Path, suffix: str, panels: str) -> dict[str, Path]:
    """The PNG of each figure, by name; PDF and SVG lie beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    return {
        name: save_figure(figure, folder / f"{name}{suffix}")[-1]
        for name, figure in part_figures(report, panels=panels).items()
    }
