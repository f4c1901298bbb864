"""Runs and sweeps for a terminal: many runs as a table, one in full, several side by side, the jobs of a sweep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, get_args

from sentcse.config.section import flat
from sentcse.printing.tables import plain_table, to_text
from sentcse.printing.wording import count, printable, score
from sentcse.records.failures import failed_jobs
from sentcse.records.layout import METRICS_FILE, STS_AVERAGE, score_key
from sentcse.records.metrics_file import last_step
from sentcse.records.run_folder import has_effect
from sentcse.records.run_lock import is_locked
from sentcse.records.run_record import RunRecord, with_average
from sentcse.records.selecting import selecting_key
from sentcse.records.sweep_record import JobState, JobStatus

HEADER = ("status", "method", "size", "seed", "budget", "step", "dev", "test", "seconds", "name")
ALIGN = "llrrlrrrrl"


def list_table(runs: Sequence[RunRecord]) -> str:
    """A line a run; `size` in sentences, or in percent as asked for; none for a whole corpus before its run is done.

    `step` is the one that was chosen; `at 50` the one that a run has reached which is not done.
    """
    return to_text(plain_table(HEADER, [_row(run) for run in runs], ALIGN))


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
            *([f"dropped  {data['dropped_duplicates']:,} duplicates"] if "dropped_duplicates" in data else []),
            f"step     {run.best_step}",
            *([f"merge    alpha {run.results['merge']['alpha']:g}"] if "merge" in run.results else []),
            *([f"stopped  {run.results['stopped']}"] if "stopped" in run.results else []),
            *(f"{name:<8} {score(before)} -> {score(after)}" for name, before, after in scores(run)),
        ]
    settings = [f"{key}: {_text(value)}" for key, value in flat(run.config).items()]
    return "\n".join(map(printable, [*lines, "", *settings]))


def scores(run: RunRecord) -> list[tuple[str, float | None, float | None]]:
    """Name of a score, before training and after; empty unless done."""
    if run.results is None:
        return []
    initial = run.results.get("initial", {})
    key = selecting_key(run.select)
    names = [
        *([] if key is None else [(key, run.selecting)]),
        *((score_key(task, "test"), value) for task, value in run.test.items()),
    ]
    found = [(name, initial.get(name), value) for name, value in names if value is not None or name in initial]
    average = run.sts_average
    return found if average is None else [*found, (STS_AVERAGE, with_average(initial).get(STS_AVERAGE), average)]


def compare_text(runs: Sequence[RunRecord]) -> str:
    """The settings that differ and bear on results, and the scores, with the difference of each run to the first."""
    names = [f"({number})" for number in range(1, len(runs) + 1)]
    lines = [printable(f"{name} {status(run):<11} {run.name}") for name, run in zip(names, runs, strict=True)]
    differing = differing_values(runs)
    settings = [(key, *map(_text, values)) for key, values in differing.items()]
    table = plain_table(("setting", *names), settings, "l" + "l" * len(names))
    lines += ["", to_text(table) if differing else "The settings that results depend on are the same."]
    found = [{name: after for name, _, after in scores(run)} for run in runs]
    keys = list(dict.fromkeys(key for each in found for key in each))
    if keys:
        rows = [(key, *_beside([each.get(key) for each in found])) for key in keys]
        lines += ["", to_text(plain_table(("score", *names), rows, "l" + "r" * len(names)))]
    return "\n".join(lines)


def differing_values(runs: Sequence[RunRecord]) -> dict[str, list[Any]]:
    """The values of each key that differs between runs, None where unset; not of keys that change no result."""
    all_settings = [{key: value for key, value in flat(run.config).items() if has_effect(key)} for run in runs]
    keys = list(dict.fromkeys(key for settings in all_settings for key in settings))
    values = {key: [settings.get(key) for settings in all_settings] for key in keys}
    return {key: each for key, each in values.items() if any(value != each[0] for value in each[1:])}


def _row(run: RunRecord) -> tuple[str, ...]:
    size = f"{run.percent:g}%" if run.sentences is None and run.percent is not None else str(run.sentences or "")
    budget = f"{run.max_steps} steps" if run.max_steps is not None else f"{run.max_epochs} epochs"
    reached = None if run.results is not None else last_step(run.path / METRICS_FILE)
    best = ["" if reached is None else f"at {reached}", "", "", ""]
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


def sweep_table(states: Sequence[JobState]) -> str:
    """A line for each job: status, settings, chosen step, score on the selecting dev task and on the test tasks.

    `test` is the STS average where all seven were scored, else the mean of what was. Below stand the failed jobs with
    the sentence why, and a count.
    """
    keys = list(dict.fromkeys(key for state in states for key in state.job.settings))
    header = ["job", "status", *(short_key(key, keys) for key in keys), "step", "dev", "test"]
    rows = [
        [
            str(state.job.number),
            state.status,
            *(state.job.settings.get(key, "") for key in keys),
            *_scores(state.run),
        ]
        for state in states
    ]
    table = plain_table(header, rows, "rl" + "l" * len(keys) + "rrr")
    return "\n".join([to_text(table), *failed_jobs(states), *_mixed(states), jobs_by_status(states)])


def jobs_by_status(states: Sequence[JobState]) -> str:
    """`60 jobs: 57 done, 2 failed, 1 missing`."""
    found = Counter(state.status for state in states)
    parts = [f"{found[status]} {status}" for status in get_args(JobStatus) if found[status] > 0]
    return f"{count(len(states), 'job')}: {', '.join(parts)}"


def short_key(key: str, keys: Sequence[str]) -> str:
    """The last part of a dotted key, or all of it where that is another key's too."""
    last = key.rpartition(".")[2]
    return last if [other.rpartition(".")[2] for other in keys].count(last) == 1 else key


def mean_test(run: RunRecord) -> float | None:
    """The STS average of a run's encoder, else the mean over the test tasks that were scored."""
    if run.sts_average is not None:
        return run.sts_average
    scores = [value for value in run.test.values() if value is not None]
    return sum(scores) / len(scores) if scores else None


def _scores(run: RunRecord | None) -> list[str]:
    if run is None or run.results is None:
        return ["", "", ""]
    return [str(run.best_step), score(run.dev), score(mean_test(run))]


def _mixed(states: Sequence[JobState]) -> list[str]:
    found = Counter(run.precision for state in states if (run := state.run) is not None and run.precision is not None)
    if len(found) < 2:
        return []
    parts = ", ".join(f"{jobs} in {precision}" for precision, jobs in sorted(found.items()))
    return [
        f"note: the jobs were not trained in one precision ({parts}): set trainer.precision to compare like with like"
    ]
