"""One utterance at a time: the two passes joined, and speech of any length within bounded memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from companion.errors import CompanionError
from companion.events import SAMPLE_RATE, Samples, Transcript
from companion.stt.engine import Engine, StreamingEngine, open_engine, open_streaming_engine

LONGEST = 25 * SAMPLE_RATE
"""Samples read in one piece; the engines take 30 s at most, and longer pieces are slow to read again."""

_HUSH = SAMPLE_RATE // 10
"""A cut is made in the middle of the quietest 100 ms: between words, if there is such a place."""


class TurnRecognizer:
    """The words of one turn, from a streaming engine while it lasts and from a stronger one when it is read.

    Speech beyond `longest` samples is settled: a first part, cut where it is quietest, is read for good and its sound
    forgotten. Either engine may be missing, not both.
    """

    def __init__(
        self, strong: Engine | None, streaming: StreamingEngine | None = None, longest: int = LONGEST
    ) -> None:
        self._strong = strong
        self._streaming = streaming
        self._longest = longest
        self.start()

    def start(self) -> None:
        """A new turn: forget what was heard."""
        self._pieces: list[Samples] = []
        self._held = 0  # samples in `_pieces`
        self._settled: list[Transcript] = []
        self._settled_until = 0  # samples of the turn that were read for good
        self._draft: Transcript | None = None
        self._read_until = -1
        if self._streaming is not None:
            self._streaming.start()

    def accept(self, samples: Samples) -> None:
        """Hear the next samples of the turn (16 kHz, mono); cheap, but where a long turn has to be settled."""
        if self._streaming is not None:
            self._streaming.accept(samples)
        if self._strong is None:
            return
        self._pieces.append(samples)
        self._held += len(samples)
        if self._held > self._longest:
            self._settle(self._strong)

    def partial(self) -> str:
        """Words so far: the streaming engine's, else a reading by the stronger one."""
        if self._streaming is not None:
            return self._streaming.partial()
        return self.read(self._settled_until + self._held).text

    def read(self, upto: int) -> Transcript:
        """The words of the first `upto` samples of the turn. The same `upto` again costs nothing."""
        if self._strong is None:
            assert self._streaming is not None
            return self._streaming.finish()
        if upto != self._read_until or self._draft is None:
            known = self._draft.text if self._draft else None
            sound = np.concatenate(self._pieces) if self._pieces else np.empty(0, np.float32)
            self._draft = self._strong.transcribe(sound[: max(0, upto - self._settled_until)], known)
            self._read_until = upto
        return _joined([*self._settled, self._draft])

    def _settle(self, strong: Engine) -> None:
        sound = np.concatenate(self._pieces)
        cut = quietest(sound, len(sound) * 2 // 3)
        self._settled.append(strong.transcribe(sound[:cut]))
        self._settled_until += cut
        self._pieces, self._held = [sound[cut:]], len(sound) - cut
        self._draft, self._read_until = None, -1


def open_recognizer(language: str, models: Mapping[str, tuple[str, str, Path]]) -> TurnRecognizer:
    """The recogniser of a session. `models`: role ("stt", "stt-stream") → (engine, id, folder).

    Raises:
        CompanionError: neither role has a model, or a model cannot be loaded.
    """
    strong, streaming = models.get("stt"), models.get("stt-stream")
    if strong is None and streaming is None:
        raise CompanionError("there is no speech model: run `companion models pull`")
    return TurnRecognizer(
        open_engine(*strong, language) if strong else None,
        open_streaming_engine(*streaming, language) if streaming else None,
    )


def quietest(sound: Samples, after: int) -> int:
    """The middle of the quietest 100 ms of `sound` from sample `after` on."""
    step = SAMPLE_RATE // 100
    tail = sound[after:]
    energy = np.square(tail[: len(tail) // step * step]).reshape(-1, step).sum(axis=1)
    span = _HUSH // step
    if len(energy) <= span:
        return after + len(tail) // 2
    sums = np.convolve(energy, np.ones(span), mode="valid")
    return after + int(sums.argmin()) * step + _HUSH // 2


def _joined(parts: list[Transcript]) -> Transcript:
    """One transcript of several that follow each other; the confidence is the mean by length of text."""
    last = parts[-1]
    said = [part for part in parts if part.text]
    weight = sum(len(part.text) for part in said if part.confidence is not None)
    confidence = (
        sum(len(part.text) * part.confidence for part in said if part.confidence is not None) / weight
        if weight
        else last.confidence
    )
    return Transcript(" ".join(part.text for part in said), last.engine, last.language, confidence)
