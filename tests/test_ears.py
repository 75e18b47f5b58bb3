"""What is kept of the sound before a turn, and the time of a session."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from companion.audio.voice_activity import WINDOW
from companion.clock import Clock
from companion.ears import AFTER_SOUND, PRE_ROLL, Ears
from companion.events import FRAME, SAMPLE_RATE, Samples, seconds


def frame(level: float = 0.0) -> Samples:
    return np.full(FRAME, level, dtype=np.float32)


@given(st.integers(1, 60))
def test_every_sample_is_searched_for_a_voice_once_and_in_its_place(frames: int) -> None:
    ears, sound = Ears(), np.arange(frames * FRAME, dtype=np.float32)
    found = [
        window
        for start in range(0, len(sound), FRAME)
        for window in ears.windows(sound[start : start + FRAME], start + FRAME)
    ]
    assert [end for end, _ in found] == [WINDOW * (number + 1) for number in range(len(sound) // WINDOW)]
    assert all(np.array_equal(window, sound[end - WINDOW : end]) for end, window in found)


def test_a_turn_takes_the_last_half_second_with_it_once() -> None:
    ears = Ears()
    for number in range(200):
        ears.before_a_turn(frame(number), quiet=True)
    taken = ears.pre_roll()
    assert len(taken) * FRAME >= PRE_ROLL
    assert taken[-1][0] == 199
    assert ears.pre_roll() == []


def test_what_a_turn_took_that_was_none_is_there_for_the_next() -> None:
    ears = Ears()
    for number in range(30):
        ears.before_a_turn(frame(number), quiet=True)
    taken = ears.pre_roll()
    ears.give_back([*taken, frame(99)])
    ears.before_a_turn(frame(100), quiet=True)
    again = ears.pre_roll()
    assert [one[0] for one in again[-3:]] == [29, 99, 100]
    assert len(again) * FRAME < PRE_ROLL + SAMPLE_RATE / 4, "and no more than that"


def test_the_level_of_the_room_is_that_of_its_quiet_moments_in_which_we_do_not_speak() -> None:
    ears = Ears()
    assert ears.background == 0.0
    for number in range(100):
        ears.before_a_turn(frame(0.01 if number % 3 else 0.5), quiet=True)
        ears.before_a_turn(frame(0.0), quiet=False)
    assert abs(ears.background - 0.01) < 1e-6


def test_what_was_heard_before_the_wake_word_is_no_part_of_what_is_said() -> None:
    ears = Ears()
    ears.before_a_turn(frame(), quiet=True)
    list(ears.windows(frame(), FRAME))
    ears.forget()
    assert ears.pre_roll() == []
    assert list(ears.windows(frame()[: WINDOW - FRAME], FRAME + WINDOW)) == []


def test_our_own_sounds_are_nobodys_voice_while_they_are_in_the_room() -> None:
    ears, second = Ears(), np.zeros(SAMPLE_RATE, dtype=np.float32)
    ears.deafen(100, second, SAMPLE_RATE)
    over = 100 + SAMPLE_RATE + AFTER_SOUND
    assert ears.deaf(over - 1)
    assert not ears.deaf(over)
    ears.sound_stopped(200)
    assert not ears.deaf(200 + AFTER_SOUND)
    ears.sound_stopped(300)
    assert not ears.deaf(200 + AFTER_SOUND)


def test_the_time_of_a_session_goes_on_while_the_samples_stand_still() -> None:
    clock = Clock(as_fast_as_it_goes=True)
    clock.begin()
    clock.heard(SAMPLE_RATE)
    clock.stood_still(2.0)
    assert clock.now() == 3.0
    clock.heard(SAMPLE_RATE + FRAME)
    assert clock.now() == 3.0 + seconds(FRAME)


def test_within_a_frame_the_time_goes_on_but_never_beyond_it() -> None:
    clock = Clock(as_fast_as_it_goes=False)
    clock.heard(0)
    times = [clock.now() for _ in range(1000)]
    assert times == sorted(times)
    assert times[-1] <= seconds(FRAME)
