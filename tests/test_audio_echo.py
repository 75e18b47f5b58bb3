"""Our own voice is taken out of what is heard, and the owner's is not."""

from __future__ import annotations

import numpy as np
import pytest

from companion.audio.double_talk import ARRIVES
from companion.audio.echo import TAIL, EchoCanceller, EchoMeter
from companion.audio.level import dbfs
from companion.events import FRAME, SAMPLE_RATE, Samples
from tests.echoes import heard_in_a_room, heard_until_it_changes, in_frames, noise, our_voice

NOTHING = np.zeros(FRAME, np.float32)
"""What a way that is not known yet explains."""


def cancel(canceller: EchoCanceller, near: Samples, far: Samples) -> Samples:
    return in_frames(canceller.process, near, far)


@pytest.mark.parametrize("delay", [0.02, 0.2])
@pytest.mark.parametrize("level_db", [-6.0, -12.0, -20.0])
def test_our_own_voice_is_taken_out_from_the_first_reply_on(delay: float, level_db: float) -> None:
    far = our_voice()
    near = heard_in_a_room(far, delay, level_db)
    canceller = EchoCanceller()
    left = cancel(canceller, near, far)
    assert dbfs(near[: SAMPLE_RATE * 2]) - dbfs(left[: SAMPLE_RATE * 2]) > 12
    assert dbfs(near) - dbfs(left) > 12
    assert canceller.echo == "cancelled"


@pytest.mark.parametrize("level_db", [-26.0, -32.0, -40.0])
def test_an_echo_as_faint_as_the_room_is_our_voice_too(level_db: float) -> None:
    far = our_voice()
    canceller = EchoCanceller()
    cancel(canceller, heard_in_a_room(far, 0.05, level_db), far)
    assert canceller.echo == "cancelled"


def test_what_is_heard_while_we_are_silent_is_untouched() -> None:
    near = our_voice()
    np.testing.assert_array_equal(
        cancel(EchoCanceller(), near, np.zeros_like(near)), near[: len(near) // FRAME * FRAME]
    )


def test_after_our_voice_the_room_is_untouched_again() -> None:
    far = np.concatenate((noise(SAMPLE_RATE, -20.0), np.zeros(SAMPLE_RATE, np.float32)))
    near = noise(len(far), -30.0, seed=3)
    left = cancel(EchoCanceller(), near, far)
    assert (left[SAMPLE_RATE + TAIL :] == near[SAMPLE_RATE + TAIL :]).all()
    assert not (left[:SAMPLE_RATE] == near[:SAMPLE_RATE]).all()


def test_headphones_have_no_echo_and_who_talks_over_us_is_heard_as_they_are() -> None:
    far = our_voice()
    near = noise(len(far), -65.0)
    canceller = EchoCanceller()
    assert canceller.echo == "unknown"
    cancel(canceller, near, far)
    assert canceller.echo == "none"
    owner = np.roll(far, SAMPLE_RATE)
    np.testing.assert_array_equal(cancel(canceller, owner[:SAMPLE_RATE], far[:SAMPLE_RATE]), owner[:SAMPLE_RATE])


def test_half_a_second_without_echo_is_enough_to_hear_who_talks_over_our_first_words() -> None:
    for level, known in ((-65.0, "none"), (-40.0, "unknown")):
        meter = EchoMeter()
        for seed in range(50):
            meter.silent(noise(FRAME, -65.0, seed))
        for seed in range(EchoMeter.SECOND // 2):
            late = seed < ARRIVES  # an echo that comes late has not come yet
            meter.loud(noise(FRAME, -65.0 if late else level, seed), noise(FRAME, -65.0, seed), NOTHING)
        assert meter.echo == known


def test_half_a_second_of_a_faint_echo_is_not_called_none() -> None:
    meter = EchoMeter()
    for seed in range(EchoMeter.SECOND // 2):
        room, ours = noise(FRAME, -65.0, seed), noise(FRAME, -75.0, 1000 + seed)
        meter.silent(room)
        meter.loud(room + ours, room, ours)
    assert meter.echo == "unknown"


def test_a_speaker_that_is_turned_up_is_cancelled_again_after_some_seconds() -> None:
    far = our_voice()
    canceller = EchoCanceller()
    cancel(canceller, noise(len(far), -65.0), far)
    near = heard_in_a_room(far, 0.05, -12.0)
    left = cancel(canceller, near, far)
    assert canceller.echo == "cancelled"
    half = len(left) // 2
    assert dbfs(near[half:]) - dbfs(left[half:]) > 12


def test_an_echo_that_is_not_taken_out_leaks() -> None:
    meter = EchoMeter()
    for seed in range(100):
        meter.silent(noise(FRAME, -65.0, seed))
        meter.loud(noise(FRAME, -30.0, seed), noise(FRAME, -34.0, seed), NOTHING)
    assert meter.echo == "leaking"


def test_an_owner_who_talks_over_us_is_no_leak() -> None:
    meter = EchoMeter()
    for seed in range(100):
        owner = -20.0 if seed % 10 < 4 else -65.0
        meter.silent(noise(FRAME, -65.0, seed))
        meter.loud(noise(FRAME, max(owner, -35.0), seed), noise(FRAME, max(owner, -60.0), seed), NOTHING)
    assert meter.echo == "cancelled"


@pytest.mark.parametrize("delay", [0.02, 0.2])
def test_an_owner_who_talks_over_us_is_heard_as_they_are(delay: float) -> None:
    far = np.tile(our_voice(), 2)
    begin = len(far) // 2
    owner = np.zeros_like(far)
    words = np.roll(our_voice(), SAMPLE_RATE)[: 2 * SAMPLE_RATE]
    owner[begin : begin + len(words)] = words
    near = heard_in_a_room(far, delay, -12.0) + owner
    left = cancel(EchoCanceller(), near, far)[begin : begin + len(words)]
    said = [
        (dbfs(left[i : i + FRAME]) - dbfs(words[i : i + FRAME]))
        for i in range(0, len(words) - FRAME, FRAME)
        if dbfs(words[i : i + FRAME]) > -25.0
    ]
    assert len(said) > 10
    assert float(np.quantile(said, 0.1)) > -1.0, "a loud sound of theirs lost more than 1 dB"


@pytest.mark.parametrize("change", ["louder", "elsewhere"])
def test_of_a_speaker_that_was_just_turned_up_or_moved_next_to_nothing_is_left(change: str) -> None:
    far = np.tile(our_voice(), 3)
    near, half = heard_until_it_changes(far, change)
    left = cancel(EchoCanceller(), near, far)
    moment = slice(half, half + SAMPLE_RATE // 2)
    assert dbfs(near[moment]) - dbfs(left[moment]) > 35


def test_an_owner_over_our_very_first_words_is_not_silenced() -> None:
    far = our_voice()
    words = np.roll(far, 2 * SAMPLE_RATE)
    begin = SAMPLE_RATE
    owner = np.concatenate((np.zeros(begin, np.float32), words))[: len(far)]
    left = cancel(EchoCanceller(), heard_in_a_room(far, 0.05, -12.0) + owner, far)[begin : begin + SAMPLE_RATE]
    assert dbfs(left) > dbfs(words[:SAMPLE_RATE]) - 6


@pytest.mark.parametrize("room", [-65.0, -45.0])
def test_an_owner_who_has_spoken_long_does_not_hide_the_echo_of_the_answer(room: float) -> None:
    far = our_voice()
    canceller = EchoCanceller()
    cancel(canceller, heard_in_a_room(far, 0.05, -12.0), far)
    frames = far[: len(far) // FRAME * FRAME].reshape(-1, FRAME)
    owner = np.concatenate([frame for frame in frames if dbfs(frame) > -40.0] * 3)[: 6 * SAMPLE_RATE]  # no pause in it
    owner = owner + noise(len(owner), room)
    cancel(canceller, owner, np.zeros_like(owner))
    far = far[: 3 * SAMPLE_RATE]
    near = heard_in_a_room(far, 0.05, -12.0)
    left = cancel(canceller, near, far)
    assert canceller.echo == "cancelled"
    assert dbfs(near[: len(left)]) - dbfs(left) > 12


def test_words_without_a_pause_are_not_the_noise_of_the_room() -> None:
    meter = EchoMeter()
    for seed in range(500):  # 10 s, of which the owner speaks eight
        meter.silent(noise(FRAME, -65.0 if seed < 100 else -26.0, seed))
    for seed in range(EchoMeter.SECOND):
        meter.loud(noise(FRAME, -38.0, seed), noise(FRAME, -42.0, seed), NOTHING)
    assert meter.echo == "leaking"
