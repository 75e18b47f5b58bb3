"""The short sounds: soft, short, and each its own."""

from __future__ import annotations

import itertools
from typing import get_args

import numpy as np
import pytest

from companion.tts.earcons import PEAK_DB, RATE, Earcon, earcon

KINDS: tuple[Earcon, ...] = get_args(Earcon)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_short_and_never_louder_than_the_voice(kind: Earcon) -> None:
    sound = earcon(kind)
    assert sound.dtype == np.float32
    assert 0.05 <= len(sound) / RATE <= 0.5
    peak = 20 * np.log10(np.abs(sound).max())
    assert PEAK_DB - 3 <= peak <= PEAK_DB


@pytest.mark.parametrize("kind", KINDS)
def test_it_does_not_click(kind: Earcon) -> None:
    sound = earcon(kind)
    ends = np.abs(np.concatenate((sound[:20], sound[-20:])))  # a millisecond
    assert ends.max() < 0.1 * np.abs(sound).max()


def test_no_two_sound_alike() -> None:
    for one, other in itertools.combinations(KINDS, 2):
        first, second = earcon(one), earcon(other)
        shorter = min(len(first), len(second))
        assert len(first) != len(second) or not np.allclose(first[:shorter], second[:shorter], atol=1e-3)
