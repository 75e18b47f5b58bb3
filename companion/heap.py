"""What the C library's allocator keeps of memory that was freed: with glibc as little as it can."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress


def few_arenas() -> None:
    """Let glibc keep two heaps instead of one for every thread: 610 MB instead of 700 with the tiny models."""
    m_arena_max = -8  # <malloc.h>
    _ask_glibc("mallopt", m_arena_max, 2)


def give_back() -> None:
    """Let glibc return what lies free on its heaps: 40 to 75 MB after the models are opened, 110 after a turn.

    Some 5 ms (at most 20, n = 24 turns), in which whoever wants memory waits: not while anybody waits for an answer.
    """
    _ask_glibc("malloc_trim", 0)


def _ask_glibc(function: str, *arguments: int) -> None:
    """Call one of its allocator's functions; another libc is left as it is."""
    if sys.platform == "linux":
        with suppress(AttributeError):
            getattr(ctypes.CDLL(None), function)(*arguments)
