"""Why runs and jobs failed, a sentence a line: `failed` never stands alone."""

from __future__ import annotations

from collections.abc import Sequence

from sentcse.printing.wording import count, printable, seeds_listed
from sentcse.records.run_record import RunRecord
from sentcse.records.sweep_record import JobState, RecordedJob

UNKNOWN = "no reason is recorded; the same command tries it again."


def failed_runs(runs: Sequence[RunRecord]) -> list[str]:
    """A line for each reason, with the first of the runs that have it."""
    by_reason: dict[str, list[RunRecord]] = {}
    for run in runs:
        if run.status == "failed":
            by_reason.setdefault(UNKNOWN if run.reason is None else run.reason, []).append(run)
    return [
        printable(
            # of a damaged one the reason names the file
            reason
            if members[0].is_damaged
            else f"{members[0].name} failed: {reason}"
            if len(members) == 1
            else f"{count(len(members), 'run')} failed, the first of them {members[0].name}: {reason}"
        )
        for reason, members in by_reason.items()
    ]


def failed_jobs(states: Sequence[JobState]) -> list[str]:
    """A line for each reason, which all jobs may share, as when the corpus is missing."""
    failed = [(state.job, state.reason) for state in states if state.status == "failed"]
    return jobs_by_reason(failed, "failed")


def jobs_by_reason(jobs: Sequence[tuple[RecordedJob, str | None]], what: str) -> list[str]:
    """`jobs 1-3, 5 failed: REASON`, a line for each reason; `what` is what they did."""
    by_reason: dict[str, list[RecordedJob]] = {}
    for job, reason in jobs:
        by_reason.setdefault(UNKNOWN if reason is None else reason, []).append(job)
    return [
        printable(
            f"job {members[0].number} {what} ({_name(members[0])}): {reason}"
            if len(members) == 1
            else f"jobs {seeds_listed([job.number for job in members])} {what}: {reason}"
        )
        for reason, members in by_reason.items()
    ]


def _name(job: RecordedJob) -> str:
    if job.run is not None:
        return job.run.name
    return " ".join(f"{key}={value}" for key, value in job.settings.items())
