"""Our own voice, taken out of what the microphone hears: by WebRTC's AEC3, and gently while the owner talks over it.

*Far* is what the speaker plays, *near* what the microphone hears, both in frames at `SAMPLE_RATE` on the microphone's
clock. Noise suppression and gain stay off: NS takes Moonshine from 8.6 to 10.9 % WER on 15 clean clips.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from companion.audio.device import Echo
from companion.audio.double_talk import ARRIVES, LOUD_DB, DoubleTalk
from companion.audio.echo_path import EchoPath
from companion.audio.level import dbfs
from companion.audio.slip import Slip
from companion.events import FRAME, SAMPLE_RATE, Samples, samples

TAIL = samples(0.6)
"""After this much silence of the speaker there is no echo: AEC3's longest delay and the reverberation of a room."""

_AUDIBLE_DB = -60.0
"""dBFS (RMS) of a far frame that may be heard back."""


class EchoMeter:
    """How well echo is cancelled: the echo return loss enhancement (ERLE) while the speaker is loud.

    Levels are medians over the last frames (4 s), so that an owner who talks over us for a while is no echo. `echo` is
    judged again after every second of loud frames. Before the first judgement, a microphone that has heard nothing of
    half a second of them says that there is none: who talks over our first words is not to be taken for echo. A faint
    echo is none by its level and a voice to whoever listens for one: of its waveform the way from the speaker tells it.
    """

    SECOND = SAMPLE_RATE // FRAME
    """Loud frames before anything else is said of the echo, and from one judgement to the next."""

    ABOVE_FLOOR_DB = 6.0
    """An echo this little above the room's own noise is none."""

    FLOOR_OF, FLOOR_PERCENTILE = 10 * SECOND, 10
    """Frames without our voice whose quietest tenth is the room. The owner speaks in many of them, and hardly pauses: a
    quarter of 5 s lay at the level of speech now and then, and an echo beneath it was taken for none."""

    OURS = 0.04
    """Correlation of what is heard with what the way from the speaker makes of our voice, mean of the last frames, from
    which it is our voice that is heard. Where none comes back it is at most 0.02 after half a second and later, whether
    the owner talks meanwhile or not (48 replies, 24 owners). Of an echo 40 dB softer than our voice, as loud as the
    room, in which Silero hears a voice yet, it is 0.13 after a second and 0.25 after two (medians)."""

    ERLE_DB = 10.0
    """Cancelled. AEC3 reaches 13-35 dB in simulated rooms, and about none where far and near do not belong together."""

    def __init__(self) -> None:
        self.echo: Echo = "unknown"
        self._quiet: deque[float] = deque(maxlen=self.FLOOR_OF)
        self._before: deque[float] = deque(maxlen=4 * self.SECOND)
        self._after: deque[float] = deque(maxlen=4 * self.SECOND)
        self._alike: deque[float] = deque(maxlen=4 * self.SECOND)
        self._unjudged = 0

    def silent(self, near: Samples) -> None:
        """A frame in which the speaker was silent: the room."""
        self._quiet.append(dbfs(near))

    def loud(self, near: Samples, cancelled: Samples, explained: Samples) -> None:
        """A frame in which the speaker was loud, before and after; and what of it the way from the speaker explains."""
        self._before.append(dbfs(near))
        self._after.append(dbfs(cancelled))
        self._alike.append(float(near @ explained) / float(np.sqrt((near @ near) * (explained @ explained) + 1e-12)))
        self._unjudged += 1
        if self._unjudged == self.SECOND:
            self._unjudged = 0
            self.echo = self._judge()
        elif self.echo == "unknown" and self._unjudged == self.SECOND // 2 and self._heard_nothing():
            self.echo = "none"

    def _heard_nothing(self) -> bool:
        """Whether no frame held an echo by the time when one must have come."""
        return max([*self._before][ARRIVES:]) < self._audible() and not self._ours()

    def _ours(self) -> bool:
        """Whether it is our voice that is heard, however faint."""
        return float(np.mean(self._alike)) > self.OURS

    def _audible(self) -> float:
        """dBFS from which a frame holds more than the room's own noise."""
        floor = float(np.percentile(self._quiet, self.FLOOR_PERCENTILE)) if self._quiet else _AUDIBLE_DB
        return max(floor, _AUDIBLE_DB) + self.ABOVE_FLOOR_DB

    def _judge(self) -> Echo:
        audible = self._audible()
        before, after = (float(np.median(levels)) for levels in (self._before, self._after))
        if before > _AUDIBLE_DB + self.ABOVE_FLOOR_DB and before - after >= self.ERLE_DB:
            return "cancelled"  # whatever the room: there was something of ours to take out
        if before < audible and not self._ours():
            return "none"
        return "cancelled" if after < audible else "leaking"


class EchoCanceller:
    """AEC3 on 20 ms frames, 0.8 % of a core while we speak; and as much for `EchoPath`.

    Near passes untouched where the speaker was long silent, and where no echo of it was found. While the owner talks
    over us, all of it passes that our own voice does not explain: AEC3 takes an owner who does for echo in part. Of 48
    sentences and words said over ours (echo at -12 dB, RT60 0.4 s) the voice was noticed 32 ms later than by itself
    (p50; p95 128) where AEC3's output or near was given, now 0 (32); of the sentences' words 26 % were read wrong,
    now 17, as alone (`tools.bench_echo`). Nothing passes of what surely is our own voice come by another way, which
    AEC3 needs a moment to learn too. It goes on adapting, and the echo being measured, all the same.
    """

    def __init__(self) -> None:
        from pywebrtc_audio import EchoCanceller as Aec3

        self._aec = Aec3(SAMPLE_RATE)
        self._path = EchoPath()
        self._meter = EchoMeter()
        self._double_talk = DoubleTalk()
        self._slip = Slip()
        self._slipped = 0
        self._passed = (False, True)  # of the rest, of AEC3's output, in the last sample given out
        self._silent = TAIL

    @property
    def echo(self) -> Echo:
        """What is known of the echo by now."""
        return self._meter.echo

    @property
    def slipped(self) -> int:
        """How many samples later than before the echo comes, as the last frame showed: far is to follow. 0: none."""
        return self._slipped

    def far_stumbled(self) -> None:
        """The speaker's driver ran dry: until it is known by how much far is late now, our voice might pass."""
        self._slip.doubt()

    def far_moved(self) -> None:
        """Far lies elsewhere from now on, because the driver's times said so: about right."""
        self._slip.far_moved()

    def process(self, near: Samples, far: Samples) -> Samples:
        """`near` without the echo of `far`, each of shape (FRAME,)."""
        self._slipped = 0
        level = dbfs(far)
        self._silent = 0 if level >= _AUDIBLE_DB else self._silent + FRAME
        if self._silent >= TAIL:
            self._meter.silent(near)
            return near
        rest = self._path.rest(near, far)
        explained = near - rest
        self._slipped = self._slip.found(near, explained)
        over = self._double_talk.heard(near, rest, far)
        if self._double_talk.moved:
            self._path.moved()
        cancelled: Samples = self._aec.process(near, far)
        if level >= LOUD_DB:
            self._meter.loud(near, cancelled, explained)
        if self._meter.echo == "none":
            return near
        doubted = self._slip.doubted > 0 and self._meter.echo == "cancelled"
        over = over and not doubted
        return self._mixed((rest, cancelled), (over, not (over or doubted or self._double_talk.ours)))

    def _mixed(self, sounds: tuple[Samples, Samples], wanted: tuple[bool, bool]) -> Samples:
        """A frame that begins with as much of each as the last one ended with, and ends with what is wanted."""
        mixed = np.zeros(FRAME, np.float32)
        for index, (sound, share) in enumerate(zip(sounds, wanted, strict=True)):
            mixed += np.linspace(self._passed[index], share, FRAME, dtype=np.float32) * sound
        self._passed = wanted
        return mixed
