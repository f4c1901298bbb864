"""Runs for a terminal: many as a table, one in full, several side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sentcse.studies.run_record import AVERAGE, RunRecord, with_average
from sentcse.studies.study_run import flat
from sentcse.studies.sweep_table import mean_test
from sentcse.studies.text_table import score, text_table
from sentcse.training.run_folder import has_effect, is_locked

HEADER = ("status", "method", "size", "seed", "budget", "step", "dev", "test", "seconds", "name")
RIGHT = ("size", "seed", "step", "dev", "test", "seconds")


def list_table(runs: Sequence[RunRecord]) -> str:
    """A line a run; `size` in sentences, or in percent as asked for; none for a whole corpus before its run is done."""
    return text_table(HEADER, [_row(run) for run in runs], right=RIGHT)


def status(run: RunRecord) -> str:
    """done, failed, running or interrupted."""
    return "running" if run.status != "done" and is_locked(run.path) else run.status


def show_text(run: RunRecord) -> str:
    """What is known of a run: its outcome, its scores before and after, every setting."""
    lines = [f"run      {run.path}", f"status   {status(run)}"]
    if run.reason is not None:
        lines.append(f"reason   {run.reason}")
    if run.results is not None:
        data = run.results["data"]
        lines += [
            f"seconds  {run.seconds:.0f}",
            f"data     {data['source']}, {data['sentences']:,} sentences, SHA-256 {data['sha256'][:12]}",
            f"step     {run.best_step}",
            *(f"{name:<8} {score(before)} -> {score(after)}" for name, before, after in scores(run)),
        ]
    settings = [f"{key}: {_text(value)}" for key, value in flat(run.config).items()]
    return "\n".join([*lines, "", *settings])


def scores(run: RunRecord) -> list[tuple[str, float | None, float | None]]:
    """Name of a score, before training and after; empty unless done."""
    if run.results is None:
        return []
    initial = run.results.get("initial", {})
    names = [(f"{run.select}_dev", run.dev), *((f"{task}_test", value) for task, value in run.test.items())]
    found = [(name, initial.get(name), value) for name, value in names if value is not None or name in initial]
    average = run.sts_average
    return found if average is None else [*found, (AVERAGE, with_average(initial).get(AVERAGE), average)]


def compare_text(runs: Sequence[RunRecord]) -> str:
    """The settings that differ and bear on results, and the scores, with the difference of each run to the first."""
    names = [f"({number})" for number in range(1, len(runs) + 1)]
    lines = [f"{name} {status(run):<11} {run.name}" for name, run in zip(names, runs, strict=True)]
    differing = differences(runs)
    table = text_table(("setting", *names), [(key, *map(_text, values)) for key, values in differing.items()])
    lines += ["", table if differing else "The settings that results depend on are the same."]
    found = [{name: after for name, _, after in scores(run)} for run in runs]
    keys = list(dict.fromkeys(key for each in found for key in each))
    if keys:
        rows = [(key, *_beside([each.get(key) for each in found])) for key in keys]
        lines += ["", text_table(("score", *names), rows, right=names)]
    return "\n".join(lines)


def differences(runs: Sequence[RunRecord]) -> dict[str, list[Any]]:
    """The values of each key that differs between runs, None where unset; not of keys that change no result."""
    all_settings = [{key: value for key, value in flat(run.config).items() if has_effect(key)} for run in runs]
    keys = list(dict.fromkeys(key for settings in all_settings for key in settings))
    values = {key: [settings.get(key) for settings in all_settings] for key in keys}
    return {key: each for key, each in values.items() if any(value != each[0] for value in each[1:])}


def _row(run: RunRecord) -> tuple[str, ...]:
    size = f"{run.percent:g}%" if run.sentences is None and run.percent is not None else str(run.sentences or "")
    budget = f"{run.max_steps} steps" if run.max_steps is not None else f"{run.max_epochs} epochs"
    best = ["", "", "", ""]
    if run.results is not None:
        best = [str(run.best_step), score(run.dev), score(mean_test(run)), f"{run.seconds:.0f}"]
    return (status(run), run.method, size, str(run.seed), budget, *best, run.name)


def _beside(values: Sequence[float | None]) -> list[str]:
    first = values[0]
    return [
        score(value) if number == 0 or value is None or first is None else f"{score(value)} ({value - first:+.2f})"
        for number, value in enumerate(values)
    ]


def _text(value: Any) -> str:
    """A setting as it stands on the command line."""
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return str(value)
