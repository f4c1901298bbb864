"""What became of the jobs of a sweep in this sitting: a file for each that has ended, written by whoever ran it."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path

from sentcse.errors import SentcseError
from sentcse.machine.files import write_json
from sentcse.records.checked_json import read_checked
from sentcse.records.contents import OUTCOME, Ended
from sentcse.records.layout import OUTCOMES_FOLDER


@dataclass(frozen=True)
class JobOutcome:
    """How a job ended.

    Attributes:
        status: done, failed, or busy: another process is training this run.
        reason: why it failed, one sentence; else None.
        seconds: between its start and its end, in this sitting.
    """

    status: Ended
    reason: str | None
    seconds: float


class Outcomes:
    """The outcomes of a sweep's jobs, by the names of their runs.

    A run that could not start has no folder of its own to say why in.

    Args:
        sweep: the sweep's folder.
    """

    def __init__(self, sweep: Path) -> None:
        self.folder = sweep / OUTCOMES_FOLDER

    def write(self, run: str, outcome: JobOutcome) -> None:
        """Note that a job has ended."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_json(self._path(run), asdict(outcome))

    def begin(self, run: str) -> None:
        """Note that a job has begun in this sitting."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._begun(run).touch()

    def has_begun(self, run: str) -> bool:
        """Whether a job has begun, and perhaps ended, in this sitting."""
        return self._begun(run).exists() or self.read(run) is not None

    def is_open(self, run: str) -> bool:
        """Whether a job began and has not ended: it runs, or its process was killed, perhaps for what it did."""
        return self._begun(run).exists() and self.read(run) is None

    def seconds_since_begin(self, run: str) -> float:
        """Since a job began in this sitting; 0 where it has not."""
        try:
            return max(0.0, time.time() - self._begun(run).stat().st_mtime)
        except OSError:
            return 0.0

    def read(self, run: str) -> JobOutcome | None:
        """The outcome of a job; None where it has not ended, and where the file is damaged."""
        if not self._path(run).is_file():
            return None
        try:
            return JobOutcome(**read_checked(self._path(run), OUTCOME, newest=1))
        except SentcseError:
            return None

    def is_busy(self, run: str) -> bool:
        """Whether a job was left to another process, which was training its run."""
        outcome = self.read(run)
        return outcome is not None and outcome.status == "busy"

    def forget(self, run: str) -> None:
        """Take back a job's outcome: it is begun again."""
        self._begun(run).unlink(missing_ok=True)
        self._path(run).unlink(missing_ok=True)

    def _path(self, run: str) -> Path:
        return self.folder / f"{run}.json"

    def _begun(self, run: str) -> Path:
        return self.folder / f"{run}.begun"
