"""Resampling keeps time and content; frames lose no sample."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion.audio.resample import EMPTY, Framer, Resampler
from companion.events import FRAME, Samples


def click(rate: int, at: float, seconds: float = 1.0) -> Samples:
    """A narrow pulse at `at` seconds, well below the band limit of 16 kHz."""
    t = np.arange(round(rate * seconds)) / rate
    return np.exp(-(((t - at) / 0.001) ** 2)).astype(np.float32)


def stream(resampler: Resampler, sound: Samples, step: int) -> Samples:
    pieces = [resampler.feed(sound[start : start + step]) for start in range(0, len(sound), step)]
    return np.concatenate([*pieces, resampler.feed(EMPTY, last=True)])


@pytest.mark.parametrize("low_delay", [False, True])
@pytest.mark.parametrize("source", [8_000, 16_000, 22_050, 44_100, 48_000, 96_000])
def test_a_stream_keeps_the_time_of_what_is_in_it(source: int, low_delay: bool) -> None:
    result = stream(Resampler(source, 16_000, low_delay=low_delay), click(source, 0.5), source // 50)
    centre = float(np.sum(result**2 * np.arange(len(result))) / np.sum(result**2)) / 16_000
    assert centre == pytest.approx(0.5, abs=0.0002)
    assert len(result) == pytest.approx(16_000, abs=1)


@pytest.mark.parametrize("source", [44_100, 48_000])
def test_low_delay_never_holds_back_more_than_a_frame(source: int) -> None:
    resampler = Resampler(source, 16_000, low_delay=True)
    given_in = given_out = 0
    for _ in range(100):
        given_in += source // 50
        given_out += len(resampler.feed(np.zeros(source // 50, np.float32)))
        assert given_in / source - given_out / 16_000 < 0.015


def test_what_lies_above_the_band_does_not_fold_into_it() -> None:
    t = np.arange(48_000) / 48_000
    result = stream(Resampler(48_000, 16_000, low_delay=True), np.sin(2 * np.pi * 9000 * t).astype(np.float32), 960)
    assert np.abs(result[1600:-1600]).max() < 1e-4


@given(st.lists(st.integers(0, 1000), max_size=20))
def test_frames_lose_no_sample(lengths: list[int]) -> None:
    framer = Framer()
    sound = np.arange(1, sum(lengths) + 1, dtype=np.float32)
    frames, start = [], 0
    for length in lengths:
        frames += framer.feed(sound[start : start + length])
        start += length
    frames += framer.flush()
    joined = np.concatenate([EMPTY, *frames])
    assert all(len(frame) == FRAME for frame in frames)
    np.testing.assert_array_equal(joined[: len(sound)], sound)
    assert not joined[len(sound) :].any()
    assert list(framer.flush()) == []
