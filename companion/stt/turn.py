"""One utterance at a time: the streaming pass that captions it, and the stronger pass that reads it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from companion import events
from companion.events import SAMPLE_RATE, Samples, Transcript
from companion.stt.engine import (
    Engine,
    GivenUp,
    SpeechModelError,
    Stop,
    StreamingEngine,
    open_engine,
    open_streaming_engine,
)

LONGEST = events.samples(20)
"""Speech that the stronger pass reads in one go. Its engines take 30 s, but memory grows with the square of the length
(Moonshine: 40 MB for 10 s, 180 MB for 20 s) and the owner waits for the last reading."""

CAPTIONED_WITHIN_S = 0.8
"""Where a reading takes longer, none is made for a caption: the last words would wait until it is over. Two cores
of a PC need 0.1 to 0.7 s, those of a Raspberry Pi 4 several seconds."""

_SLOWLY_S = 0.5

_PAUSE = SAMPLE_RATE // 10  # 100 ms: the gap between two words, hardly ever one within a word
_HOP = SAMPLE_RATE // 100


@dataclass(frozen=True, slots=True)
class _Settled:
    """A stretch of the turn that is not read again: from sample `start` on, and what it says."""

    start: int
    transcript: Transcript


class TurnRecognizer:
    """Joins the passes that are installed; either may be missing, not both.

    With both, captions are the streaming engine's and readings the stronger one's. Without the streaming one, captions
    are readings too. Without the stronger one, readings are the streaming engine's words. Memory stays bounded however
    long the turn: what exceeds `LONGEST` is cut at the quietest place of its last third and settled.

    All calls but that of `hurry` come from one thread. `accept` may take as long as one reading.
    """

    def __init__(
        self,
        engine: Engine | None,
        stream: StreamingEngine | None,
        longest: int = LONGEST,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """`clock`: in seconds, to know how long a reading takes."""
        assert engine or stream
        self._engine, self._stream, self._longest, self._clock = engine, stream, longest, clock
        self._took = 0.0  # the last reading, in seconds
        self._caption: Stop | None = None  # of the reading that is being made for a caption
        self.start()

    @property
    def vosk_model(self) -> Any | None:
        """The open `vosk.Model`, where the streaming engine has one, for who else listens with it."""
        return getattr(self._stream, "model", None)

    def timed(self, sound: Samples) -> float:
        """Seconds that it takes to read `sound`, speech of 16 kHz. Between turns. The first reading of all is slower:
        where that was quick enough, it is done once more."""
        for _ in range(2):
            self.start()
            self.accept(sound)
            began = self._clock()
            self.read(len(sound))
            took = self._clock() - began
            if took > _SLOWLY_S:
                break
        self.start()
        return took

    def start(self) -> None:
        """A new turn; what was heard before is forgotten."""
        self._heard = 0
        self._settled: list[_Settled] = []
        self._unread: list[Samples] = []  # from sample `_unread_from` of the turn on
        self._unread_from = 0
        self._draft: str | None = None
        self._last: tuple[int, Transcript] | None = None
        if self._stream:
            self._stream.start()

    def accept(self, samples: Samples) -> None:
        """Hear the next samples of the turn: 16 kHz, usually a frame of 20 ms, the pre-roll first."""
        self._heard += len(samples)
        if self._stream:
            self._stream.accept(samples)
        if self._engine:
            self._unread.append(samples)
            if self._heard - self._unread_from > self._longest:
                self._settle(self._engine)

    def partial(self) -> str | None:
        """The words so far: nearly free with a streaming engine, else as dear as `read`. The caller says how often.

        None where they would take too long to be had (`CAPTIONED_WITHIN_S`), or are no longer wanted (`hurry`).
        """
        if self._stream:
            return self._stream.partial()
        if self._took > CAPTIONED_WITHIN_S:
            return None
        self._caption = Stop()
        try:
            return self.read(self._heard, self._caption).text
        except GivenUp:
            return None
        finally:
            self._caption = None

    def hurry(self) -> None:
        """A caption in the making is given up, so that `read` need not wait for it. From any thread."""
        if (caption := self._caption) is not None:
            caption.ask()

    def read(self, upto: int, stop: Stop | None = None) -> Transcript:
        """The best reading of the first `upto` samples of the turn; the same `upto` again costs nothing.

        The streaming engine, where it stands alone, reads all that it has heard.
        """
        if self._last is None or self._last[0] != upto:
            self._last = (upto, self._read(upto, stop))
        return self._last[1]

    def _read(self, upto: int, stop: Stop | None) -> Transcript:
        if not self._engine:
            assert self._stream
            return self._stream.finish()
        parts = [part.transcript for part in self._settled if part.start < upto]
        if upto > self._unread_from or not parts:
            sound = self._sound()[: max(0, upto - self._unread_from)]
            began = self._clock()
            rest = self._engine.transcribe(sound, self._draft, stop)
            self._took = self._clock() - began
            self._draft = rest.text
            parts.append(rest)
        return joined(parts)

    def _settle(self, engine: Engine) -> None:
        sound = self._sound()
        cut = quietest(sound, len(sound) * 2 // 3)
        self._settled.append(_Settled(self._unread_from, engine.transcribe(sound[:cut], self._draft)))
        self._unread, self._unread_from, self._draft = [sound[cut:].copy()], self._unread_from + cut, None

    def _sound(self) -> Samples:
        self._unread = [np.concatenate(self._unread)] if self._unread else [np.zeros(0, np.float32)]
        return self._unread[0]


def joined(parts: Sequence[Transcript]) -> Transcript:
    """Readings of stretches that follow each other, as one; its confidence is their mean."""
    confidences = [part.confidence for part in parts if part.confidence is not None]
    return Transcript(
        " ".join(part.text for part in parts if part.text),
        parts[0].engine,
        parts[0].language,
        sum(confidences) / len(confidences) if confidences else None,
    )


def quietest(sound: Samples, start: int) -> int:
    """The middle of the quietest 100 ms of `sound` after sample `start`: where a cut hurts no word, or the least."""
    power = np.square(sound[start:], dtype=np.float64)
    steps = power[: len(power) // _HOP * _HOP].reshape(-1, _HOP).sum(axis=1)
    windows = np.convolve(steps, np.ones(_PAUSE // _HOP), mode="valid")
    return start + int(windows.argmin()) * _HOP + _PAUSE // 2


def open_recognizer(language: str, models: Mapping[str, tuple[str, str, Path]]) -> TurnRecognizer:
    """Open the models of a session: role (`stt`, `stt-stream`) → (engine, id, folder).

    Raises:
        SpeechModelError: there is none of either role, or one is missing or damaged.
    """
    if not models.keys() & {"stt", "stt-stream"}:
        raise SpeechModelError("(none)", "no speech model is installed")
    engine = open_engine(*models["stt"], language) if "stt" in models else None
    stream = open_streaming_engine(*models["stt-stream"], language) if "stt-stream" in models else None
    return TurnRecognizer(engine, stream)
