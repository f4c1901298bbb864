"""Lock files, which say what process may write: taken at once or not at all, or waited for."""

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

_held: set[IO[str]] = set()


def _let_go() -> None:
    """A process that is forked, as those that load data are, would hold a lock on after its owner was killed."""
    for opened in _held:
        opened.close()
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)


@contextmanager
def held(file: Path, *, busy: str) -> Iterator[None]:
    """Hold a lock file, which is made where it is not there; the lock goes with the process, also when it is killed.

    Raises:
        BusyError: saying `busy`, if another process holds it.
    """
    with file.open("w") as opened:
        for patience in (0.1, 0.1, 0.1, 0):
            if _lock(opened, exclusive=True):
                break
            time.sleep(patience)  # `is_held` holds it for an instant
        else:
            raise BusyError(busy)
        _held.add(opened)
        try:
            yield
        finally:
            _held.discard(opened)


def is_held(file: Path) -> bool:
    """Whether a process holds a lock file."""
    try:
        with file.open() as opened:
            return not _lock(opened, exclusive=False)
    except OSError:
        return False  # nobody has ever held it


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
