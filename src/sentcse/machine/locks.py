"""Who may write: one process in a run's folder, one that fetches a file."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from filelock import FileLock, Timeout

from sentcse.errors import BusyError

logger = logging.getLogger(__name__)

LOCK_FILE = "run.lock"


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a run's folder: a second process on one run would spoil both.

    Raises:
        BusyError: if another process holds it.
    """
    with (path / LOCK_FILE).open("w") as file:
        for patience in (0.1, 0.1, 0.1, 0):
            if _lock(file, exclusive=True):
                break
            time.sleep(patience)  # `is_locked` holds it for an instant
        else:
            raise BusyError(f"Another process is training in {path}: wait for it, or change a setting such as seed.")
        yield  # the lock goes with the process, also when it is killed


def is_locked(path: Path) -> bool:
    """Whether a process is training in a run's folder."""
    try:
        with (path / LOCK_FILE).open() as file:
            return not _lock(file, exclusive=False)
    except OSError:
        return False  # nobody has ever held it


def _lock(file: IO[str], *, exclusive: bool) -> bool:
    """Lock a file without waiting, until it is closed; returns whether it worked."""
    try:
        import fcntl
    except ImportError:  # Windows: no lock
        return True
    try:
        fcntl.flock(file, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        # Lustre and some network file systems: better without protection than not at all
        if exclusive:
            logger.warning("%s cannot be locked (%s): train it in one process only.", file.name, error.strerror)
    return True


@contextmanager
def one_at_a_time(destination: Path) -> Iterator[None]:
    """Hold the lock beside a file: two processes would write into one part of it, as the jobs of a sweep can."""
    lock = FileLock(destination.with_name(f".{destination.name}.lock"))
    try:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            logger.info("Another process is fetching %s: waiting for it (lock %s).", destination, lock.lock_file)
            lock.acquire()
    except (OSError, NotImplementedError) as error:
        # Lustre and some network file systems: better without protection than not at all
        logger.warning("%s cannot be locked (%s): fetch it in one process only.", destination, error)
    try:
        yield
    finally:
        lock.release()
        if destination.is_file():
            # nobody who takes it from now on downloads; before, a second lock could come to lie under this name
            with suppress(OSError):
                os.unlink(lock.lock_file)
