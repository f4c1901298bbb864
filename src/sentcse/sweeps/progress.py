"""A line for each job of a sweep that ends: how many of how many, and how long the rest will take."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from statistics import fmean

from sentcse.config.generator_schema import RunConfig
from sentcse.records.outcomes import Outcomes
from sentcse.records.run_lock import is_locked
from sentcse.records.sweep_record import Job

POLL_SECONDS = 1.0


class Progress:
    """Follows the jobs of a sweep.

    Args:
        jobs: all that have a configuration.
        seconds_before: of those that are done already, by run; they are not run again.
        outcomes: where jobs note that they have ended.
        total: jobs of the sweep, those without a configuration included.
        continued: runs that had begun in an earlier sitting, so that their seconds of this one are not all.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        seconds_before: dict[str, float],
        outcomes: Outcomes,
        total: int,
        continued: Collection[str] = (),
    ) -> None:
        self.names = [job.run.name for job in jobs if job.run is not None]
        self.kinds = [duration_kind(job.config) for job in jobs if job.config is not None]
        self.outcomes, self.total = outcomes, total
        self.before = len(seconds_before)
        self.continued = frozenset(continued)
        self._measured = {self.names.index(name): seconds for name, seconds in seconds_before.items()}
        self._worked: dict[int, float] = {}
        self._open = [position for position in range(len(self.names)) if position not in self._measured]
        self._started = time.monotonic()

    def look(self) -> None:
        """Print a line for each job that has ended since the last look."""
        found = [(position, self.outcomes.read(self.names[position])) for position in self._open]
        ended = [(position, outcome) for position, outcome in found if outcome is not None and outcome.status != "busy"]
        known = len(self.names) - len(self._open)
        for position, outcome in ended:
            self._open.remove(position)
            if outcome.status == "done":
                self._worked[position] = outcome.seconds
                if self.names[position] not in self.continued:
                    self._measured[position] = outcome.seconds
        before = f" ({self.before} were done before)" if self.before > 0 else ""
        for number, (position, outcome) in enumerate(ended, known + 1):
            why = "" if outcome.reason is None else f": {outcome.reason}"
            print(
                f"job {number} of {self.total}{before} {outcome.status} after {outcome.seconds:.0f} s, "
                f"{self.left()}: {self.names[position]}{why}",
                flush=True,
            )

    def has_begun(self, job: Job) -> bool:
        """Whether a job has begun in this sitting; it may have a folder of an earlier one."""
        return job.run is not None and self.outcomes.has_begun(job.run.name)

    def is_running(self, job: Job, *, starting_seconds: float) -> bool:
        """Whether a job of this sitting trains, or began so lately that it may be starting."""
        if job.run is None or not self.outcomes.is_open(job.run.name):
            return False
        return is_locked(job.run) or self.outcomes.seconds_since_begin(job.run.name) < starting_seconds

    def left(self) -> str:
        """The time left, in words."""
        if len(self._open) == 0:
            return "none left"
        running = {position: self.outcomes.seconds_since_begin(self.names[position]) for position in self._open}
        seconds = seconds_left(
            self.kinds,
            self._measured,
            worked=self._worked,
            running=running,
            elapsed=time.monotonic() - self._started,
        )
        timed = {self.kinds[position] for position in self._measured}
        guessed = seconds is not None and any(self.kinds[position] not in timed for position in self._open)
        return in_words(seconds) + (" (a guess: not every kind of job has been timed)" if guessed else "")

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look again and again, while jobs run in other processes."""
        stop = threading.Event()

        def watch() -> None:
            while not stop.wait(POLL_SECONDS):
                self.look()

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            self.look()


def duration_kind(config: RunConfig) -> Hashable:
    """What a run's duration depends on most: the method, and the steps or the epochs and the size."""
    trainer, low_shot = config.trainer, config.data.low_shot
    if trainer.max_steps is not None:
        return config.method_name, trainer.max_steps
    return config.method_name, trainer.max_epochs, low_shot.size, low_shot.percent


def expected_seconds(kinds: Sequence[Hashable], measured: Mapping[int, float]) -> list[float]:
    """The seconds of every job: as measured, else the mean of those of its kind, else the mean of all.

    Args:
        kinds: of each job, what its duration depends on.
        measured: seconds by position in `kinds`; at least one.
    """
    by_kind: dict[Hashable, list[float]] = {}
    for position, seconds in measured.items():
        by_kind.setdefault(kinds[position], []).append(seconds)
    overall = fmean(measured.values())
    return [
        measured.get(position, fmean(by_kind[kind]) if kind in by_kind else overall)
        for position, kind in enumerate(kinds)
    ]


def seconds_left(
    kinds: Sequence[Hashable],
    measured: Mapping[int, float],
    *,
    worked: Mapping[int, float],
    running: Mapping[int, float],
    elapsed: float,
) -> float | None:
    """Seconds until the open jobs are done, if they go at the rate of this sitting.

    The rate is work by time: it takes in jobs side by side, and what a job's own seconds leave out.

    Args:
        kinds: of each job of the sweep, what its duration depends on.
        measured: seconds of whole jobs by position, of this sitting and of earlier ones.
        worked: seconds in this sitting of the jobs that ended in it, by position.
        running: seconds in this sitting of the jobs that have not ended, by position; 0 where they have not begun.
        elapsed: seconds of this sitting.

    Returns:
        None before a job has ended.
    """
    if len(worked) == 0:
        return None
    expected = expected_seconds(kinds, measured if len(measured) > 0 else worked)
    # one that takes longer than expected is about to end, as far as anybody knows
    begun = {position: min(seconds, expected[position]) for position, seconds in running.items()}
    work = sum(worked.values()) + sum(begun.values())
    left = sum(expected[position] - seconds for position, seconds in begun.items())
    return elapsed * left / work if work > 0 else None


def in_words(seconds: float | None) -> str:
    """`about 41 min left`."""
    if seconds is None:
        return "time left unknown"
    return f"about {in_unit(seconds)} left"


def in_unit(seconds: float) -> str:
    """`41 min`, in the unit that fits."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"
