"""A microphone that stops hearing is noticed; one that is only quiet, muted by habit or slow to start is left alone."""

from __future__ import annotations

import numpy as np

from companion.audio.heartbeat import HABIT_S, Hearing, Watchdog
from companion.events import Samples

RATE = 48_000
BLOCK = RATE // 100


def noise() -> Samples:
    """The quietest room there is: the lowest bit of 16."""
    return np.where(np.arange(BLOCK) % 7 == 0, 1 / 32768, 0).astype(np.float32)


def constant(value: float = 0.0) -> Samples:
    return np.full(BLOCK, value, np.float32)


def hear(hearing: Hearing, block: Samples, seconds: float) -> list[str]:
    """What it says while it gets `block` for so long."""
    said = [hearing.hear(block) for _ in range(round(seconds * 100))]
    return [word for word in said if word is not None]


def test_a_stream_that_calls_is_never_overdue() -> None:
    watchdog = Watchdog(1.0)
    for _ in range(1000):
        watchdog.beat()
        assert not watchdog.wait(0.5)


def test_a_stream_that_stopped_is_overdue_after_its_limit() -> None:
    watchdog = Watchdog(1.0)
    watchdog.beat()
    assert [watchdog.wait(0.25) for _ in range(4)] == [False, False, False, True]


def test_a_headset_may_take_seconds_to_begin() -> None:
    watchdog = Watchdog(1.0, starting=5.0)
    assert not watchdog.wait(4.9)
    assert watchdog.wait(0.2)


def test_a_quiet_room_is_not_silence() -> None:
    assert hear(Hearing(RATE), noise(), 60) == []


def test_digital_silence_is_deafness_after_five_seconds_and_is_told_once() -> None:
    hearing = Hearing(RATE)
    assert hear(hearing, constant(), 4.9) == []
    assert hear(hearing, constant(), 60) == ["deaf"]


def test_a_constant_offset_is_silence_too() -> None:
    assert hear(Hearing(RATE), constant(0.01), 6) == ["deaf"]


def test_one_sample_of_sound_begins_the_count_again() -> None:
    hearing = Hearing(RATE)
    assert hear(hearing, constant(), 4) + hear(hearing, noise(), 0.01) + hear(hearing, constant(), 4) == []


def test_a_step_from_one_constant_to_another_is_not_one_silence() -> None:
    hearing = Hearing(RATE)
    assert hear(hearing, constant(0.0), 3) + hear(hearing, constant(0.5), 3) == []


def test_sound_that_comes_back_is_told() -> None:
    hearing = Hearing(RATE)
    assert hear(hearing, constant(), 6) == ["deaf"]
    assert hear(hearing, noise(), 1) == ["hears"]


def test_a_microphone_cured_by_opening_it_again_is_watched_again() -> None:
    hearing = Hearing(RATE)
    hear(hearing, constant(), 5)
    hearing.reopened(RATE)
    assert hear(hearing, constant(), 0.5) == [], "the first blocks after opening are often silent"
    assert hear(hearing, noise(), 1) == ["hears"]
    assert hear(hearing, constant(), 5) == ["deaf"]


def test_a_microphone_with_a_mute_switch_or_noise_gate_is_reported_again_only_after_long() -> None:
    hearing = Hearing(RATE)
    assert hear(hearing, constant(), 5) == ["deaf"]
    hearing.reopened(RATE)
    assert hear(hearing, constant(), 20) == []
    assert hear(hearing, noise(), 1) == ["hears"]
    assert hear(hearing, constant(), HABIT_S - 1) == []
    assert hear(hearing, constant(), 2) == ["deaf"], "days later it may be deaf all the same"


def test_seconds_are_counted_at_the_rate_of_the_device() -> None:
    hearing = Hearing(RATE)
    hearing.reopened(RATE // 3)
    assert hear(hearing, constant(), 1.6) == []
    assert hear(hearing, constant(), 0.1) == ["deaf"]
