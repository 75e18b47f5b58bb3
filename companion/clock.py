"""What time it is in a session: seconds since its start."""

from __future__ import annotations

import time

from companion.events import FRAME, seconds


class Clock:
    """The microphone's own time, made finer and whole.

    Time is counted in samples. Within a frame the computer's clock helps out; where recordings are worked through as
    fast as it goes, the samples stand still while a worker works, and the session's time goes on. One thread owns it.
    """

    def __init__(self, *, as_fast_as_it_goes: bool) -> None:
        """`as_fast_as_it_goes`: frames come when they are asked for, not when their time has come."""
        self._as_fast_as_it_goes = as_fast_as_it_goes
        self._frame_at = time.perf_counter()
        self.position = 0
        """Samples heard so far, of 16 kHz."""
        self.stalled = 0.0
        """Seconds for which the samples have stood still."""

    def begin(self) -> None:
        """The microphone is open: no sample has come yet."""
        self._frame_at = time.perf_counter()

    def heard(self, position: int) -> None:
        """A frame has come that ends before sample `position`."""
        self.position = position
        self._frame_at = time.perf_counter()

    def stood_still(self, duration: float) -> None:
        """For `duration` seconds no frame was asked for."""
        self.stalled += duration

    def now(self) -> float:
        """Seconds since the start."""
        within = 0.0 if self._as_fast_as_it_goes else min(time.perf_counter() - self._frame_at, seconds(FRAME))
        return self.at(self.position) + within

    def at(self, position: int) -> float:
        """The time of sample `position`, of those that have just been or are just to come."""
        return seconds(position) + self.stalled
