"""Earcons: short sounds that say what a screen would show. Synthesised; rising is open, falling is shut.

Each is told from the others by its direction and its pitches, is over within half a second, and peaks at `PEAK_DB`:
a little below the voice, for ears that did not ask for it.
"""

from __future__ import annotations

from typing import Final, Literal

import numpy as np

from companion.events import Samples

Earcon = Literal["listening", "thinking", "asleep", "muted", "trouble"]

RATE: Final = 22_050
"""Hz, as most voices."""

PEAK_DB: Final = -20.0
"""dB full scale. The voices have their root mean square near -22 dB, their peaks near -6 dB."""

EDGE_S: Final = 0.012
"""Seconds of raised-cosine edge: a tone that begins at once is heard as a click."""

_SCORES: Final[dict[Earcon, tuple[tuple[float, float], ...]]] = {
    # (Hz, seconds); 0 Hz is a rest. Fifths and octaves of A: pleasant on any speaker that has 400 Hz.
    "listening": ((659.3, 0.09), (880.0, 0.12)),
    "thinking": ((659.3, 0.06),),
    "asleep": ((880.0, 0.09), (587.3, 0.16)),
    "muted": ((440.0, 0.09), (0.0, 0.05), (440.0, 0.12)),
    "trouble": ((523.3, 0.12), (0.0, 0.04), (493.9, 0.12), (0.0, 0.04), (466.2, 0.16)),
}


def earcon(kind: Earcon) -> Samples:
    """The sound of `kind`, mono at `RATE`, shape (n,); the same at every call."""
    return np.concatenate([_tone(frequency, duration) for frequency, duration in _SCORES[kind]])


def _tone(frequency: float, duration: float) -> Samples:
    """A sine with soft edges; its octave, at a quarter, lets small speakers carry it."""
    time = np.arange(round(duration * RATE)) / RATE
    wave = np.sin(2 * np.pi * frequency * time) + 0.25 * np.sin(4 * np.pi * frequency * time)
    edge = np.minimum(1.0, np.minimum(time, time[::-1]) / EDGE_S)
    shaped = wave * (0.5 - 0.5 * np.cos(np.pi * edge)) / 1.25
    tone: Samples = (10 ** (PEAK_DB / 20) * shaped).astype(np.float32)
    return tone
