"""What glibc keeps of freed blocks, in a process of its own."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from sentcse.machine import allocator

SCRIPT = """
import ctypes, sys
from sentcse.machine.allocator import give_freed_memory_back

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096

libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
print(give_freed_memory_back())
# a block of 30 MiB that is freed raises the limit that glibc moves by itself
libc.free(libc.malloc(30 * 2**20))
blocks = []
for _ in range(10):
    blocks += [libc.malloc(8 * 2**20), libc.malloc(300_000)]  # the second keeps the first from going back
for block in blocks:
    ctypes.memset(block, 1, 50)
for large in blocks[::2]:
    ctypes.memset(large, 1, 8 * 2**20)
before = resident()
for large in blocks[::2]:
    libc.free(large)
print((before - resident()) // 2**20)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps freed blocks in this way")
@pytest.mark.parametrize(("limit", "set_here", "freed"), [(None, "True", True), (str(2**25), "False", False)])
def test_freed_blocks_go_back(limit: str | None, set_here: str, freed: bool) -> None:
    """Ten of 8 MiB, with a small one behind each; not where the user has set glibc's limit otherwise."""
    env = {name: value for name, value in os.environ.items() if name != "MALLOC_MMAP_THRESHOLD_"}
    env |= {} if limit is None else {"MALLOC_MMAP_THRESHOLD_": limit}
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, env=env, check=True)
    said, given_back = done.stdout.split()
    assert said == set_here
    assert (int(given_back) >= 75) is freed


def test_another_libc_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allocator.platform, "libc_ver", lambda: ("", ""))
    assert not allocator.give_freed_memory_back()
