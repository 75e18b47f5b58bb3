"""What is on its way to the speaker: a queue of utterances that a sink pulls from, sample by sample."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

import numpy as np

from companion.audio.resample import EMPTY, Resampler
from companion.events import Samples

FADE_S = 0.005
"""Seconds of fade at a cut or a hold: a shorter one is heard as a click, a longer one only delays the silence."""


@dataclass(frozen=True, slots=True)
class Started:
    """Utterance `tag` begins with sample number `at` of all that the sink has pulled, at the sink's rate."""

    tag: int
    at: int


@dataclass(frozen=True, slots=True)
class Held:
    """Utterance `tag`, which had begun and waits now, is silent from sample number `at` on."""

    tag: int
    at: int


@dataclass(frozen=True, slots=True)
class Ended:
    """Utterance `tag` is over before sample number `at`; `played` counts its samples at the voice's rate."""

    tag: int
    at: int
    played: int
    stopped: bool


Mark = Started | Held | Ended


class _Utterance:
    """The pieces of one utterance at the sink's rate, and how much of it was written and pulled."""

    def __init__(self, tag: int, rate: int, sink_rate: int) -> None:
        self.tag = tag
        self.resampler = Resampler(rate, sink_rate)
        self.pieces: deque[Samples] = deque()
        self.written = 0
        self.pulled = 0
        self.closed = False
        self.dropped = False
        self._ratio = rate / sink_rate

    def take(self, n: int) -> Samples:
        """Up to `n` samples of the first piece."""
        piece = self.pieces.popleft()
        if len(piece) > n:
            self.pieces.appendleft(piece[n:])
            piece = piece[:n]
        self.pulled += len(piece)
        return piece

    def cut(self, n: int) -> Samples:
        """The next `n` samples, fewer where there are fewer, and nothing after them."""
        soon = np.concatenate((EMPTY, *self.pieces))[:n]
        self.pulled += len(soon)
        return soon

    def ended(self, at: int) -> Ended:
        """How the utterance ends. Resampling may be off by a sample: what was played whole counts as it was written."""
        played = min(round(self.pulled * self._ratio), self.written) if self.dropped else self.written
        return Ended(self.tag, at, played, self.dropped)


class _Fader:
    """A linear fade that may turn round midway. `level`: 0 (silent) … `length` (as it is), in samples of fade.

    No sample is muted altogether: what was held is silent because nothing is taken, not because it was lost.
    """

    def __init__(self, rate: int) -> None:
        self.length = self.level = round(FADE_S * rate)

    def down(self, samples: Samples) -> Samples:
        """Fade out over `samples`, at most `level` of them."""
        faded = samples.copy()
        faded *= np.arange(self.level, self.level - len(samples), -1, dtype=np.float32) / (self.length + 1)
        self.level -= len(samples)
        return faded

    def up(self, samples: Samples) -> Samples:
        """Fade in over the first of `samples`, from where the level is."""
        rest = min(self.length - self.level, len(samples))
        if not rest:
            return samples
        faded = samples.copy()
        faded[:rest] *= np.arange(self.level + 1, self.level + 1 + rest, dtype=np.float32) / (self.length + 1)
        self.level += rest
        return faded


class Playback:
    """The queue between the loop, which writes and stops, and one sink, which pulls at `rate` Hz.

    Thread-safe. Resampling happens in `write`, so that `pull` only copies and may be called from a PortAudio callback.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._lock = threading.Lock()
        self._queue: deque[_Utterance] = deque()
        self._marks: list[Mark] = []
        self._fader = _Fader(rate)
        self._held = self._told = False
        self._cut = EMPTY
        self._over = EMPTY
        self._dropped_upto = -1
        self._pulled = 0

    @property
    def idle(self) -> bool:
        """Nothing plays and nothing waits."""
        return not self._queue

    @property
    def pulled(self) -> int:
        """Samples that the sink has taken so far, silence included."""
        return self._pulled

    def write(self, tag: int, samples: Samples, rate: int, last: bool) -> None:
        """Append a piece of utterance `tag`, mono at `rate` Hz; `last` closes it.

        Tags grow. Pieces of an utterance that was stopped are dropped: work that was still under way needs no flag.
        """
        with self._lock:
            if tag <= self._dropped_upto:
                return
            utterance = next((u for u in self._queue if u.tag == tag), None)
            if utterance is None:
                utterance = _Utterance(tag, rate, self._rate)
                self._queue.append(utterance)
        piece = utterance.resampler.feed(samples, last)
        with self._lock:
            if utterance.dropped:
                return
            utterance.written += len(samples)
            utterance.closed = last
            if len(piece):
                utterance.pieces.append(piece)

    def overlay(self, samples: Samples, rate: int) -> None:
        """Mix a sound that is no utterance into what plays, in the place of an earlier one; `stop` cuts it too."""
        sound = Resampler(rate, self._rate).feed(samples, last=True)
        with self._lock:
            self._over = sound

    def hold(self) -> None:
        """Fade out what is playing within `FADE_S` and keep the rest; nothing sounds until `go_on` or `stop`.

        An utterance that had begun gets its `Held` once it is silent, unless its last sample was in the fade: then it
        is over, and `Ended`.
        """
        with self._lock:
            self._held = True

    def go_on(self) -> None:
        """Fade in from the very sample at which `hold` left off."""
        with self._lock:
            self._held = self._told = False

    def stop(self) -> None:
        """Cut what is playing, with a fade of `FADE_S`, and drop what waits. What was held is held no longer."""
        with self._lock:
            if self._queue and self._queue[0].pulled:
                self._cut = self._fader.down(self._queue[0].cut(self._fader.level))
            self._over = _Fader(self._rate).down(self._over[: round(FADE_S * self._rate)])
            self._drop_all(self._pulled + len(self._cut))

    def restart(self, rate: int) -> None:
        """The sink went away, or came back with another rate: drop every utterance at once.

        What lies over them, such as the notice that the sink went away, waits for it.
        """
        with self._lock:
            self._cut = EMPTY
            if rate != self._rate:
                self._over = Resampler(self._rate, rate).feed(self._over, last=True)
            self._rate = rate
            self._drop_all(self._pulled)

    def pull(self, n: int) -> Samples:
        """The next `n` samples for the sink; silence where there is nothing to play."""
        block = np.zeros(n, np.float32)
        with self._lock:
            filled = min(n, len(self._cut))
            block[:filled], self._cut = self._cut[:filled], self._cut[filled:]
            while self._queue:
                head = self._queue[0]
                room = min(n - filled, self._fader.level) if self._held else n - filled
                if head.closed and not head.pieces and not self._told:
                    self._marks.append(head.ended(self._pulled + filled))
                    self._queue.popleft()
                elif room and head.pieces and (head.pulled or not self._held):
                    if not head.pulled:
                        self._marks.append(Started(head.tag, self._pulled + filled))
                    piece = head.take(room)
                    block[filled : filled + len(piece)] = (
                        self._fader.down(piece) if self._held else self._fader.up(piece)
                    )
                    filled += len(piece)
                else:
                    if self._held and filled < n:
                        self._fall_silent(self._pulled + filled)
                    break
            self._pulled += n
            over, self._over = self._over[:n], self._over[n:]
            block[: len(over)] += over
        return block

    def marks(self) -> list[Mark]:
        """What began and what ended since the last call, in order; each is given once."""
        with self._lock:
            marks, self._marks = self._marks, []
            return marks

    def _fall_silent(self, at: int) -> None:
        """What is held has faded, or had nothing left to fade."""
        head = self._queue[0]
        self._fader.level = 0
        if head.pulled and not self._told:
            self._told = True
            self._marks.append(Held(head.tag, at))

    def _drop_all(self, at: int) -> None:
        self._held = self._told = False
        self._fader = _Fader(self._rate)
        for utterance in self._queue:
            utterance.dropped = True
            self._dropped_upto = max(self._dropped_upto, utterance.tag)
            self._marks.append(utterance.ended(at))
        self._queue.clear()
