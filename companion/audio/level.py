"""How loud a sound is."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from companion.events import Samples


def loudness(frames: Iterable[Samples]) -> float:
    """Root mean square of all samples, 0…1; 0 where there are none."""
    power = [float(np.mean(np.square(frame))) for frame in frames]
    return math.sqrt(sum(power) / len(power)) if power else 0.0


def decibels(level: float, reference: float) -> float:
    """`level` over `reference`, two root mean squares, in dB; at most 100."""
    return 20 * math.log10(max(level, 1e-9) / max(reference, level * 1e-5, 1e-9))


def dbfs(frame: Samples) -> float:
    """RMS of `frame` in dB relative to full scale; digital silence is -120."""
    return float(10 * np.log10(np.mean(np.square(frame)) + 1e-12))
