"""What a reproduction leaves: the verdict, scores and tables of each recipe, rows for a paper, a page, a study."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sentcse.evaluation.reports.outputs import write_tables
from sentcse.machine.files import write_json, write_text, writing
from sentcse.printing.html import render_template
from sentcse.printing.tables import Table, to_csv, to_latex, to_markdown
from sentcse.printing.wording import NOTHING, listed, number, printable
from sentcse.records.run_folder import RunFolder
from sentcse.records.selecting import selecting_key
from sentcse.studies.collect import collect
from sentcse.studies.page import FILES
from sentcse.studies.reproduction import (
    SUITES,
    TASKS,
    Reproduction,
    source,
    standings,
    trained_on,
    verdict,
    what_was_run,
)
from sentcse.studies.reproduction_tables import paper_table, task_table
from sentcse.studies.write import PAGE_FILE, write_report

__all__ = ["PAGE_FILE", "VERDICT", "render_page", "verdict_text", "write_reproduction"]

VERDICT, VERDICTS, STUDY = "verdict.txt", "verdict.json", "study"
FORMATS = {"md": to_markdown, "tex": to_latex, "csv": to_csv}
MARKS = {
    "agrees": {"kind": "good", "mark": "\u2248"},
    "below": {"kind": "bad", "mark": "\u25bc"},
    "above": {"kind": "good", "mark": "\u25b2"},
    "undecided": {"kind": "none", "mark": "?"},
    "not scored": {"kind": "none", "mark": NOTHING},
}


def write_reproduction(reproductions: Sequence[Reproduction], output: Path, *, page: bool, command: str) -> None:
    """Write everything; the same runs and scores make the same verdict.

    Args:
        reproductions: a recipe each.
        output: folder; made where it is not there.
        page: whether to make index.html, and the study of the runs with its own.
        command: what makes all of it, as it is typed.

    Raises:
        SentcseError: if the folder cannot be written.
    """
    with writing(output, "name another folder, output=DIR"):
        output.mkdir(parents=True, exist_ok=True)
        for each in reproductions:
            write_tables({**each.scores, **_judged(each)}, output / each.name)
        for table in paper_tables(reproductions):
            for kind, written in FORMATS.items():
                write_text(output / f"{table.name}.{kind}", written(table) + "\n")
        write_json(output / VERDICTS, {each.name: _judged(each) for each in reproductions})
        write_text(output / VERDICT, verdict_text(reproductions) + "\n")
        if page:
            runs = [RunFolder(config).path for each in reproductions for config in each.configs]
            title = f"Runs of {listed([each.name for each in reproductions])}"
            write_report(collect(runs), output / STUDY, title=title, command=command)
            write_text(output / PAGE_FILE, render_page(reproductions, command=command))


def verdict_text(reproductions: Sequence[Reproduction]) -> str:
    """The verdicts for the terminal, a blank line between recipes."""
    return "\n\n".join("\n".join(map(printable, verdict(each))) for each in reproductions)


def render_page(reproductions: Sequence[Reproduction], *, command: str) -> str:
    """One HTML file with all verdicts and tables; it needs no script, and all text of runs is escaped."""
    names = [each.name for each in reproductions]
    return render_template(
        "reproduction.html",
        FILES,
        title=f"Reproduction of {listed(names)}",
        facts=_facts(reproductions),
        recipes=[_section(each) for each in reproductions],
        papers=[{"table": table, "latex": to_latex(table)} for table in paper_tables(reproductions)],
        verdicts=MARKS,
        command=command,
        study=f"{STUDY}/{PAGE_FILE}",
        version=version("sentcse"),
        css=(FILES / "page.css").read_text(encoding="utf-8"),
    )


def paper_tables(reproductions: Sequence[Reproduction]) -> list[Table]:
    """A table for each suite that was scored."""
    return [
        paper_table(reproductions, suite) for suite in SUITES if any(suite in each.suites for each in reproductions)
    ]


def seeds_table(reproduction: Reproduction) -> Table:
    """A line for each run: what was selected, on which score, and how long it took."""
    rows = []
    for config, results in zip(reproduction.configs, reproduction.trained, strict=True):
        key = selecting_key(config.evaluation.select)
        score = None if key is None else results["best"].get(key)
        seconds = f"{results['seconds']:,.0f}"
        rows.append(
            (RunFolder(config).path.name, str(config.seed), str(results["best"]["step"]), number(score), seconds)
        )
    columns = ("run", "seed", "selected step", "selecting score", "seconds")
    title = f"{reproduction.name}: the runs; the score that chose the step flatters"
    return Table(columns, (tuple(rows),), "lrrrr", name=f"{reproduction.name}_runs", title=title)


def _judged(reproduction: Reproduction) -> dict[str, Any]:
    """What `results.json` of a recipe has beside its scores."""
    recipe = {"name": reproduction.name, **{key: reproduction.recipe.get(key) for key in ("source", "note")}}
    runs = [RunFolder(config).path.name for config in reproduction.configs]
    judged = {"recipe": recipe, "changes": list(reproduction.changes), "runs": runs}
    # as it is read back: plain containers
    found: dict[str, Any] = json.loads(json.dumps({**judged, "reproduction": reproduction.records}))
    return found


def _facts(reproductions: Sequence[Reproduction]) -> list[tuple[str, str]]:
    """What is to be known first: the verdict on each average."""
    return [
        (
            f"{each.name}, mean of {TASKS[record['suite']]}",
            f"{record['average']['verdict']}{', changed' if len(each.changes) > 0 else ''}",
        )
        for each in reproductions
        for record in each.records
        if record["average"] is not None
    ]


def _section(reproduction: Reproduction) -> dict[str, Any]:
    return {
        "name": reproduction.name,
        "id": f"recipe-{reproduction.name.replace('_', '-')}",
        "seeds": reproduction.seeds,
        "source": source(reproduction),
        "changed": what_was_run(reproduction) if len(reproduction.changes) > 0 else None,
        "trained": list(dict.fromkeys(trained_on(results) for results in reproduction.trained)),
        "lines": list(standings(reproduction)),
        "tables": [task_table(reproduction, suite) for suite in reproduction.suites],
        "runs": seeds_table(reproduction),
    }
