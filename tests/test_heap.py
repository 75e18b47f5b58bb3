"""Freed memory goes back to the system: a small machine has none to spare."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROBE = """
import numpy as np, psutil
from companion import heap
held = lambda: psutil.Process().memory_info().rss / 1e6
pieces = [np.ones(8_000) for _ in range(2_000)]  # 128 MB in pieces too small to be mapped by themselves
last = np.ones(8_000)  # on top of the heap, which can only be cut where it ends
del pieces
before = held()
heap.give_back()
print(before - held())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc")
def test_what_is_free_below_what_is_used_goes_back() -> None:
    given = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True).stdout
    assert float(given) > 100
