"""glibc's memory: freed tensors given back to the system instead of kept in pieces."""

from __future__ import annotations

import ctypes
import os
import platform

M_MMAP_THRESHOLD = -3
"""Of malloc.h: blocks from this size on are mapped by themselves, and unmapped when they are freed."""
MEBIBYTE = 2**20


def give_freed_memory_back() -> bool:
    """Have glibc unmap every freed block of a mebibyte or more; whether it does.

    By itself it raises that limit to 32 MiB as large blocks are freed, and then keeps them in a heap that fills with
    gaps: steps of parts of a batch, which should need the memory of one part, took three times as much. Nothing is
    changed elsewhere than under glibc, and where the environment sets the limit.
    """
    if platform.libc_ver()[0] != "glibc" or "MALLOC_MMAP_THRESHOLD_" in os.environ:
        return False
    return bool(ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, MEBIBYTE))
