"""Work shared out among threads that each keep to their own cores."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

MOST_THREADS = 4
"""More would need the memory of more batches at once; each has several cores then."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_on_cores(
    function: Callable[[Item], Result], items: Sequence[Item], *, cores: int
) -> Generator[Result, None, None]:
    """`map(function, items)`, in order, with some items computed side by side on a CPU's cores.

    Products of small matrices leave cores waiting for each other and for Python; whole batches side by side do not.
    Modes that torch keeps for each thread (inference mode, autocast) are for `function` to set.

    Args:
        function: releases Python's lock for most of its time, as torch does.
        items: what to compute; the largest first, lest one thread has work when all others are done.
        cores: to share; the number of torch's threads, which it is again when the generator ends or is closed.
    """
    threads = min(cores, len(items), MOST_THREADS)
    if threads < 2:
        yield from map(function, items)
        return
    try:
        # its `map` cancels what waits when it is left early, as after a fault or Ctrl-C
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(cores // threads,)) as executor:
            yield from executor.map(function, items)
    finally:
        torch.set_num_threads(cores)  # a part of what the threads set holds for the whole process
