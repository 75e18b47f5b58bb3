"""Echoes as a room makes them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from companion.events import FRAME, SAMPLE_RATE, Samples
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


def in_frames(process: Callable[[Samples, Samples], Samples], near: Samples, far: Samples) -> Samples:
    """What `process` makes of both, a frame after the other."""
    starts = range(0, len(near) - FRAME + 1, FRAME)
    return np.concatenate([process(near[at : at + FRAME], far[at : at + FRAME]) for at in starts])


def heard_until_it_changes(far: Samples, change: str) -> tuple[Samples, int]:
    """What a microphone hears of a speaker that is `louder`, `later` or `elsewhere` from half of it on; and where."""
    near = heard_in_a_room(far, 0.05, -15.0)
    half = len(far) // 2 // FRAME * FRAME
    delay, level_db, seed = {"louder": (0.05, -8.0, 0), "later": (0.064, -15.0, 0), "elsewhere": (0.05, -15.0, 9)}[
        change
    ]
    near[half:] = heard_in_a_room(far, delay, level_db, seed)[half:]
    return near, half
