"""Places on GPUs, held by file locks: a job waits for a free one and takes no other's, whatever started the others."""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

POLL_SECONDS = 1.0
VISIBLE = "CUDA_VISIBLE_DEVICES"


@contextmanager
def gpu_slot(
    devices: Sequence[str],
    *,
    per_device: int = 1,
    folder: Path | None = None,
    poll_seconds: float = POLL_SECONDS,
    on_wait: Callable[[], None] = lambda: None,
) -> Iterator[int]:
    """Hold a place on one of `devices`; waits until there is one.

    The lock goes with the process, also when it is killed. Only jobs of sweeps ask: a single run takes the GPU that it
    is told to take.

    Args:
        devices: names of the GPUs, which all processes of this machine must use alike (see `visible_gpus`).
        per_device: jobs that may share one.
        folder: where the lock files lie; None for one a user and machine.
        poll_seconds: between two looks.
        on_wait: called once, if there is no place at once.

    Yields:
        The position in `devices`.

    Raises:
        ValueError: if there is no device, or per_device is below 1.
    """
    if len(devices) == 0 or per_device < 1:
        raise ValueError(f"there must be devices and places on them, got {len(devices)} and {per_device}")
    places = slot_folder() if folder is None else folder
    places.mkdir(parents=True, exist_ok=True)
    lock, position = _take(places, devices, per_device)
    if lock is None:
        on_wait()
    while lock is None:
        time.sleep(poll_seconds)
        lock, position = _take(places, devices, per_device)
    try:
        yield position
    finally:
        lock.release()


def visible_gpus(count: int, environment: Mapping[str, str]) -> list[str]:
    """Names of the `count` GPUs that this process sees: those of CUDA_VISIBLE_DEVICES, else their numbers."""
    named = [name.strip() for name in environment.get(VISIBLE, "").split(",") if name.strip()]
    return named[:count] if len(named) >= count else [str(number) for number in range(count)]


def slot_folder() -> Path:
    """Where the locks of this user on this machine lie."""
    user = os.getuid() if os.name == "posix" else os.environ.get("USERNAME", "user")
    return Path(tempfile.gettempdir()) / f"sentcse-gpus-{user}"


def _take(folder: Path, devices: Sequence[str], per_device: int) -> tuple[FileLock | None, int]:
    # a first job on every device before a second on any
    for place in range(per_device):
        for position, name in enumerate(devices):
            lock = FileLock(folder / f"{re.sub(r'[^A-Za-z0-9-]', '_', name)}.{place}.lock", thread_local=False)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                continue
            return lock, position
    return None, -1
