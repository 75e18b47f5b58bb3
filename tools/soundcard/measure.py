"""What two recordings on one clock tell: pure functions on samples. Times are seconds since the recording began."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from companion.events import Samples

WINDOW_S = 0.002
"""Seconds of a window in which a level is taken: the resolution of every time measured here."""

VOICE_DB = 30.0
"""The owner's recordings have noise of their own: voice is what comes within this of its loudest 20 ms, as in
`companion bench latency`."""

SPEAKER_DB = 40.0
"""At the speaker there is digital silence beside our voice: of it all is taken that can be heard in a quiet room."""

_PIECE_S = 0.5
"""A recording is found again by its first and by its last half second: should it stumble between, both are right."""

_ALIKE = 0.9
"""Correlation above which two pieces of sound are the same; of different speech it stays below 0.6."""


@dataclass(frozen=True, slots=True)
class Activity:
    """Which windows of a channel hold sound."""

    windows: NDArray[np.bool_]

    def first(self, start: float, until: float) -> float | None:
        """When the first sound in `start`…`until` begins."""
        begin = max(0, round(start / WINDOW_S))
        there = np.flatnonzero(self.windows[begin : round(until / WINDOW_S)])
        return float((begin + there[0]) * WINDOW_S) if len(there) else None

    def last(self, start: float, until: float) -> float | None:
        """When the last sound in `start`…`until` ends."""
        begin = max(0, round(start / WINDOW_S))
        there = np.flatnonzero(self.windows[begin : round(until / WINDOW_S)])
        return float((begin + there[-1] + 1) * WINDOW_S) if len(there) else None

    def without(self, starts: Iterable[float], within: float, silent: float, longest: float) -> Activity:
        """The same without the sound that begins `within` so many seconds of each of `starts`, until it is `silent`
        for so long, at most `longest`."""
        left = self.windows.copy()
        for start in starts:
            if (begin := self.first(start, start + within)) is None:
                continue
            end = begin
            while (last := self.last(end, end + silent)) is not None and last - begin < longest and last > end:
                end = last
            left[round(begin / WINDOW_S) : round(end / WINDOW_S)] = False
        return Activity(left)

    def pause(self, start: float, until: float) -> tuple[float, float]:
        """The longest silence in `start`…`until`, its begin and its end; of no length where there is none."""
        begin = max(0, round(start / WINDOW_S))
        silent = ~self.windows[begin : round(until / WINDOW_S)]
        edges = np.flatnonzero(np.diff(np.concatenate(([0], silent.astype(np.int8), [0]))))
        if not len(edges):
            return start, start
        begins, ends = edges[::2], edges[1::2]
        longest = int((ends - begins).argmax())
        return float((begin + begins[longest]) * WINDOW_S), float((begin + ends[longest]) * WINDOW_S)


_NOISE_DB, _CLEAR_DB = 10.0, 15.0
"""A voice is so much louder than the quietest tenth of its recording; and within so much of its loudest it is one."""


def activity(sound: Samples, rate: int, below_db: float) -> Activity:
    """The windows of `sound` whose level is within `below_db` of its loudest 20 ms. Nothing sounds in pure silence."""
    levels = _levels(sound, round(rate * WINDOW_S))
    loudest = _levels(sound, round(rate * 0.02)).max(initial=0.0)
    return Activity(levels > max(loudest * 10 ** (-below_db / 20), 1e-5))


def span(clip: Samples, rate: int) -> tuple[float, float]:
    """When the voice in a recording begins and ends, in seconds from its start."""
    levels = _levels(clip, round(rate * 0.02))
    above_noise = 20 * np.log10(levels.max(initial=1e-9) / max(np.quantile(levels, 0.1), 1e-9)) - _NOISE_DB
    voice = activity(clip, rate, min(VOICE_DB, max(_CLEAR_DB, above_noise)))
    whole = len(clip) / rate
    return voice.first(0, whole + 1) or 0.0, voice.last(0, whole + 1) or whole


def locate(recorded: Samples, clip: Samples, rate: int, start: float, until: float) -> tuple[float, float] | None:
    """When the voice of `clip`, played somewhere in `start`…`until`, begins and ends in what was recorded.

    By normalised cross-correlation of its first and of its last half second of voice, so that whatever else sounds (an
    echo, noise) does not matter. None: it is not there.
    """
    first, last = span(clip, rate)
    piece = min(_PIECE_S, last - first)
    head = _found(recorded, clip[round(first * rate) : round((first + piece) * rate)], rate, start, until)
    tail = _found(recorded, clip[round((last - piece) * rate) : round(last * rate)], rate, start, until)
    if head is None or tail is None or tail < head:
        return None
    return head, tail + piece


def repeated(sound: Samples, rate: int, pause: tuple[float, float]) -> float:
    """How many seconds of what was said before a `pause` are said again after it; 0.0: none.

    The piece that ends 30 ms before the pause (a fade may lie between) is looked for in the second that follows it.
    """
    end = round((pause[0] - 0.03) * rate)
    piece = sound[max(0, end - round(0.12 * rate)) : end]
    if len(piece) < round(0.12 * rate):
        return 0.0
    at = _found(sound, piece, rate, pause[1] - 0.05, pause[1] + 1.0, _ALIKE)
    return 0.0 if at is None else max(0.0, at + len(piece) / rate + 0.03 - pause[1])


def clicks(sound: Samples, rate: int) -> list[float]:
    """When clicks (a rise to more than half of full scale, each at least 0.1 s after the other) begin."""
    loud = np.flatnonzero(np.abs(sound) > 0.5)
    return [float(at) / rate for at in loud[np.diff(loud, prepend=-rate) > 0.1 * rate]]


def _levels(sound: Samples, window: int) -> NDArray[np.float64]:
    """Root mean square of each whole window."""
    whole = sound[: len(sound) // window * window].reshape(-1, window)
    return np.asarray(np.sqrt(np.mean(np.square(whole, dtype=np.float64), axis=1)))


def _found(sound: Samples, piece: Samples, rate: int, start: float, until: float, alike: float = 0.35) -> float | None:
    """Where `piece` begins in `sound`, between `start` and `until`; None where nothing there is as much `alike`.

    Owner and an echo of the same level correlate at 0.7 with the owner alone, with an echo 6 dB louder at 0.45.
    """
    begin, end = max(0, round(start * rate)), min(len(sound), round(until * rate))
    part = sound[begin:end].astype(np.float64)
    if len(piece) == 0 or len(part) < len(piece):
        return None
    size = 1 << (len(part) + len(piece)).bit_length()
    spectrum = np.fft.rfft(part, size) * np.conj(np.fft.rfft(piece.astype(np.float64), size))
    products = np.fft.irfft(spectrum, size)[: len(part) - len(piece) + 1]
    energy = np.concatenate(([0.0], np.cumsum(part**2)))
    power = np.sqrt(np.maximum(energy[len(piece) :] - energy[: -len(piece)], 1e-9))
    likeness = products / (power * max(float(np.linalg.norm(piece)), 1e-9))
    best = int(likeness.argmax())
    return (begin + best) / rate if likeness[best] >= alike else None
