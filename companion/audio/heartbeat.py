"""Is the sound device alive, and does the microphone hear? Decisions on counts, without a clock or a device.

A microphone that is unplugged, muted by its switch, or deaf after the machine slept often raises no error at all: the
driver goes on giving zeros, or nothing, and the program looks as if it listened.
"""

from __future__ import annotations

from typing import Literal

from companion.events import Samples

STALLED_S = 1.0
"""Seconds without a callback. Microphones call every 5-40 ms; a second is beyond any hiccup of a busy machine."""

STARTING_S = 5.0
"""The same before the first callback: Bluetooth headsets take seconds to begin."""

SPEAKER_STALLED_S = 5.0
"""The same for the speaker: a virtual one of PulseAudio takes 2 s of sound at once, and then nothing for as long."""

SILENT_S = 5.0
"""Seconds of one constant value. A microphone that works has noise in its lowest bits even in a silent room."""

HABIT_S = 600.0
"""The same where the microphone is known to do so now and then: who switched it off knows it, for a while."""

CURED_S = 1.0
"""Sound this soon after the microphone was opened again came back because of that."""


class Watchdog:
    """Notices that the callbacks of a stream no longer come for `limit` seconds, or `starting` before the first."""

    def __init__(self, limit: float, starting: float = STARTING_S) -> None:
        self._waited = 0.0
        self._limit = starting
        self._limit_once_running = limit

    def beat(self) -> None:
        """The stream called."""
        self._waited = 0.0
        self._limit = self._limit_once_running

    def wait(self, seconds: float) -> bool:
        """It did not call for another `seconds`; True: that is too long by now.

        Only time in which we looked may be counted: a machine that stood still is not the fault of its microphone.
        """
        self._waited += seconds
        return self._waited >= self._limit


class Hearing:
    """Tells a deaf microphone from one that is muted or has a noise gate.

    Digital silence is reported as `deaf`, and then it is worth opening the microphone again, once. If sound comes back
    without that, this microphone gives digital silence by habit (a mute switch, a noise gate), and is reported only
    after a longer one. Sound after it was deaf is reported as `hears`.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._value: float | None = None
        self._run = 0
        self._deaf = False
        self._habit = False

    def hear(self, block: Samples) -> Literal["deaf", "hears"] | None:
        """The next samples, shape (n,), n > 0."""
        before = self._run
        value = float(block[0])
        if not (block == value).all():
            self._value, self._run = None, 0
        else:
            self._run = self._run + len(block) if value == self._value else len(block)
            self._value = value
        if self._deaf and not self._run:
            self._deaf = False
            self._habit = before >= CURED_S * self._rate
            return "hears"
        if not self._deaf and self._run >= (HABIT_S if self._habit else SILENT_S) * self._rate:
            self._deaf = True
            return "deaf"
        return None

    def reopened(self, rate: int) -> None:
        """The microphone was opened again, at `rate` Hz."""
        self._rate = rate
        self._value, self._run = None, 0
