"""Spoils recordings as rooms and microphones do, so that a head is fitted and measured on more than clean studios."""

from __future__ import annotations

import numpy as np

from companion.events import FRAME, SAMPLE_RATE, Samples

Random = np.random.Generator


def coloured_noise(length: int, exponent: float, random: Random) -> Samples:
    """`length` samples whose power falls with frequency to the `exponent`: 0 white, 1 pink, 2 brown."""
    spectrum = np.fft.rfft(random.standard_normal(length))
    frequency = np.maximum(np.arange(len(spectrum)), 1)
    return np.asarray(np.fft.irfft(spectrum / frequency ** (exponent / 2), length), dtype=np.float32)


def with_noise(speech: Samples, noise: Samples, decibels: float) -> Samples:
    """`speech` with `noise` (repeated as needed) that far below it; pauses do not count as speech."""
    noise = np.resize(noise, len(speech))
    frames = (speech[: len(speech) // FRAME * FRAME].reshape(-1, FRAME) ** 2).mean(axis=1)
    power = frames[frames > np.percentile(frames, 98) / 1000].mean()
    gain = np.sqrt(power / 10 ** (decibels / 10) / ((noise**2).mean() + 1e-12))
    return np.asarray(speech + gain * noise, dtype=np.float32)


def in_room(speech: Samples, random: Random) -> Samples:
    """`speech` with the echo of some room: noise that decays by 60 dB in 0.15 to 0.5 s (Polack's model)."""
    length = int(random.uniform(0.15, 0.5) * SAMPLE_RATE)
    tail = random.standard_normal(length) * 10 ** (-3 * np.arange(length) / length)
    tail *= random.uniform(0.2, 0.6) / np.linalg.norm(tail)
    tail[0] = 1
    size = len(speech) + length
    wet = np.fft.irfft(np.fft.rfft(speech, size) * np.fft.rfft(tail, size), size)
    return np.asarray(wet[: len(speech)], dtype=np.float32)
