"""A line for each job of a sweep that ends: how many of how many, and how long the rest will take."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Hashable, Iterator, Sequence
from contextlib import contextmanager

from sentcse.config.generator_schema import RunConfig
from sentcse.studies.outcomes import Outcomes
from sentcse.studies.sweep_plan import Job
from sentcse.studies.time_left import in_words, seconds_left
from sentcse.training.run_folder import is_locked

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
