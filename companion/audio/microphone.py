"""Is the microphone set so that the owner can be understood? Told from whole turns: one shout says nothing."""

from __future__ import annotations

from collections import deque
from typing import Literal

import numpy as np

from companion.audio.level import dbfs
from companion.events import FRAME, Samples, samples

Fault = Literal["clipped", "faint"]

FULL = 0.98
"""Amplitude from which a sample counts as cut off. A little below 1: resampling rounds the corners."""

CLIPPED = 0.01
"""Share of such samples in a turn. Recordings that just fit have 0.0001 and less; cut off by 10 dB 0.03 to 0.10, and
0.069 of their words are wrong instead of 0.039; by 20 dB 0.23 to 0.38, and 0.124 (Moonshine, 25 sentences)."""

FAINT_DB = -52.0
"""dBFS of a turn's loudest tenth of frames. Down to -54 next to nothing is lost (0.047 of the words wrong instead of
0.039; noise at -80); at -60 two voices of 25 are not noticed any more."""

TURNS = 3
"""So many in a row are no chance."""

_LONGEST = samples(20) // FRAME


class Microphone:
    """What whole turns say of the microphone. One a session."""

    def __init__(self) -> None:
        self._faults: deque[Fault | None] = deque(maxlen=TURNS)
        self._told: Fault | None = None
        self.begin()

    def begin(self) -> None:
        """A turn begins."""
        self._levels: deque[float] = deque(maxlen=_LONGEST)
        self._heard = self._full = 0

    def hear(self, frame: Samples) -> None:
        """A frame of it, shape (FRAME,)."""
        self._levels.append(dbfs(frame))
        self._heard += len(frame)
        self._full += int(np.count_nonzero(np.abs(frame) >= FULL))

    def over(self) -> Fault | None:
        """The turn held words. What is wrong for some turns now, told once until it is mended."""
        self._faults.append(self._fault())
        if self._faults[-1] is None:
            self._told = None
        if len(set(self._faults)) > 1 or len(self._faults) < TURNS or self._faults[-1] == self._told:
            return None
        self._told = self._faults[-1]
        return self._told

    def _fault(self) -> Fault | None:
        if self._full > CLIPPED * self._heard:
            return "clipped"
        if self._levels and float(np.percentile(self._levels, 90)) < FAINT_DB:
            return "faint"
        return None
