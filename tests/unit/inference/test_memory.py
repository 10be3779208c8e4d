from __future__ import annotations

import ctypes
import sys
from threading import Thread

import psutil
import pytest

from shared.inference.memory import give_back

BLOCK, BLOCKS = 100_000, 1_000


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc keeps memory so, and can be told to give it back")
def test_memory_that_a_thread_has_freed_goes_back() -> None:
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    libc.free.argtypes = [ctypes.c_void_p]

    def take_and_free() -> None:
        taken = [libc.malloc(BLOCK) for _ in range(BLOCKS)]
        for block in taken:
            ctypes.memset(block, 1, BLOCK)
        for block in taken[:-1]:  # the last one keeps the arena from shrinking by itself
            libc.free(block)

    thread = Thread(target=take_and_free)
    thread.start()
    thread.join()
    before = psutil.Process().memory_info().rss
    give_back()
    assert before - psutil.Process().memory_info().rss > 0.8 * BLOCK * BLOCKS
