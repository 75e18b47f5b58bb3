"""What `make bench-soundcard` measures is right: on made-up recordings, in which every time is known."""

from __future__ import annotations

import numpy as np
import pytest

from companion.events import Samples
from tools.soundcard import measure

RATE = 48_000
WITHIN = 0.005
"""Seconds: nothing is measured worse."""


def voice(seconds: float, seed: int) -> Samples:
    """Noise with the loudness of syllables; no two seeds are alike."""
    t = np.arange(round(seconds * RATE)) / RATE
    noise = np.random.default_rng(seed).standard_normal(len(t))
    return (0.1 * noise * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * t))).astype(np.float32)


def at(seconds: float, sound: Samples, length: float = 6.0) -> Samples:
    recorded = np.zeros(round(length * RATE), np.float32)
    begin = round(seconds * RATE)
    recorded[begin : begin + len(sound)] = sound
    return recorded


def room() -> Samples:
    return (10 ** (-65 / 20) * np.random.default_rng(0).standard_normal(6 * RATE)).astype(np.float32)


def test_a_known_gap_is_measured_within_five_milliseconds() -> None:
    clip = voice(1.2, 1)
    microphone = room() + at(0.7, clip)
    speaker = measure.activity(at(2.345, voice(1.5, 2)), RATE, measure.SPEAKER_DB)
    found = measure.locate(microphone, clip, RATE, 0.3, 3.0)
    assert found is not None
    answer = speaker.first(found[1], 6.0)
    assert answer is not None
    assert answer - found[1] == pytest.approx(2.345 - 1.9, abs=WITHIN)


@pytest.mark.parametrize("echo_db", [-20, -12, -6, 0])
def test_the_owner_is_found_however_loud_the_echo(echo_db: float) -> None:
    clip = voice(1.2, 1)
    microphone = room() + at(1.5, clip) + 10 ** (echo_db / 20) * at(0.5, voice(4.0, 2))
    found = measure.locate(microphone, clip, RATE, 0.3, 5.0)
    assert found == pytest.approx((1.5, 2.7), abs=WITHIN)


def test_what_was_not_played_is_not_found() -> None:
    assert measure.locate(room() + at(1.0, voice(2.0, 2)), voice(1.2, 1), RATE, 0.3, 5.0) is None


def test_a_stumble_in_the_middle_moves_the_end_and_not_the_beginning() -> None:
    clip = voice(2.0, 1)
    middle = len(clip) // 2
    stumbled = np.concatenate([clip[:middle], np.zeros(RATE // 10, np.float32), clip[middle:]])
    found = measure.locate(room() + at(1.0, stumbled), clip, RATE, 0.3, 5.0)
    assert found == pytest.approx((1.0, 3.1), abs=WITHIN)


def test_silence_at_the_speaker_is_told_from_where_our_voice_was_cut() -> None:
    speaker = measure.activity(at(1.0, voice(1.237, 2)), RATE, measure.SPEAKER_DB)
    assert speaker.last(1.9, 4.0) == pytest.approx(2.237, abs=WITHIN)
    assert speaker.last(2.5, 4.0) is None


def test_a_pause_is_measured_where_it_lies() -> None:
    said = voice(2.0, 2)
    held = at(1.0, said[:RATE]) + at(2.6, said[RATE:])
    pause = measure.activity(held, RATE, measure.SPEAKER_DB).pause(1.5, 3.5)
    assert pause == pytest.approx((2.0, 2.6), abs=WITHIN)


def test_what_goes_on_where_it_was_held_repeats_nothing() -> None:
    said = voice(2.0, 2)
    held = at(1.0, said[:RATE]) + at(2.6, said[RATE:])
    assert measure.repeated(held, RATE, (2.0, 2.6)) == 0.0


def test_a_repeated_syllable_is_noticed_and_its_length_told() -> None:
    said = voice(2.0, 2)
    back = round(0.3 * RATE)
    held = at(1.0, said[:RATE]) + 0.5 * at(2.6, said[RATE - back :])
    assert measure.repeated(held, RATE, (2.0, 2.6)) == pytest.approx(0.3, abs=WITHIN)


def test_a_click_in_both_channels_tells_how_far_they_are_apart() -> None:
    click = np.full(48, 0.9, np.float32)
    left, right = at(0.5, click) + at(5.0, click), at(0.507, click) + at(5.007, click)
    apart = np.subtract(measure.clicks(right, RATE), measure.clicks(left, RATE))
    assert apart == pytest.approx([0.007, 0.007], abs=1e-6)


def test_a_nod_is_no_answer_and_what_comes_behind_it_is() -> None:
    speaker = measure.activity(at(1.1, voice(0.5, 2)) + at(2.0, voice(1.0, 3)), RATE, measure.SPEAKER_DB)
    answers = speaker.without([1.0], 0.3, 0.15, 1.0)
    assert speaker.first(0, 5) == pytest.approx(1.1, abs=WITHIN)
    assert answers.first(0, 5) == pytest.approx(2.0, abs=WITHIN)
    assert speaker.without([0.5], 0.3, 0.15, 1.0).first(0, 5) == speaker.first(0, 5)
    assert speaker.without([1.9], 0.3, 0.15, 0.4).last(2.0, 5) == pytest.approx(3.0, abs=WITHIN)


def test_pure_silence_holds_no_sound() -> None:
    assert measure.activity(np.zeros(RATE, np.float32), RATE, measure.SPEAKER_DB).first(0, 1) is None
