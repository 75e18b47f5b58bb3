"""Our own voice, taken out of what the microphone hears: WebRTC's AEC3, and what it has to be given.

*Far* is what the speaker plays, *near* what the microphone hears, both in frames at `SAMPLE_RATE` on the microphone's
clock. Noise suppression and gain stay off: NS takes Moonshine from 8.6 to 10.9 % WER on 15 clean clips.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from companion.audio.device import Echo
from companion.audio.level import dbfs
from companion.audio.resample import EMPTY, Resampler
from companion.events import FRAME, SAMPLE_RATE, Samples, samples

LEAD = samples(0.04)
"""Far is given this much early. AEC3 finds echo that comes 0-300 ms late (tried), none that precedes its cause, and the
times that drivers give are off by some 10 ms."""

DRIFT = samples(0.008)
"""Off by less than this, far stays where it is: PulseAudio's times wander by 4 ms to both sides, while the streams do
not move against each other by a sample. A constant error costs AEC3 nothing, one that changes makes it leak."""

STEP = samples(0.25)
"""Off by more, far follows by a sample this often: clocks 250 ppm apart, and AEC3 does not notice (4 minutes of our own
voice: no window with a voice in it; a sample every 26 ms 25 windows, every 10 ms 118)."""

JUMP = samples(0.016)
"""Off by more than this, far is put where it belongs at once: a stream stumbled, or its first block was timed wrongly,
by 13-25 ms on PulseAudio. To get there sample by sample took AEC3 8 s in which it leaked."""

WATCHED = 15
"""Blocks of whose errors the median is believed at once, if it is large: single callbacks come very late on a busy
machine."""

REMEMBERED = 80
"""Of these medians, a `STEP` apart, the median is believed, if it is small: 20 s."""

TAIL = samples(0.6)
"""After this much silence of the speaker there is no echo: AEC3's longest delay and the reverberation of a room."""

_AUDIBLE_DB, _LOUD_DB = -60.0, -30.0  # RMS of a far frame that may be heard back, and of one whose echo can be measured


class FarLine:
    """What the speaker plays at `rate` Hz, laid on the microphone's clock `LEAD` early, following where they drift."""

    def __init__(self, rate: int) -> None:
        self._ratio = SAMPLE_RATE / rate
        self._resampler = Resampler(rate, SAMPLE_RATE, low_delay=True)
        self._held_back = 0.0  # samples that the resampler has not given out yet
        self._waiting = EMPTY
        self._start: int | None = None  # the position of the first that waits
        self._errors: deque[float] = deque(maxlen=WATCHED)
        self._medians: deque[float] = deque(maxlen=REMEMBERED)  # of these
        self._looked = 0  # the position at which the last was taken

    def feed(self, block: Samples, position: int) -> None:
        """The next samples at the speaker's rate, shape (n,), the first of them heard at `position`."""
        if self._start is None:
            self._start, self._looked = position - LEAD, position
        self._errors.append(position - LEAD - (self._start + len(self._waiting) + self._held_back))
        self._follow(position)
        fed = self._resampler.feed(block)
        self._held_back += len(block) * self._ratio - len(fed)
        self._waiting = np.concatenate((self._waiting, fed))

    def _follow(self, position: int) -> None:
        """Move what waits, if it is not where it is heard."""
        off = float(np.median(self._errors))
        if abs(off) > JUMP:
            self._move(round(off))
            self._medians.clear()
        elif position - self._looked >= STEP:
            self._looked = position
            self._medians.append(off)
            off = float(np.median(self._medians))
            if abs(off) > DRIFT:
                self._move(int(np.sign(off)))

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


class EchoMeter:
    """How well echo is cancelled: the echo return loss enhancement (ERLE) while the speaker is loud.

    Levels are medians over the last frames (4 s), so that an owner who talks over us for a while is no echo. `echo` is
    judged again after every second of loud frames. Before the first judgement, a microphone that has heard nothing of
    half a second of them says that there is none: who talks over our first words is not to be taken for echo.
    """

    SECOND = SAMPLE_RATE // FRAME
    """Loud frames before anything else is said of the echo, and from one judgement to the next."""

    ARRIVED = samples(0.3) // FRAME
    """An echo comes no later than this: AEC3's longest delay, and that of most wireless loudspeakers."""

    ABOVE_FLOOR_DB = 6.0
    """An echo this little above the room's own noise is none."""

    FLOOR_OF, FLOOR_PERCENTILE = 10 * SECOND, 10
    """Frames without our voice whose quietest tenth is the room. The owner speaks in many of them, and hardly pauses: a
    quarter of 5 s lay at the level of speech now and then, and an echo beneath it was taken for none."""

    ERLE_DB = 10.0
    """Cancelled. AEC3 reaches 13-35 dB in simulated rooms, and about none where far and near do not belong together."""

    def __init__(self) -> None:
        self.echo: Echo = "unknown"
        self._quiet: deque[float] = deque(maxlen=self.FLOOR_OF)
        self._before: deque[float] = deque(maxlen=4 * self.SECOND)
        self._after: deque[float] = deque(maxlen=4 * self.SECOND)
        self._unjudged = 0

    def silent(self, near: Samples) -> None:
        """A frame in which the speaker was silent: the room."""
        self._quiet.append(dbfs(near))

    def loud(self, near: Samples, cancelled: Samples) -> None:
        """A frame in which the speaker was loud, before and after."""
        self._before.append(dbfs(near))
        self._after.append(dbfs(cancelled))
        self._unjudged += 1
        if self._unjudged == self.SECOND:
            self._unjudged = 0
            self.echo = self._judge()
        elif self.echo == "unknown" and self._unjudged == self.SECOND // 2 and self._heard_nothing():
            self.echo = "none"

    def _heard_nothing(self) -> bool:
        """Whether no frame held an echo by the time when one must have come."""
        return max([*self._before][self.ARRIVED :]) < self._audible()

    def _audible(self) -> float:
        """dBFS from which a frame holds more than the room's own noise."""
        floor = float(np.percentile(self._quiet, self.FLOOR_PERCENTILE)) if self._quiet else _AUDIBLE_DB
        return max(floor, _AUDIBLE_DB) + self.ABOVE_FLOOR_DB

    def _judge(self) -> Echo:
        audible = self._audible()
        before, after = (float(np.median(levels)) for levels in (self._before, self._after))
        if before > _AUDIBLE_DB + self.ABOVE_FLOOR_DB and before - after >= self.ERLE_DB:
            return "cancelled"  # whatever the room: there was something of ours to take out
        if before < audible:
            return "none"
        return "cancelled" if after < audible else "leaking"


class DoubleTalk:
    """Whether the owner talks over us: the microphone hears more than our voice would bring back, by level alone.

    The echo to expect is far's level as it may arrive by now, at the latest after `ARRIVES`, and falls in a room, by
    `DECAY_DB` a frame; and what of that came back in the loudest tenth of the last frames (4 s). After Geigel's
    detector (Duttweiler 1978, A twelve-channel digital echo canceler, IEEE Trans. Commun. 26:647), with a room that
    is measured instead of a loss that is assumed.
    """

    DECAY_DB = 1.0
    """A frame, as in a room of RT60 1.2 s: a wet echo outlasts its cause."""

    ARRIVES = EchoMeter.ARRIVED
    """Frames in which an echo may still be on its way."""

    KNOWN, REMEMBERED = EchoMeter.SECOND, 4 * EchoMeter.SECOND
    """Loud frames before anything is expected, and at most."""

    ABOVE_DB = 6.0
    """Above the expected echo. Over 11 minutes of our own voice in simulated rooms (RT60 0.3-0.8 s, echo at -6 to -20
    dB) Silero found no more voice in what passes than in what AEC3 leaves (0-2 windows); at 4 dB a dozen."""

    LASTS = samples(0.1) // FRAME
    """Frames from the last loud one: soft sounds lie between the loud ones of a word."""

    def __init__(self) -> None:
        self._under_way: deque[float] = deque(maxlen=self.ARRIVES)
        self._far = _AUDIBLE_DB
        self._returned: deque[float] = deque(maxlen=self.REMEMBERED)
        self._left = 0

    def heard(self, near: float, far: float) -> bool:
        """Whether the owner talks in this frame, as far as its levels (dBFS) and those of the frames before it tell."""
        self._under_way.append(far)
        self._far = max(self._far - self.DECAY_DB, *self._under_way)
        self._left = self.LASTS if self._over(near) else max(0, self._left - 1)
        if self._far >= _LOUD_DB:
            self._returned.append(near - self._far)
        return self._left > 0

    def _over(self, near: float) -> bool:
        if near <= _AUDIBLE_DB + self.ABOVE_DB or len(self._returned) < self.KNOWN:
            return False  # the most frequent case, and no percentile to take: a quiet room
        expected = self._far + float(np.percentile(self._returned, 90))
        return near > expected + self.ABOVE_DB


class EchoCanceller:
    """AEC3 on 20 ms frames, 0.8 % of a core while we speak.

    Near passes untouched where the speaker was long silent, where no echo of it was found, and while the owner talks
    over us: AEC3 takes an owner who does for echo in part. Of 21 people who began to speak over ours (echo at -12 dB)
    the voice was noticed after 160 ms instead of 288 (p50), and of what they said 10 % of the words read otherwise
    than in the quiet instead of 19. It goes on adapting, and measuring, all the same.
    """

    def __init__(self) -> None:
        from pywebrtc_audio import EchoCanceller as Aec3

        self._aec = Aec3(SAMPLE_RATE)
        self._meter = EchoMeter()
        self._double_talk = DoubleTalk()
        self._passed = 0.0  # share of near in the last sample given out
        self._silent = TAIL

    @property
    def echo(self) -> Echo:
        """What is known of the echo by now."""
        return self._meter.echo

    def process(self, near: Samples, far: Samples) -> Samples:
        """`near` without the echo of `far`, each of shape (FRAME,)."""
        level = dbfs(far)
        over = self._double_talk.heard(dbfs(near), level)
        self._silent = 0 if level >= _AUDIBLE_DB else self._silent + FRAME
        if self._silent >= TAIL:
            self._meter.silent(near)
            return near
        cancelled: Samples = self._aec.process(near, far)
        if level >= _LOUD_DB:
            self._meter.loud(near, cancelled)
        if self._meter.echo == "none":
            return near
        return self._mixed(near, cancelled, 1.0 if over else 0.0)

    def _mixed(self, near: Samples, cancelled: Samples, share: float) -> Samples:
        """A frame that begins with as much of near as the last one ended with, and ends with `share` of it."""
        shares = np.linspace(self._passed, share, FRAME, dtype=np.float32)
        self._passed = share
        return cancelled + shares * (near - cancelled)
