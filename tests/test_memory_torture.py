"""A short run of `tools/torture.py`: killed at random moments, and out of room."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))
import torture


@pytest.mark.slow
def test_killed_at_random_moments_the_memory_keeps_every_promise(tmp_path: Path) -> None:
    """The moments are drawn from how long each act took before: on a machine that grows busier meanwhile some of them
    miss, and another round is made."""
    hits = 0
    for seed in (11, 12, 13):
        folder = tmp_path / str(seed)
        (folder / "measure").mkdir(parents=True)
        torture.measure(folder / "measure")
        counts = torture.torture(iterations=70, seed=seed, folder=folder)
        assert sum(counts[act.__name__] for act in torture.ACTS) == 70
        hits += sum(number for name, number in counts.items() if name.endswith("cut short"))
        if hits > 20:
            break
    assert hits > 20, "the middle of an act was hit"


@pytest.mark.slow
def test_with_no_room_left_at_any_moment_the_memory_keeps_every_promise(tmp_path: Path) -> None:
    counts = torture.fill_disk(tmp_path, step=32 * 1024)
    assert len(counts) == len(torture.ACTS) - 1
    assert min(counts.values()) > 1  # each act failed at least once before it went through
