"""The microphone's side of the clock: blocks at the device's rate come in, frames without a gap go out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from companion.audio.resample import Framer, Resampler, clean
from companion.events import FRAME, SAMPLE_RATE, AudioFrame, Samples


class Intake:
    """Turns blocks into `AudioFrame`s, and times into positions. Times are seconds of one monotonic clock.

    The positions of the frames follow each other whatever happens. While there is no device, silence fills them, so
    that whoever counts samples counts time; what an overrun loses is told, and missing.
    """

    def __init__(self, rate: int, begins: float | None = None) -> None:
        """`begins`: when the clock does, though no block may ever come; None: with the first block."""
        self.position = 0
        self._anchor: tuple[float, float] | None = None  # a time, and the position of the sample captured then
        if begins is not None:
            self._anchor = (begins, 0.0)
        self.reopen(rate)

    def reopen(self, rate: int) -> None:
        """The device is open again, at `rate` Hz: its first block follows, after the silence that it missed."""
        self._rate = rate
        self._resampler = Resampler(rate, SAMPLE_RATE, low_delay=True)
        self._framer = Framer()
        self._base = self.position
        self._fed = 0  # samples at the device's rate since it was opened; the first of them has the position `_base`

    @property
    def running(self) -> bool:
        """A block came since the device was opened."""
        return self._fed > 0

    def feed(self, block: Samples, at: float) -> Iterator[AudioFrame]:
        """The frames that are whole after `block`, mono at the device's rate, its first sample captured at `at`."""
        if not self.running:
            yield from self.fill(at)
            self._base = self.position
        self._anchor = (at, self._base + self._fed * SAMPLE_RATE / self._rate)
        self._fed += len(block)
        for frame in self._framer.feed(self._resampler.feed(clean(block))):
            yield self._next(frame)

    def fill(self, until: float) -> Iterator[AudioFrame]:
        """Silence up to the time `until`, while there is no device or it has not begun."""
        due = self.position_at(until)
        while self.position + FRAME <= due:
            yield self._next(np.zeros(FRAME, np.float32))

    def position_at(self, time: float) -> int:
        """The sample number that belongs to `time`; before the clock begins the position reached."""
        if self._anchor is None:
            return self.position
        at, position = self._anchor
        return round(position + (time - at) * SAMPLE_RATE)

    def _next(self, samples: Samples) -> AudioFrame:
        frame = AudioFrame(self.position, samples)
        self.position += FRAME
        return frame
