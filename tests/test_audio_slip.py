"""A stream that slipped is found to the sample, and none where nothing slipped."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from companion.audio.echo import EchoCanceller
from companion.audio.far_line import LEAD, FarLine
from companion.audio.level import dbfs
from companion.audio.slip import Slip
from companion.events import FRAME, SAMPLE_RATE, Samples, samples
from tests.echoes import heard_in_a_room, in_frames, noise, our_voice


def found(near: Samples, echo: Samples) -> list[int]:
    slip = Slip()
    return [
        by for i in range(0, len(near) - FRAME, FRAME) if (by := slip.found(near[i : i + FRAME], echo[i : i + FRAME]))
    ]


@settings(max_examples=20, deadline=None)
@given(st.integers(16, samples(0.1)), st.sampled_from([-1, 1]), st.floats(-70.0, -45.0))
def test_a_slip_is_told_to_the_sample(length: int, sign: int, room: float) -> None:
    echo = our_voice()[: 2 * SAMPLE_RATE]
    by = sign * length
    near = np.roll(echo, by) + noise(len(echo), room)
    assert by in found(near, echo)


def test_nothing_slips_while_an_owner_talks_over_an_echo_that_comes_when_it_should() -> None:
    echo = 0.25 * np.tile(our_voice(), 3)
    for seconds in (0.7, 1.3, 2.1):
        owner = np.roll(np.tile(our_voice(), 3), round(seconds * SAMPLE_RATE))
        assert found(echo + owner, echo) == []


def test_of_silence_and_of_noise_nothing_is_told() -> None:
    silence = np.zeros(SAMPLE_RATE, np.float32)
    assert found(silence, silence) == []
    assert found(noise(SAMPLE_RATE, -30.0), noise(SAMPLE_RATE, -30.0, seed=2)) == []


def while_we_speak(stumble: float, told: float, owner: Samples) -> tuple[Samples, Samples, Samples]:
    """What passes of `owner` over our voice, which goes on `stumble` seconds late from half of it on, while the driver
    tells of `told`; what far is by then; and what it should be."""
    played = np.tile(our_voice(), 3)
    half = len(played) // 2
    late = np.concatenate((played[:half], np.zeros(samples(stumble), np.float32), played[half:]))
    heard = heard_in_a_room(late, 0.05, -12.0)
    begin = half + samples(0.7)
    heard[begin : begin + len(owner)] += owner
    line, canceller, passed, far = FarLine(SAMPLE_RATE), EchoCanceller(), [], []
    for at in range(0, len(played) - FRAME, FRAME):
        if line.feed(played[at : at + FRAME], at + LEAD + (samples(told) if at >= half else 0)):
            canceller.far_moved()
        far.append(line.frame(at))
        passed.append(canceller.process(heard[at : at + FRAME], far[-1]))
        if canceller.slipped:
            line.slipped(canceller.slipped)
    now = slice(begin, begin + len(owner))
    return np.concatenate(passed)[now], np.concatenate(far)[now], late[now]


@pytest.mark.parametrize(("stumble", "told"), [(0.005, 0.0), (0.012, 0.0), (0.04, 0.046), (0.07, 0.066)])
def test_far_follows_to_the_sample_whatever_the_driver_tells(stumble: float, told: float) -> None:
    _, far, right = while_we_speak(stumble, told, np.zeros(SAMPLE_RATE, np.float32))
    np.testing.assert_array_equal(far, right)


def test_an_owner_is_heard_as_they_are_over_a_voice_of_ours_that_goes_on_late() -> None:
    owner = 0.3 * np.roll(our_voice(), SAMPLE_RATE)[: 2 * SAMPLE_RATE]  # no louder than the echo
    passed, *_ = while_we_speak(0.012, 0.0, owner)
    assert dbfs(passed - owner) < dbfs(owner) - 12


def test_while_it_is_doubtful_when_our_voice_is_heard_nothing_passes_and_an_owner_over_it_after_a_moment() -> None:
    far = np.tile(our_voice(), 2)
    words = np.roll(our_voice(), SAMPLE_RATE)
    half = len(far) // 2 // FRAME * FRAME
    near = heard_in_a_room(far, 0.05, -12.0)
    near[half : half + len(words)] += words[: len(near) - half]
    passed = {}
    for stumbles in (False, True):
        canceller = EchoCanceller()
        in_frames(canceller.process, near[:half], far[:half])
        if stumbles:
            canceller.far_stumbled()
        passed[stumbles] = in_frames(canceller.process, near[half:], far[half:])
    at_once, soon = slice(FRAME, samples(0.16)), slice(samples(0.44), None)
    assert dbfs(passed[True][at_once]) < dbfs(passed[False][at_once]) - 30
    np.testing.assert_array_equal(passed[True][soon], passed[False][soon])


def test_nothing_is_doubtful_before_an_echo_was_ever_heard() -> None:
    far = our_voice()
    near = heard_in_a_room(far, 0.05, -12.0) + np.roll(far, SAMPLE_RATE)
    stumbled, other = EchoCanceller(), EchoCanceller()
    stumbled.far_stumbled()
    np.testing.assert_array_equal(in_frames(stumbled.process, near, far), in_frames(other.process, near, far))


def test_an_echo_that_comes_when_it_should_is_no_longer_doubtful() -> None:
    slip = Slip()
    slip.doubt()
    echo = our_voice()[SAMPLE_RATE:]
    for at in range(0, samples(0.2), FRAME):
        assert slip.found(echo[at : at + FRAME], echo[at : at + FRAME]) == 0
    assert slip.doubted == 0
