"""SIGTERM while jobs run in other processes."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from sentcse.studies.sweep_job import TERMINATED


@contextmanager
def stopped_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end this process as Ctrl-C does, so that its workers are ended and the table is printed.

    A run in this process has Lightning's handler, which ends it between two steps.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        raise SystemExit(TERMINATED)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
