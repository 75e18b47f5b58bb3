"""All that is sensed in the turns of one owner: the voice against its usual, the words, and both together."""

from __future__ import annotations

import base64
from typing import Protocol

from companion.affect import words
from companion.affect.baseline import Baseline
from companion.affect.fusion import fuse
from companion.affect.tone import ToneHead
from companion.affect.voice import MEASURES, VoiceFeatures
from companion.events import Affect, Samples

SPEECH = 0.5
"""Probability of speech below which a sound says nothing of a tone, and moves no baseline."""


KNOWN = 3
"""Turns from which there is a usual to compare with; the first ones are compared with people in general."""


class Meter(Protocol):
    """`voice.VoiceMeter`."""

    def measure(self, sound: Samples) -> VoiceFeatures | None:
        """The features of a turn."""


class Senses:
    """Holds the owner's baseline. Without a `meter` only the words are heard: listening to the voice is opted in to."""

    def __init__(self, language: str, meter: Meter | None = None, head: ToneHead | None = None) -> None:
        self._language = language
        self._meter = meter if head is not None else None
        self._head = head
        self._baseline = head.prior if head is not None else None
        words.load(language)  # now, not in the first turn

    @property
    def listens(self) -> bool:
        """Whether the voice is listened to."""
        return self._meter is not None

    def stop_listening(self) -> None:
        """The owner does not want the voice listened to: from now on only the words."""
        self._meter = None

    def listen(self, sound: Samples) -> VoiceFeatures | None:
        """What is measured in the voice of a turn (16 kHz), some 40 ms of work; None where there is nothing to hear."""
        return self._meter.measure(sound) if self._meter is not None else None

    def sense(self, said: str, voice: VoiceFeatures | None = None) -> Affect:
        """What was heard in a turn: its words, and the voice where it was listened to.

        Nothing stands under `relative` until this owner is `KNOWN`.
        """
        reading = words.read(said, self._language)
        if voice is None or self._head is None or self._baseline is None or self._head.speechlike(voice) < SPEECH:
            return fuse(None, reading, {})
        relative = self._baseline.relative(voice.values())
        known = self._baseline.count >= KNOWN
        measures = {name: float(value) for name, value in zip(MEASURES, relative, strict=False)} if known else {}
        return fuse(self._head.read(voice, self._baseline), reading, measures)

    def learn(self, voice: VoiceFeatures) -> None:
        """Let a turn be part of the usual. A guest's voice, and what is no voice, are not."""
        if self._head is not None and self._baseline is not None and self._head.speechlike(voice) >= SPEECH:
            self._baseline = self._baseline.hear(voice.values())

    def remember(self, record: str | None) -> None:
        """Take up the baseline of an earlier talk, as `record` wrote it; what is no such thing is passed over."""
        if record and self._head is not None:
            try:
                self._baseline = Baseline.from_bytes(base64.b64decode(record), self._head.prior)
            except ValueError:
                self._baseline = self._head.prior

    def record(self) -> str | None:
        """The baseline in writing; None where the voice is not listened to."""
        return base64.b64encode(self._baseline.to_bytes()).decode() if self._baseline is not None else None
