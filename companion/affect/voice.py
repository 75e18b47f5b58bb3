"""What is measured in the sound of an utterance, before anything is made of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, fields

import numpy as np
from numpy.typing import NDArray

from companion.affect.pooling import WIDTH, Pooling, load
from companion.affect.prosody import Prosody, loud, measure
from companion.events import FRAME, SAMPLE_RATE, Samples, seconds

Frames = NDArray[np.float32]

Encoder = Callable[[Samples], Frames]
"""Speech → its frames, shape (n, 1024): `SpeechEncoder.frames` of `companion.audio.encoder`."""

MEASURES = tuple(field.name for field in fields(Prosody))
"""What a person may be shown, in the order of `VoiceFeatures.values`; behind them stands the encoding."""

_LAYER = 512  # values of a frame that are the first of its layers

STATISTICS = 2 * _LAYER
"""Values of an encoding that nothing was fitted for: means, then standard deviations, of the first of the layers."""

MEASURED = len(MEASURES) + STATISTICS
"""Values at the front of `VoiceFeatures.values` that nothing was fitted for: 1,031."""

VALUES = MEASURED + WIDTH
"""Length of `VoiceFeatures.values`: 1,415."""

SPAN = 6 * SAMPLE_RATE
"""Samples that are listened to, of a longer turn the last 6 s: a tone is heard in less, and 8 s cost 10 ms more."""

_PROSODY_SPAN = 3 * SAMPLE_RATE
"""Samples of it whose pitch is measured, the last 3 s: it takes 7 ms a second, and a median needs no more."""

_SHORTEST = SAMPLE_RATE * 3 // 10
"""0.3 s of sound, a short "yes": less says nothing about a tone."""

_AUDIBLE = -60.0
"""dBFS of the loud frames below which there was silence."""

_PITCH = (60.0, 600.0)
"""Hz, from a low man's voice to a child's call."""


@dataclass(frozen=True, slots=True, eq=False)
class VoiceFeatures:
    """An utterance as it sounded. `duration`: of the speech in seconds.

    `encoding`: shape (1408,), `STATISTICS` of the frames, then what `Pooling` makes of the frames.
    """

    duration: float
    prosody: Prosody
    encoding: NDArray[np.float32]

    def values(self) -> NDArray[np.float32]:
        """Everything that has a baseline: shape (1415,), `MEASURES` first; NaN where something was not measured."""
        return np.concatenate([np.array(astuple(self.prosody), dtype=np.float32), self.encoding])


class VoiceMeter:
    """Measures utterances: pitch by swift-f0 (MIT, its weights are in the package), tone by `encode` and `pooling`."""

    def __init__(self, encode: Encoder) -> None:
        from swift_f0 import SwiftF0

        self._encode = encode
        self._pooling = load()
        self._pitch = SwiftF0(threads=1, spin=False)

    def measure(self, sound: Samples) -> VoiceFeatures | None:
        """The features of `sound`, a turn at 16 kHz; None where it is silent or shorter than 0.3 s."""
        several = self.measure_by(sound, [self._pooling])
        return several[0] if several else None

    def measure_by(self, sound: Samples, poolings: Sequence[Pooling]) -> list[VoiceFeatures]:
        """The features of a turn by several networks, for a bench that tests what has not heard the speaker.

        Empty where the turn is silent or too short.
        """
        speech = trimmed(sound[-SPAN:])
        if len(speech) < _SHORTEST:
            return []
        track = self._pitch.detect(speech[-_PROSODY_SPAN:], SAMPLE_RATE, *_PITCH)
        prosody = measure(track.pitch_hz, track.confidence, track.loudness_db)
        frames = self._encode(speech)
        return [VoiceFeatures(seconds(len(speech)), prosody, encoding(frames, pooling)) for pooling in poolings]


def encoding(frames: Frames, pooling: Pooling) -> NDArray[np.float32]:
    """Shape (1408,) of `VoiceFeatures` for the frames (n, 1024) of an utterance."""
    first = frames[:, :_LAYER]
    return np.concatenate([first.mean(axis=0), first.std(axis=0), pooling(frames)])


def trimmed(sound: Samples) -> Samples:
    """`sound` without what is 30 dB and more below its loud frames at both ends; nothing where all of it is silent."""
    frames = sound[: len(sound) // FRAME * FRAME].reshape(-1, FRAME)
    if not len(frames):
        return sound[:0]
    level = 10 * np.log10(np.mean(frames.astype(np.float64) ** 2, axis=1) + 1e-12)
    spoken = np.flatnonzero(loud(level) & (level > _AUDIBLE))
    return sound[spoken[0] * FRAME : (spoken[-1] + 1) * FRAME] if len(spoken) else sound[:0]
