"""Hygiene of the process: nothing of its memory is written to disk, and no other program may read it."""

from __future__ import annotations

import ctypes
import sys

_PR_SET_DUMPABLE = 4


def harden() -> None:
    """Switch core dumps off and forbid other programs of the owner to attach (Linux). Call it after the offline lock.

    A crash would otherwise write what was said to disk. Setting it late is of no use, so it runs before any model is
    loaded; setting it before the lock would keep an ordinary user from mapping the new namespace.
    """
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
