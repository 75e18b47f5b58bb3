"""Has the speaker's stream slipped against the microphone's? Told from the echo itself.

A driver that runs dry for a moment plays the rest some 5 to 40 ms late, for good. Its times tell so within 10 ms, at
best (`FarLine`); what is known of the way from the speaker (`EchoPath`) tells it to the sample: the echo sounds as it
should, and comes later. So the two are compared, shifted against each other (Knapp and Carter 1976, The generalized
correlation method for estimation of time delay, IEEE Trans. Acoust. Speech Signal Process. 24:320; the first difference
is the weighting).
"""

from __future__ import annotations

from collections import deque

import numpy as np

from companion.events import FRAME, Samples, samples

_COMPARED = samples(0.16) // FRAME
"""Frames that are compared, each `_EVERY` frames. A slip is seen once most of them came after it: 0.1 to 0.2 s into the
voice that goes on late."""

_EVERY = 3

_FARTHEST = samples(0.1)
"""A slip is no longer than this."""

_LIKE, _LIKER = 0.5, 0.15
"""Correlation from which the echo is recognised at another time, and how much more than at its own. After a slip it is
0.7 to 1; half an hour of talk, some of it over our voice, in which nothing slipped, reached it never. From 0.4 and 0.1
to 0.5 and 0.25 the same slips are found."""

_SOFTEST = 3e-4
"""RMS of the first difference, -1…1, beneath which there is nothing to compare."""

_REST = 5
"""Frames after far was moved: what the way makes of it comes of frames before that, in part."""

_DOUBTED = samples(0.4) // FRAME
"""Frames of ours after which it is enough: an owner who talks from the first on hides whether anything slipped."""


class Slip:
    """Looks for it from frame to frame, while the speaker plays.

    `doubted`: frames for which it is doubtful, at most, whether the echo comes when it should. A driver that ran dry
    says so at once, most often in the silence before we speak; how late it is now the first words tell.
    """

    def __init__(self) -> None:
        self.doubted = 0
        self._near: deque[Samples] = deque(maxlen=_COMPARED)
        self._echo: deque[Samples] = deque(maxlen=_COMPARED)
        self._until_next = _EVERY

    def found(self, near: Samples, echo: Samples) -> int:
        """By how many samples the echo in `near` comes later than `echo` (negative: sooner), which is what the known
        way makes of far; each of shape (FRAME,). 0: by none, or it cannot be told."""
        self._near.append(near)
        self._echo.append(echo)
        self.doubted = max(0, self.doubted - 1)
        self._until_next -= 1
        if self._until_next > 0 or len(self._near) < _COMPARED:
            return 0
        self._until_next = _EVERY
        slip = _later(*(np.diff(np.concatenate(frames)) for frames in (self._near, self._echo)))
        if slip is None:
            return 0
        if slip:
            self._forget()
        self.doubted = _REST if slip else 0
        return slip

    def doubt(self) -> None:
        """The driver ran dry."""
        self.doubted = _DOUBTED

    def far_moved(self) -> None:
        """Far lies elsewhere from now on, about right."""
        self._forget()
        self.doubt()

    def _forget(self) -> None:
        """What was compared says nothing of where far lies now."""
        self._near.clear()
        self._echo.clear()
        self._until_next = _REST + _COMPARED


def _later(near: Samples, echo: Samples) -> int | None:
    """How much later `near` has what `echo` has, each of shape (n,): 0 where it is there as they are, None where it is
    at no time."""
    powers = near @ near, echo @ echo
    if min(powers) < len(near) * _SOFTEST**2:
        return None
    size = 2 ** (2 * len(near)).bit_length()
    both = np.fft.irfft(np.fft.rfft(near, size) * np.fft.rfft(echo, size).conj(), size)
    shifts = np.arange(-_FARTHEST, _FARTHEST + 1)
    alike = both[shifts] / np.sqrt(powers[0] * powers[1])
    best, now = int(alike.argmax()), float(alike[_FARTHEST])
    if alike[best] > max(_LIKE, now + _LIKER):
        return int(shifts[best])
    return 0 if now > _LIKE else None
