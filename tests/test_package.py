"""What importing the package settles for the libraries that are loaded after it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PRODUCT = """
import os
import companion
import numpy as np
matrix = np.ones((700, 700), np.float32)
matrix @ matrix
print(len(os.listdir("/proc/self/task")))
"""


def threads_after_a_large_product(**environment: str) -> int:
    """Of a process of its own."""
    known = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    ran = subprocess.run(
        [sys.executable, "-c", PRODUCT], env=known | environment, capture_output=True, text=True, check=True
    )
    return int(ran.stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="threads are counted in /proc")
def test_arithmetic_leaves_the_other_cores_to_the_speech_models() -> None:
    assert threads_after_a_large_product() == 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="threads are counted in /proc")
def test_who_wants_more_threads_for_it_gets_them() -> None:
    assert threads_after_a_large_product(OPENBLAS_NUM_THREADS="2") == min(2, os.cpu_count() or 1)
