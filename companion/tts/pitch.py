"""Raise, lower, flatten or enliven the pitch of speech; its words, their timing and the timbre of the voice stay.

Pitch-synchronous overlap-add in the time domain (Moulines & Charpentier 1990, Speech Communication 9:453): the sound is
cut into pieces of two periods around each beat of the voice, and the pieces are laid down closer together or further
apart. Piper itself cannot do it: its noise scales change nothing audible in pitch.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from companion.events import Samples, Style

_LOWEST, _HIGHEST = 60.0, 500.0  # Hz: men's and women's speaking voices
_FLOOR = 66.0
"""Hz. Nothing is lowered beneath it: there a voice creaks and is heard as having no pitch."""

_SURE = 0.5  # confidence from which swift-f0 calls a frame voiced
_UNVOICED_PERIOD = 0.008
"""Seconds between the pieces where there is no pitch; short, so that bursts stay where they are."""

_SEARCH = 0.2
"""Share of a period within which the next beat is looked for: a voice changes less from one period to the next."""


@dataclass(frozen=True, slots=True)
class Contour:
    """Pitch over time. `at`: seconds, shape (n,). `hz`: shape (n,), NaN where there is no pitch."""

    at: NDArray[np.float64]
    hz: NDArray[np.float64]


class PitchShaper:
    """Gives speech the pitch of a style; its tracker (swift-f0, 135 kB) is loaded when it is first needed."""

    @cached_property
    def _tracker(self) -> Any:
        from swift_f0 import SwiftF0

        return SwiftF0(threads=1, spin=False)

    def contour(self, sound: Samples, rate: int) -> Contour:
        """The pitch of `sound` (mono, `rate` Hz)."""
        if not len(sound):
            return Contour(np.empty(0), np.empty(0))
        track = self._tracker.detect(sound, rate, _LOWEST, _HIGHEST)
        hz = np.where(track.confidence >= _SURE, track.pitch_hz, np.nan)
        return Contour(np.asarray(track.timestamps, np.float64), np.asarray(hz, np.float64))

    def shaped(self, sound: Samples, rate: int, style: Style) -> Samples:
        """`sound` with the pitch of `style`: the same array where the style asks for none."""
        if style.pitch == 0.0 and style.pitch_range == 1.0:
            return sound
        return repitched(sound, rate, self.contour(sound, rate), style.pitch, style.pitch_range)


def repitched(sound: Samples, rate: int, contour: Contour, semitones: float, spread: float) -> Samples:
    """`sound` with its median pitch moved by `semitones` and its distances from the median `spread` times as wide.

    Nothing is lowered beneath the floor of a voice. The same length and level. Where nothing is voiced it comes back as
    it is.
    """
    voiced = ~np.isnan(contour.hz)
    if not voiced.any():
        return sound
    beats, periods, has_pitch = _beats(sound, rate, contour)
    median = float(np.median(contour.hz[voiced]))
    hz = rate / periods
    wanted = median * 2 ** (semitones / 12) * (hz / median) ** spread
    wanted = np.where(has_pitch, np.maximum(wanted, np.minimum(hz, _FLOOR)), hz)
    return _overlap_add(sound, beats, periods, rate / wanted)


def _beats(
    sound: Samples, rate: int, contour: Contour
) -> tuple[NDArray[np.int_], NDArray[np.float64], NDArray[np.bool_]]:
    """Where a piece is taken: sample numbers, the period at each in samples, and whether it has a pitch.

    In a voice a beat is the strongest sample near one period after the last, so that the pieces stay in phase.
    """
    step = float(contour.at[1] - contour.at[0]) if len(contour.at) > 1 else 0.016
    magnitude = np.abs(sound)
    beats, periods, has_pitch = [0], [_UNVOICED_PERIOD * rate], [False]
    while True:
        last = beats[-1]
        frame = min(int((last / rate - contour.at[0]) / step + 1.0), len(contour.hz) - 1)
        pitch = contour.hz[max(frame, 0)]
        voiced = not np.isnan(pitch)
        period = rate / float(pitch) if voiced else _UNVOICED_PERIOD * rate
        following = last + period
        if voiced:
            reach = _SEARCH * period if has_pitch[-1] else 0.5 * period
            low, high = int(following - reach), int(following + reach) + 1
            if high < len(sound):
                following = low + int(magnitude[low:high].argmax())
        if following + period >= len(sound):
            break
        beats.append(int(following))
        periods.append(period)
        has_pitch.append(voiced)
    return np.array(beats), np.array(periods), np.array(has_pitch)


def _overlap_add(
    sound: Samples, beats: NDArray[np.int_], periods: NDArray[np.float64], distances: NDArray[np.float64]
) -> Samples:
    """Lay the pieces around `beats` down `distances` apart, each as often as the time it stands for asks."""
    total = np.zeros(len(sound), np.float64)
    weight = np.zeros(len(sound), np.float64)
    at = float(beats[0])
    while at < len(sound):
        nearest = int(np.searchsorted(beats, at))
        if nearest == len(beats) or (nearest and at - beats[nearest - 1] < beats[nearest] - at):
            nearest -= 1
        half = int(periods[nearest])
        begin, to = beats[nearest] - half, int(at) - half
        cut = max(0, -begin, -to)
        length = min(2 * half, len(sound) - begin, len(sound) - to)
        if length > cut:
            window = np.hanning(2 * half)[cut:length]
            total[to + cut : to + length] += window * sound[begin + cut : begin + length]
            weight[to + cut : to + length] += window
        at += distances[nearest]
    # Where pieces lie closer than in the original they add up to more than one, and to less where they part.
    total /= np.maximum(weight, 0.5)
    total *= np.linalg.norm(sound) / max(float(np.linalg.norm(total)), 1e-9)
    return total.astype(np.float32)
