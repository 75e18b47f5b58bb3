"""What the speaker plays, on the microphone's clock: what an echo canceller has to be given beside what it hears.

The two streams have a clock each, and drivers say when a block is heard only about.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from companion.audio.resample import EMPTY, Resampler
from companion.events import FRAME, SAMPLE_RATE, Samples, samples

LEAD = samples(0.04)
"""Far is given this much early. AEC3 finds echo that comes 0-300 ms late (tried), none that precedes its cause, and the
times that drivers give are off by some 10 ms."""

DRIFT = samples(0.016)
"""Off by less than this, far stays where it is: PulseAudio's times wander by 4 ms to both sides, while the streams do
not move against each other by a sample. A constant error costs nothing; one that changes, be it by two samples, makes
AEC3 leak, and what `EchoPath` knows worth 10 dB instead of 25."""

STEP = samples(0.25)
"""Off by more, far follows by a sample this often: clocks 250 ppm apart, and AEC3 does not notice (4 minutes of our own
voice: no window with a voice in it; a sample every 26 ms 25 windows, every 10 ms 118)."""

JUMP = samples(0.02)
"""Off by more than this, far is put where it belongs at once: a stream stumbled, or its first block was timed wrongly,
by 13-25 ms on PulseAudio. To get there sample by sample took AEC3 8 s in which it leaked."""

WATCHED = 7
"""Blocks of whose errors the median is believed at once, if it is large: single callbacks come very late on a busy
machine. Of nine minutes on one that was taken away for up to 60 ms, for 5 to 12 % of the time, 7 leave 6 windows in
which Silero hears our own voice, 5 leave 9, 9 leave 17, 15 leave 86 (an echo that tells of a slip included, without
which 15 left 101)."""

REMEMBERED = 80
"""Of these medians, a `STEP` apart, the median is believed, if it is small: 20 s."""


class FarLine:
    """What the speaker plays at `rate` Hz, laid on the microphone's clock `LEAD` early, following where they drift.

    It goes by the times that the driver tells, and by the echo where that has told better (`slipped`).
    """

    def __init__(self, rate: int) -> None:
        self._ratio = SAMPLE_RATE / rate
        self._resampler = Resampler(rate, SAMPLE_RATE, low_delay=True)
        self._held_back = 0.0  # samples that the resampler has not given out yet
        self._waiting = EMPTY
        self._start: int | None = None  # the position of the first that waits
        self._errors: deque[float] = deque(maxlen=WATCHED)
        self._zero: float | None = 0.0  # the error of what lies right; None: not known since an echo told where that is
        self._medians: deque[float] = deque(maxlen=REMEMBERED)  # of these
        self._looked = 0  # the position at which the last was taken
        self._sounded = False  # something was played that an echo can come of

    def feed(self, block: Samples, position: int) -> bool:
        """The next samples at the speaker's rate, shape (n,), the first of them heard at `position`.

        Returns:
            Whether all that waits lies elsewhere now by more than a sample, and something was heard before.
        """
        if self._start is None:
            self._start, self._looked = position - LEAD, position
        self._errors.append(position - LEAD - (self._start + len(self._waiting) + self._held_back))
        self._sounded = self._sounded or bool(block.any())
        moved = False
        if self._zero is not None:
            moved = self._follow(position, float(np.median(self._errors)) - self._zero)
        elif len(self._errors) == WATCHED:
            # What they tell is off by no more: beyond that, a stream stumbled again meanwhile.
            self._zero = float(np.clip(np.median(self._errors), -JUMP, JUMP))
        fed = self._resampler.feed(block)
        self._held_back += len(block) * self._ratio - len(fed)
        self._waiting = np.concatenate((self._waiting, fed))
        return moved

    def slipped(self, by: int) -> None:
        """An echo came `by` samples later than before: so did all that is fed from about now on."""
        self._move(by)
        self._errors.clear()
        self._medians.clear()
        self._zero = None

    def _follow(self, position: int, off: float) -> bool:
        """Move what waits, if it is not where it is heard. Before anything was heard that costs nothing."""
        if jumped := abs(off) > (JUMP if self._sounded else 0):
            self._move(round(off))
            self._medians.clear()
        elif position - self._looked >= STEP:
            self._looked = position
            self._medians.append(off)
            off = float(np.median(self._medians))
            if abs(off) > DRIFT:
                self._move(int(np.sign(off)))
        return jumped and self._sounded

    def _move(self, by: int) -> None:
        assert self._start is not None, "something was fed"
        self._start += by
        self._errors = deque((error - by for error in self._errors), maxlen=WATCHED)
        self._medians = deque((error - by for error in self._medians), maxlen=REMEMBERED)

    def frame(self, position: int) -> Samples:
        """What belongs to the frame at `position`, shape (FRAME,); silence where nothing is known. Positions grow."""
        frame = np.zeros(FRAME, np.float32)
        if self._start is None:
            return frame
        begin, end = (min(max(p - self._start, 0), len(self._waiting)) for p in (position, position + FRAME))
        offset = max(self._start - position, 0)
        frame[offset : offset + end - begin] = self._waiting[begin:end]
        self._waiting = self._waiting[end:]
        self._start += end
        return frame
