"""A short run of `tools/torture.py`: killed at random moments, and out of room."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))
import torture


@pytest.mark.slow
def test_killed_at_random_moments_the_memory_keeps_every_promise(tmp_path: Path) -> None:
    (tmp_path / "measure").mkdir()
    torture.measure(tmp_path / "measure")
    counts = torture.torture(iterations=70, seed=11, folder=tmp_path)
    assert sum(counts[act.__name__] for act in torture.ACTS) == 70
    assert sum(number for name, number in counts.items() if name.endswith("cut short")) > 20  # it did hit the middle


@pytest.mark.slow
def test_with_no_room_left_at_any_moment_the_memory_keeps_every_promise(tmp_path: Path) -> None:
    counts = torture.fill_disk(tmp_path, step=32 * 1024)
    assert len(counts) == len(torture.ACTS) - 1
    assert min(counts.values()) > 1  # each act failed at least once before it went through
