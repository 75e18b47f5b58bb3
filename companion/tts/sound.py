"""What every voice's sound goes through: no silence in front, a level in dB, and never a clipped peak."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from companion.events import Samples, Style

LEAD_S = 0.005
"""Seconds kept before the voice begins, for a soft first consonant; listeners wait for the rest in vain."""

VOICE_RMS = 10 ** (-52 / 20)
"""Root mean square, full scale 1, above which 5 ms are voice. Piper's hiss before a clause is at -65 dB (measured)."""

KNEE = 0.8
"""Full scale 1. Peaks above it are bent; neutral speech of our voices stays below it."""


def styled(pieces: Iterable[Samples], rate: int, style: Style) -> Iterator[Samples]:
    """`pieces` of one clause at `rate` Hz with the level and the pause of `style`, beginning with the voice.

    Pieces before the voice are dropped; a clause without any voice yields nothing.
    """
    begun = False
    for piece in pieces:
        sound = piece if begun else without_lead(piece, rate)
        if len(sound):
            begun = True
            yield gain(sound, style.energy)
    pause = round(style.pause * rate)
    if begun and pause:
        yield np.zeros(pause, np.float32)


def without_lead(samples: Samples, rate: int) -> Samples:
    """`samples` from `LEAD_S` before the first voice on; empty where there is none."""
    window = rate // 200
    whole = len(samples) // window * window
    power = np.mean(np.square(samples[:whole].reshape(-1, window)), axis=1)
    voiced = np.flatnonzero(power > VOICE_RMS**2)
    if not len(voiced):
        return samples[:0]
    return samples[max(0, int(voiced[0]) * window - round(LEAD_S * rate)) :]


def gain(samples: Samples, db: float) -> Samples:
    """`samples` louder by `db`, with what exceeds `KNEE` bent below full scale instead of clipped."""
    louder = samples * np.float32(10 ** (db / 20))
    over = np.abs(louder) - KNEE
    bent = np.sign(louder) * (KNEE + (1 - KNEE) * np.tanh(over / (1 - KNEE)))
    result: Samples = np.where(over > 0, bent, louder).astype(np.float32, copy=False)
    return result
