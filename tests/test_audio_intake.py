"""The clock of the conversation goes on evenly, whatever the microphone does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion.audio.intake import Intake
from companion.events import FRAME, SAMPLE_RATE, AudioFrame, Samples

RATE = 48_000
BLOCK = RATE // 100
T0 = 1000.0
"""Seconds; where the monotonic clock happens to stand."""


def tone(seconds: float, rate: int = RATE) -> Samples:
    return (0.5 * np.sin(2 * np.pi * 1000 * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def listen(intake: Intake, sound: Samples, begin: float, rate: int = RATE) -> list[AudioFrame]:
    """Feed `sound` in blocks of 10 ms, captured from `begin` on."""
    frames: list[AudioFrame] = []
    step = rate // 100
    for start in range(0, len(sound), step):
        frames += intake.feed(sound[start : start + step], begin + start / rate)
    return frames


def assert_even(frames: list[AudioFrame]) -> None:
    assert [frame.position for frame in frames] == list(range(0, len(frames) * FRAME, FRAME))
    assert all(frame.samples.shape == (FRAME,) and frame.samples.dtype == np.float32 for frame in frames)


@given(st.lists(st.integers(1, 5000), min_size=1, max_size=20), st.sampled_from([8_000, 16_000, 44_100, 48_000]))
def test_blocks_of_any_length_become_even_frames(blocks: list[int], rate: int) -> None:
    intake = Intake(rate)
    frames = [frame for n in blocks for frame in intake.feed(np.zeros(n, np.float32), T0)]
    assert_even(frames)
    assert len(frames) * FRAME <= sum(blocks) * SAMPLE_RATE / rate


def test_sound_arrives_within_thirty_five_milliseconds() -> None:
    intake = Intake(RATE)
    for block in range(1, 200):
        list(intake.feed(np.zeros(BLOCK, np.float32), T0 + block * 0.01))
        assert block * 0.01 - intake.position / SAMPLE_RATE <= 0.035


def test_sound_arrives_at_its_own_speed_and_level() -> None:
    frames = listen(Intake(RATE), tone(2.0), T0)
    heard = np.concatenate([frame.samples for frame in frames])
    crossings = np.flatnonzero((heard[800:-800] < 0) & (heard[801:-799] >= 0))
    assert np.diff(crossings).mean() == pytest.approx(SAMPLE_RATE / 1000, rel=1e-3)
    assert np.sqrt(np.mean(heard[800:-800] ** 2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.01)


def test_a_moment_has_the_position_of_the_sample_captured_then() -> None:
    intake = Intake(RATE)
    listen(intake, tone(3.0), T0)
    assert intake.position_at(T0 + 2.5) == pytest.approx(2.5 * SAMPLE_RATE, abs=1)
    assert intake.position_at(T0 + 3.04) == pytest.approx(3.04 * SAMPLE_RATE, abs=1), "what is yet to be played"


def test_time_without_a_device_is_filled_with_silence() -> None:
    intake = Intake(RATE)
    frames = listen(intake, tone(1.0), T0)
    for step in range(1, 101):
        frames += intake.fill(T0 + 1.0 + step * 0.02)
    assert_even(frames)
    assert intake.position == pytest.approx(3.0 * SAMPLE_RATE, abs=FRAME)
    assert not frames[-1].samples.any()


def test_a_device_that_comes_back_goes_on_where_the_clock_stands() -> None:
    intake = Intake(RATE)
    frames = listen(intake, tone(1.0), T0)
    frames += intake.fill(T0 + 4.0)
    intake.reopen(44_100)
    frames += listen(intake, tone(1.0, 44_100), T0 + 4.5, rate=44_100)
    assert_even(frames)
    assert intake.position == pytest.approx(5.5 * SAMPLE_RATE, abs=3 * FRAME)
    assert intake.position_at(T0 + 5.0) == pytest.approx(5.0 * SAMPLE_RATE, abs=FRAME)
    heard = np.concatenate([frame.samples for frame in frames])
    assert not heard[SAMPLE_RATE + 2 * FRAME : round(4.4 * SAMPLE_RATE)].any()
    assert heard[round(4.6 * SAMPLE_RATE) :].any()


def test_before_the_first_block_the_clock_stands() -> None:
    intake = Intake(RATE)
    assert list(intake.fill(T0 + 10)) == []
    assert intake.position_at(T0 + 10) == 0


def test_where_no_block_ever_comes_the_clock_goes_on_all_the_same() -> None:
    intake = Intake(RATE, T0)
    frames = list(intake.fill(T0 + 3.0))
    assert len(frames) == 3 * SAMPLE_RATE // FRAME
    frames += listen(intake, tone(1.0), T0 + 3.0)
    assert_even(frames)
    assert intake.position_at(T0 + 3.5) == pytest.approx(3.5 * SAMPLE_RATE, abs=FRAME)


def test_listeners_never_get_a_sample_that_is_no_number() -> None:
    frames = list(Intake(SAMPLE_RATE).feed(np.full(FRAME, np.nan, np.float32), T0))
    assert not frames[0].samples.any()
