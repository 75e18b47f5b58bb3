"""What is measured in the sound of an utterance, before anything is made of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, dataclass, fields

import numpy as np
from numpy.typing import NDArray

from companion.affect.prosody import Prosody, loud, measure
from companion.events import FRAME, SAMPLE_RATE, Samples, seconds

Encoder = Callable[[Samples], NDArray[np.float32]]
"""Speech → its 768 encoder statistics, `SpeechEncoder.statistics` of `companion.audio.encoder`."""

MEASURES = tuple(field.name for field in fields(Prosody))
"""What a person may be shown, in the order of `VoiceFeatures.values`; behind them stand the encoder's statistics."""

VALUES = len(MEASURES) + 768
"""Length of `VoiceFeatures.values`: 775."""

SPAN = 8 * SAMPLE_RATE
"""Samples that are listened to: the encoder's window. Of a longer turn the last 8 s."""

_PROSODY_SPAN = 4 * SAMPLE_RATE
"""Samples of it whose pitch is measured, the last 4 s: it takes 9 ms a second, and a median needs no more."""

_SHORTEST = SAMPLE_RATE * 3 // 10
"""0.3 s of sound, a short "yes": less says nothing about a tone."""

_AUDIBLE = -60.0
"""dBFS of the loud frames below which there was silence."""

_PITCH = (60.0, 600.0)
"""Hz, from a low man's voice to a child's call."""


@dataclass(frozen=True, slots=True, eq=False)
class VoiceFeatures:
    """An utterance as it sounded. `duration`: of the speech in seconds. `encoding`: shape (768,)."""

    duration: float
    prosody: Prosody
    encoding: NDArray[np.float32]

    def values(self) -> NDArray[np.float32]:
        """Everything that has a baseline: shape (775,), `MEASURES` first; NaN where something was not measured."""
        return np.concatenate([np.array(astuple(self.prosody), dtype=np.float32), self.encoding])


class VoiceMeter:
    """Measures utterances: pitch by swift-f0 (MIT, its weights are in the package), tone by `encode`."""

    def __init__(self, encode: Encoder) -> None:
        from swift_f0 import SwiftF0

        self._encode = encode
        self._pitch = SwiftF0(threads=1, spin=False)

    def measure(self, sound: Samples) -> VoiceFeatures | None:
        """The features of `sound`, a turn at 16 kHz; None where it is silent or shorter than 0.3 s."""
        speech = trimmed(sound[-SPAN:])
        if len(speech) < _SHORTEST:
            return None
        track = self._pitch.detect(speech[-_PROSODY_SPAN:], SAMPLE_RATE, *_PITCH)
        prosody = measure(track.pitch_hz, track.confidence, track.loudness_db)
        return VoiceFeatures(seconds(len(speech)), prosody, self._encode(speech))


def trimmed(sound: Samples) -> Samples:
    """`sound` without what is 30 dB and more below its loud frames at both ends; nothing where all of it is silent."""
    frames = sound[: len(sound) // FRAME * FRAME].reshape(-1, FRAME)
    if not len(frames):
        return sound[:0]
    level = 10 * np.log10(np.mean(frames.astype(np.float64) ** 2, axis=1) + 1e-12)
    spoken = np.flatnonzero(loud(level) & (level > _AUDIBLE))
    return sound[spoken[0] * FRAME : (spoken[-1] + 1) * FRAME] if len(spoken) else sound[:0]
