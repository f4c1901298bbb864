"""One process trains in a run's folder: it holds the folder's lock."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from sentcse.machine.locks import held, is_held
from sentcse.records.layout import LOCK_FILE


def locked(run: Path) -> AbstractContextManager[None]:
    """Hold a run's folder: a second process on one run would spoil both.

    Raises:
        BusyError: if another process holds it.
    """
    busy = f"Another process is training in {run}: wait for it, or change a setting such as seed."
    return held(run / LOCK_FILE, busy=busy)


def is_locked(run: Path) -> bool:
    """Whether a process is training in a run's folder."""
    return is_held(run / LOCK_FILE)
