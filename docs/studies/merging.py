"""What merging back has brought: the tests of the start, of the selected step, and of the place that was exported.

python docs/studies/merging.py runs [more folders] [--output DIR]

Runs must have been trained with evaluation.merge=true, all seven tests and runs.keep=best. The step itself is scored
as the run scored: with evaluation.test_curve=true it was, otherwise checkpoints/best.ckpt is scored here.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from selection import arguments_of, publish, sized_runs

from sentcse.config.tasks import STS_TASKS
from sentcse.encoder import SentenceEncoder
from sentcse.errors import SentcseError
from sentcse.evaluation.scores.evaluator import evaluate_encoder
from sentcse.evaluation.statistics.seeds import mean_and_interval
from sentcse.evaluation.tasks.loading import load_sts
from sentcse.evaluation.tasks.selection import resolve_tasks
from sentcse.machine.device import choose_batch_size
from sentcse.printing.tables import Table
from sentcse.printing.wording import interval, number
from sentcse.records.layout import METRICS_FILE, score_key, spearman_metric
from sentcse.records.metrics_file import read_series
from sentcse.studies.study_run import StudyRun

TARGETS = {"STS average": STS_TASKS, "STS-B test": ("stsb",), "SICK-R test": ("sickr",)}
Scores = Mapping[str, float]
"""Spearman x 100 of every test task."""


def scores_of(run: StudyRun) -> tuple[Scores, Scores, Scores]:
    """Start, selected step, exported place.

    Raises:
        SentcseError: if the run lacks a test, or its step is neither scored nor kept.
    """
    results: Any = run.record.results
    keys = {task: score_key(task, "test") for task in STS_TASKS}
    start = {task: results["initial"].get(key) for task, key in keys.items()}
    merged = {task: results["test"].get(task, {}).get("spearman") for task in STS_TASKS}
    lacking = [task for task in STS_TASKS if start[task] is None or merged[task] is None]
    if lacking:
        raise SentcseError(
            f"{run.record.name} has no score of {', '.join(lacking)}: train with all seven tests in evaluation.test."
        )
    curves = read_series(run.record.path / METRICS_FILE)
    step = {task: curves.get(spearman_metric(task, "test"), {}).get(results["best"]["step"]) for task in STS_TASKS}
    known = {task: score for task, score in step.items() if score is not None}
    return start, known if len(known) == len(STS_TASKS) else score_step(run), merged


def score_step(run: StudyRun) -> Scores:
    """The tests of the selected step's checkpoint, encoded as the run encoded."""
    config = run.config
    tasks = load_sts(resolve_tasks(["sts"], mode="test", protocol="simcse"), config["data_root"])
    result = evaluate_encoder(
        SentenceEncoder.from_pretrained(run.record.path / "checkpoints" / "best.ckpt"),
        tasks,
        batch_size=choose_batch_size(config["evaluation.batch_size"], "cpu"),
        precision=config["evaluation.precision"],
    )
    return {task: result.sts[task].all for task in STS_TASKS}


def measured(runs: Mapping[tuple[str, int], Sequence[StudyRun]]) -> list[dict[str, Any]]:
    """Means for every method, size and target; the gain of the place over the step is paired by seed."""
    records = []
    for (series, size), ours in runs.items():
        scored = [scores_of(run) for run in ours]
        places = [run.record.results["merge"]["alpha"] for run in ours]  # type: ignore[index]
        for target, tasks in TARGETS.items():
            start, step, merged = (
                [fmean(each[task] for task in tasks) for each in kind] for kind in zip(*scored, strict=True)
            )
            gain = mean_and_interval([after - before for after, before in zip(merged, step, strict=True)])
            records.append(
                {"method": series, "sentences": size, "target": target, "start": fmean(start), "step": fmean(step)}
                | {"merged": fmean(merged), "gain": gain.mean, "low": gain.low, "high": gain.high}
                | {"least_alpha": min(places), "most_alpha": max(places), "runs": gain.n}
            )
    return records


def merge_table(records: Sequence[Mapping[str, Any]]) -> Table:
    """A row for every record of `measured`."""
    rows = [
        (
            each["method"],
            f"{each['sentences']:,}",
            each["target"],
            *(number(each[kind]) for kind in ("start", "step", "merged")),
            number(each["gain"], sign=True),
            interval(each["low"], each["high"]),
            interval(each["least_alpha"], each["most_alpha"]),
            str(each["runs"]),
        )
        for each in records
    ]
    return Table(
        ("method", "sentences", "target", "start", "step", "merged", "merged - step", "95 % interval", "alpha", "runs"),
        (tuple(rows),),
        "lllrrrrrrr",
        "merging",
        "Spearman x 100 before training, at the step that was selected, and at the place that was exported",
        ("alpha: the least and the most of the runs' places; 0 is the start, 1 the step.",),
        tuple(records),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Read, score where that is needed, print, and write the table where a folder is named."""
    given = arguments_of(__doc__, arguments)
    merged = defaultdict(list)
    try:
        for series, size, run in sized_runs(given.runs):
            if "merge" in (run.record.results or {}):
                merged[series, size].append(run)
        if not merged:
            raise SentcseError("None of the runs was merged back: train with evaluation.merge=true.")
        publish([merge_table(measured(merged))], given.output)
    except SentcseError as fault:
        print(fault, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
