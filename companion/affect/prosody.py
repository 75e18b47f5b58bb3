"""What can be measured in a voice: pitch, its range and slope, energy, pace, pauses. Pure functions of a track."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Track = NDArray[np.float64]

STEP = 0.016
"""Seconds from one frame of a pitch track to the next (swift-f0)."""

BELOW_PEAK = 30.0
"""dB under the loud frames at which speech counts as a pause: the usual dynamic range of speech."""

_VOICED = 0.5  # confidence from which swift-f0 calls a frame voiced
_ENOUGH = 8  # voiced frames (0.13 s, a vowel) from which a median of pitch means something
_DIP = 2.0  # dB between two syllables (de Jong & Wempe 2009, Behavior Research Methods 41:385)


@dataclass(frozen=True, slots=True)
class Prosody:
    """An utterance as it was spoken; NaN where it could not be measured (a whisper has no pitch).

    `pitch`: median, in semitones over 100 Hz. `pitch_range`: from its 10th to its 90th percentile, in semitones.
    `pitch_slope`: semitones a second. `energy`: level of the speech in dBFS. `rate`: syllables a second, estimated.
    `pauses`, `voiced`: shares of the time, 0…1.
    """

    pitch: float
    pitch_range: float
    pitch_slope: float
    energy: float
    rate: float
    pauses: float
    voiced: float


def loud(level: Track) -> NDArray[np.bool_]:
    """The frames that are no pause; `level` in dB, shape (n,), n ≥ 1."""
    return np.asarray(level > np.percentile(level, 98) - BELOW_PEAK)


def measure(pitch_hz: Track, confidence: Track, level: Track) -> Prosody:
    """Prosody of a track without silence around it: three arrays of shape (n,), n ≥ 1; `level` in dBFS."""
    spoken = loud(level)
    voiced = (confidence >= _VOICED) & spoken
    pitch = pitch_range = pitch_slope = float("nan")
    if voiced.sum() >= _ENOUGH:
        semitones = 12 * np.log2(pitch_hz[voiced] / 100)
        low, pitch, high = (float(value) for value in np.percentile(semitones, (10, 50, 90)))
        pitch_range = high - low
        pitch_slope = float(np.polyfit(np.flatnonzero(voiced) * STEP, semitones, 1)[0])
    return Prosody(
        pitch,
        pitch_range,
        pitch_slope,
        energy=float(10 * np.log10(np.mean(10 ** (level[spoken] / 10)))),
        rate=_nuclei(level, voiced) / (len(level) * STEP),
        pauses=float(1 - spoken.mean()),
        voiced=float(voiced.mean()),
    )


def _nuclei(level: Track, voiced: NDArray[np.bool_]) -> int:
    """Syllables: voiced peaks of the level with a dip of 2 dB between them."""
    count, rising, peak, low = 0, True, 0, 0
    for now in range(len(level)):
        if rising and level[now] > level[peak]:
            peak = now
        elif rising and level[now] < level[peak] - _DIP:
            count += int(voiced[peak])
            rising, low = False, now
        elif not rising and level[now] < level[low]:
            low = now
        elif not rising and level[now] > level[low] + _DIP:
            rising, peak = True, now
    return count + int(rising and voiced[peak])
