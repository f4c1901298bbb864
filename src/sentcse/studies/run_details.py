"""What the page shows of single runs: the rows of its table, and what opens behind each name."""

from __future__ import annotations

from typing import Any

from sentcse.printing.wording import NOTHING, number
from sentcse.studies.chart_data import run_curve
from sentcse.studies.interactive import run_figure
from sentcse.studies.part import Part
from sentcse.studies.remake import remake_command
from sentcse.studies.study import Study
from sentcse.studies.study_run import GEOMETRY, StudyRun, score_label, setting_text, shortened

Cell = dict[str, Any]


def run_columns(study: Study) -> list[dict[str, Any]]:
    """Headings of the table of runs; figures stand to the right."""
    words = ["run", "method", *(["budget"] if study.has_budgets else [])]
    seeds = ["seed", *(["split"] if _splits_of_their_own(study) else [])]
    scores = [*map(score_label, headline_keys(study)), *GEOMETRY]
    figures = ["sentences", *seeds, "selected step", *scores]
    return [
        *({"name": name, "figure": False} for name in words),
        *({"name": name, "figure": True} for name in figures),
        {"name": "status", "figure": False},
    ]


def run_rows(study: Study) -> list[dict[str, Any]]:
    """The rows of the table of runs: `index` of its details, and `cells` with the text and the value to sort by."""
    several = study.has_budgets
    located = [(part, run) for part in study.parts for run in part.runs]
    rows = []
    for index, (part, run) in enumerate(located):
        words = [run.record.name, part.names[run.record.name], *([run.trained_for] if several else [])]
        scores = [_figure(run.scores.get(key)) for key in headline_keys(study)]
        shape = [_figure(run.outcome(kind), 3) for kind in GEOMETRY]
        split = [_figure(run.replicate.split, None)] if _splits_of_their_own(study) else []
        seeds = [_figure(run.record.seed, None), *split]
        facts = [_figure(run.size, 0), *seeds, _figure(run.record.best_step, 0)]
        cells = [*map(_word, words), *facts, *scores, *shape, _word(run.record.status)]
        rows.append({"index": index, "cells": cells})
    return rows


def run_details(study: Study) -> list[dict[str, Any]]:
    """What opens behind each row, in the order of `run_rows`, as plain values for the page's script."""
    return [_details(part, run) for part in study.parts for run in part.runs]


def headline_keys(study: Study) -> list[str]:
    """The headline scores of all parts."""
    return list(dict.fromkeys(key for part in study.parts for key in part.headline_keys()))


def _splits_of_their_own(study: Study) -> bool:
    return any(part.splits_of_their_own for part in study.parts)


def _details(part: Part, run: StudyRun) -> dict[str, Any]:
    place = part.places[part.names[run.record.name]]
    curve = {
        "label": f"{run.dev_label} of {run.record.name} by optimiser step",
        "figure": run_figure(run_curve(run, place)),
    }
    return {
        "name": run.record.name,
        "reason": _reason(run),
        "scores": [_score_row(run, key) for key in run.scores],
        "facts": _facts(part, run),
        "curve": curve if run.dev_curve else None,
        "command": remake_command(run),
        "settings": [[key, setting_text(value)] for key, value in sorted(run.effective.items())],
    }


def _reason(run: StudyRun) -> str:
    if run.done:
        return ""
    reason = "" if run.record.reason is None else run.record.reason.replace(str(run.record.path.parent), "...")
    return f"Status: {run.record.status}. {reason}".strip()


def _score_row(run: StudyRun, key: str) -> list[str]:
    after, before = run.scores[key], run.initial.get(key)
    gain = None if after is None or before is None else after - before
    return [score_label(key), number(after), number(before), number(gain, sign=True)]


def _facts(part: Part, run: StudyRun) -> list[list[str]]:
    data = run.part_of_results("data")
    facts = [
        ("method", part.names[run.record.name]),
        ("encoder", run.record.encoder),
        ("sentences", number(run.size, 0)),
        ("seed", str(run.record.seed)),
        ("seed of the split", str(run.record.split_seed) if run.record.is_low_shot else "whole corpus"),
        ("budget", run.trained_for),
        ("selected step", number(run.record.best_step, 0)),
        *((kind, number(run.outcome(kind), 3)) for kind in GEOMETRY),
        ("corpus", str(data.get("source", shortened(run.record.corpus)))),
        ("SHA-256 of the data", str(data.get("sha256", NOTHING))),
        ("made with", ", ".join(f"{name} {value}" for name, value in run.made_with.items()) or NOTHING),
        ("training and evaluation", NOTHING if run.record.seconds is None else f"{run.record.seconds:,.0f} s"),
    ]
    return [[name, value] for name, value in facts]


def _word(text: str) -> Cell:
    return {"text": text, "value": text, "figure": False}


def _figure(value: float | None, digits: int | None = 2) -> Cell:
    """A cell that is sorted by its whole value; an empty one goes to the end."""
    text = str(value) if digits is None and value is not None else number(value, digits or 0)
    return {"text": text, "value": "" if value is None else repr(value), "figure": True}
