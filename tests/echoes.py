"""Echoes as a room makes them."""

from __future__ import annotations

import numpy as np

from companion.events import SAMPLE_RATE, Samples
from tests import real


def noise(n: int, level_db: float, seed: int = 0) -> Samples:
    sound = np.random.default_rng(seed).standard_normal(n) * 10 ** (level_db / 20)
    return sound.astype(np.float32)


def heard_in_a_room(far: Samples, delay: float, level_db: float, seed: int = 0) -> Samples:
    """What a microphone hears of `far`: late, with 0.25 s of reverberation (RT60 0.3 s), and a little noise.

    `seed`: another room, or another place in it.
    """
    t = np.arange(SAMPLE_RATE // 4) / SAMPLE_RATE
    response = 0.3 * noise(len(t), 0.0, seed) * np.exp(-6.9 * t / 0.3)
    response[:40] = 0.0
    response[0] = 1.0
    echo = np.convolve(np.concatenate((np.zeros(round(delay * SAMPLE_RATE)), far)), response)[: len(far)]
    echo *= 10 ** (level_db / 20) * np.sqrt(np.mean(far**2) / np.mean(echo**2))
    return (echo + noise(len(far), -65.0, seed=1)).astype(np.float32)


def our_voice() -> Samples:
    return np.concatenate([real.clip(path) for path in real.clips()[:4]])
