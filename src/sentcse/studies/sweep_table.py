"""What became of a sweep's jobs, for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import get_args

from sentcse.studies.run_record import RunRecord
from sentcse.studies.sweep_record import JobState, JobStatus
from sentcse.studies.text_table import score, text_table
from sentcse.studies.wording import seeds_listed

NUMBERS = ("job", "step", "dev", "test")


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
    return "\n".join([text_table(header, rows, right=NUMBERS), *_failed(states), *_mixed(states), count(states)])


def count(states: Sequence[JobState]) -> str:
    """`60 jobs: 57 done, 2 failed, 1 missing`."""
    found = Counter(state.status for state in states)
    parts = [f"{found[status]} {status}" for status in get_args(JobStatus) if found[status] > 0]
    return f"{len(states)} {'job' if len(states) == 1 else 'jobs'}: {', '.join(parts)}"


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


def _failed(states: Sequence[JobState]) -> list[str]:
    """A line for each reason, which all jobs may share, as when the corpus is missing."""
    jobs: dict[str | None, list[JobState]] = {}
    for state in states:
        if state.status == "failed":
            jobs.setdefault(state.reason, []).append(state)
    return [
        f"job {members[0].job.number} failed ({_name(members[0])}): {reason}"
        if len(members) == 1
        else f"jobs {seeds_listed([state.job.number for state in members])} failed: {reason}"
        for reason, members in jobs.items()
    ]


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


def _name(state: JobState) -> str:
    if state.job.run is not None:
        return state.job.run.name
    return " ".join(f"{key}={value}" for key, value in state.job.settings.items())
