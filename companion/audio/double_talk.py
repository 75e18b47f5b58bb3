"""Does the owner talk while we do? Told from levels, and from what our own voice explains."""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from companion.audio.level import dbfs
from companion.events import FRAME, Samples, samples

LOUD_DB = -30.0
"""dBFS (RMS) of a far frame whose echo can be measured."""

ARRIVES = samples(0.3) // FRAME
"""Frames in which an echo may still be on its way: AEC3's longest delay, and that of most wireless loudspeakers."""

_DECAY_DB = 1.0
"""A frame, as in a room of RT60 1.2 s: a wet echo outlasts its cause."""

_LEARNED, _REMEMBERED = samples(1.0) // FRAME, samples(4.0) // FRAME
"""Loud frames before anything is expected, and at most."""

_ABOVE_DB = 6.0
"""Above what is expected. Of near alone, over 11 minutes of our own voice in simulated rooms (RT60 0.3-0.8 s, echo at
-6 to -20 dB), Silero found no more voice in what passes than in what AEC3 leaves (0-2 windows); at 4 dB a dozen."""

_SOFTEST_DB = -54.0
"""dBFS of what is asked about."""

_LASTS = samples(0.2) // FRAME
"""Frames from the last loud one: soft sounds lie between the loud ones of a word."""

_BELIEVED = samples(0.5) // FRAME
"""Loud frames in a row of an owner who talks over us. We yield to one within half of that; what goes on is none, and
is to be expected from then on: a louder speaker, a radio."""

_TOGETHER = 5
"""Frames of which it is asked together whether the rest has to do with our voice."""

_RELATED, _ALIKE = 0.3, 0.5
"""Correlation of the rest with what was taken out for our voice, or with its derivative. Of an owner's voice it is
about 0. From the first on the rest has to do with ours; from the second on the way from the speaker is another than the
one that is known: of a delay that jumped it is 0.7."""

_RELATED_FOR = samples(0.2) // FRAME
"""Frames for which the first holds: a sound of ours that comes by another way has some in which it does not show."""

_KNOWN_DB = 10.0
"""What our voice explains of what comes back of it, once the way is known. Before, the rest is ours too, in part."""

_MOVED = samples(0.2) // FRAME
"""Frames in a row after which another way is no chance."""


class DoubleTalk:
    """Whether the owner talks over us, from *near*, what the microphone hears, and from the *rest* of it that our own
    voice does not explain (`EchoPath`).

    Each is louder than it would be by our voice alone; of the rest this is told some 20 dB sooner, as long as the way
    from the speaker is known. Where that has just changed, the rest has to do with our voice, and says nothing.
    """

    def __init__(self) -> None:
        self._under_way: deque[float] = deque(maxlen=ARRIVES)
        self._far = -120.0  # dBFS, as far as it may be heard by now
        self._near, self._rest = _Level(), _Level()
        self._products: deque[tuple[float, ...]] = deque(maxlen=_TOGETHER)
        self._known = False  # the way from the speaker
        self._related = 0  # frames for which the rest still counts as ours
        self._alike = 0  # frames in a row

    @property
    def ours(self) -> bool:
        """The rest is our own voice, come by another way than the one that is known."""
        return self._related > 0

    @property
    def moved(self) -> bool:
        """It has been so for a while: there is another way."""
        return self._alike > 0 and self._alike % _MOVED == 0

    def heard(self, near: Samples, rest: Samples, far: Samples) -> bool:
        """Whether the owner talks in this frame, as far as it and those before it tell; each of shape (FRAME,)."""
        self._under_way.append(dbfs(far))
        self._far = max(self._far - _DECAY_DB, *self._under_way)
        left, alike = dbfs(rest), self._correlation(near, rest)
        if left <= _SOFTEST_DB:
            alike = 0.0  # of the room's noise chance decides
        self._known = self._known or self._near.returned - self._rest.returned > _KNOWN_DB
        self._related = _RELATED_FOR if alike > _RELATED and self._known else max(0, self._related - 1)
        self._alike = self._alike + 1 if alike > _ALIKE else 0
        in_near = self._near.rises(dbfs(near), self._far, believed=alike <= _ALIKE)
        in_rest = self._rest.rises(left, self._far, believed=not self.ours if self._known else alike <= _RELATED)
        return in_near or in_rest

    def _correlation(self, near: Samples, rest: Samples) -> float:
        """Of the rest of the last frames with what was taken out of them, there and a moment sooner or later, 0…1.

        Where two clocks drift apart our voice comes a little off the place that is known, and what is left of it is its
        derivative.
        """
        ours = near - rest
        slope = np.gradient(ours)
        pairs = ((rest, ours), (rest, slope), (rest, rest), (ours, ours), (slope, slope))
        self._products.append(tuple(float(one @ other) for one, other in pairs))
        with_ours, with_slope, left, taken, changes = np.sum(self._products, axis=0)
        return float(np.sqrt((with_ours**2 / (taken + 1e-12) + with_slope**2 / (changes + 1e-12)) / (left + 1e-12)))


class _Level:
    """Whether a sound is louder than our voice alone brings back.

    To be expected is far's level, as it may arrive by now and falls in a room; and what of that came back in the
    loudest tenth of the last frames (4 s) in which nobody talked over us. After Geigel's detector (Duttweiler 1978, A
    twelve-channel digital echo canceler, IEEE Trans. Commun. 26:647), with a room that is measured instead of a loss
    that is assumed.
    """

    def __init__(self) -> None:
        self.returned = math.nan
        """What comes back of our voice at its loudest, in dB relative to it; as long as that is not known not a number,
        which is neither more nor less than any."""
        self._returned: deque[float] = deque(maxlen=_REMEMBERED)
        self._left = 0
        self._long = 0  # loud frames in a row that were taken for the owner's

    def rises(self, level: float, far: float, believed: bool = True) -> bool:
        """Whether it does in this frame, or did a moment ago; `level` and `far` in dBFS."""
        if not believed:
            self._left = 0
        else:
            self._left = _LASTS if self._exceeds(level, far) else max(0, self._left - 1)
        if far >= LOUD_DB:
            self._long = self._long + 1 if self._left else 0
            if not self._left or self._long > _BELIEVED:
                self._returned.append(level - far)
                if len(self._returned) >= _LEARNED:
                    self.returned = float(np.percentile(self._returned, 90))
        return self._left > 0

    def _exceeds(self, level: float, far: float) -> bool:
        return level > _SOFTEST_DB and level > far + self.returned + _ABOVE_DB
