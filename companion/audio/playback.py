"""What is on its way to the speaker: a queue of utterances that a sink pulls from, sample by sample."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

import numpy as np

from companion.audio.resample import EMPTY, Resampler
from companion.events import Samples

FADE_S = 0.005
"""Seconds of fade at a cut: a shorter one is heard as a click, a longer one only delays the silence."""


@dataclass(frozen=True, slots=True)
class Started:
    """Utterance `tag` begins with sample number `at` of all that the sink has pulled, at the sink's rate."""

    tag: int
    at: int


@dataclass(frozen=True, slots=True)
class Ended:
    """Utterance `tag` is over before sample number `at`; `played` counts its samples at the voice's rate."""

    tag: int
    at: int
    played: int
    stopped: bool


Mark = Started | Ended


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

    def fade(self, n: int) -> Samples:
        """The next `n` samples, fewer where there are fewer, fading to silence."""
        soon = np.concatenate((EMPTY, *self.pieces))[:n]
        self.pulled += len(soon)
        return soon * np.linspace(1.0, 0.0, len(soon), dtype=np.float32)

    def ended(self, at: int) -> Ended:
        """How the utterance ends. Resampling may be off by a sample: what was played whole counts as it was written."""
        played = min(round(self.pulled * self._ratio), self.written) if self.dropped else self.written
        return Ended(self.tag, at, played, self.dropped)


class Playback:
    """The queue between the loop, which writes and stops, and one sink, which pulls at `rate` Hz.

    Thread-safe. Resampling happens in `write`, so that `pull` only copies and may be called from a PortAudio callback.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._lock = threading.Lock()
        self._queue: deque[_Utterance] = deque()
        self._marks: list[Mark] = []
        self._fading = EMPTY
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

    def stop(self) -> None:
        """Cut what is playing, with a fade of `FADE_S`, and drop what waits."""
        with self._lock:
            if self._queue and self._queue[0].pulled:
                self._fading = self._queue[0].fade(round(FADE_S * self._rate))
            self._drop_all(self._pulled + len(self._fading))

    def restart(self, rate: int) -> None:
        """The sink went away, or came back with another rate: drop everything at once."""
        with self._lock:
            self._fading = EMPTY
            self._drop_all(self._pulled)
            self._rate = rate

    def pull(self, n: int) -> Samples:
        """The next `n` samples for the sink; silence where there is nothing to play."""
        block = np.zeros(n, np.float32)
        with self._lock:
            filled = min(n, len(self._fading))
            block[:filled], self._fading = self._fading[:filled], self._fading[filled:]
            while self._queue:
                head = self._queue[0]
                if head.pieces:
                    if filled == n:
                        break
                    if not head.pulled:
                        self._marks.append(Started(head.tag, self._pulled + filled))
                    piece = head.take(n - filled)
                    block[filled : filled + len(piece)] = piece
                    filled += len(piece)
                elif head.closed:
                    self._marks.append(head.ended(self._pulled + filled))
                    self._queue.popleft()
                else:
                    break
            self._pulled += n
        return block

    def marks(self) -> list[Mark]:
        """What began and what ended since the last call, in order; each is given once."""
        with self._lock:
            marks, self._marks = self._marks, []
            return marks

    def _drop_all(self, at: int) -> None:
        for utterance in self._queue:
            utterance.dropped = True
            self._dropped_upto = max(self._dropped_upto, utterance.tag)
            self._marks.append(utterance.ended(at))
        self._queue.clear()
