"""Whether the owner talks over us: soon if they do, never for our own voice, whatever becomes of the room."""

from __future__ import annotations

import numpy as np
import pytest
import soxr

from companion.audio.double_talk import DoubleTalk
from companion.audio.echo_path import EchoPath
from companion.events import FRAME, SAMPLE_RATE, Samples
from tests.echoes import heard_in_a_room, heard_until_it_changes, noise, our_voice


def taken_for_the_owner(far: Samples, near: Samples) -> list[bool]:
    """Of each frame, whether the owner is taken to talk in it."""
    path, double_talk, taken = EchoPath(), DoubleTalk(), []
    for start in range(0, len(near) - FRAME, FRAME):
        frame, ours = near[start : start + FRAME], far[start : start + FRAME]
        taken.append(double_talk.heard(frame, path.rest(frame, ours), ours))
        if double_talk.moved:
            path.moved()
    return taken


@pytest.mark.parametrize("delay", [0.02, 0.2])
@pytest.mark.parametrize("level_db", [-6.0, -12.0, -20.0])
def test_our_own_voice_is_not_taken_for_the_owners(delay: float, level_db: float) -> None:
    far = np.tile(our_voice(), 3)
    taken = taken_for_the_owner(far, heard_in_a_room(far, delay, level_db))
    assert np.mean(taken) < 0.01, "a moment that reverberates longer than the path is known, near the room's noise"


def test_an_owner_softer_than_the_echo_is_noticed_within_a_frame_once_the_room_is_known() -> None:
    far = np.tile(our_voice(), 3)
    near = heard_in_a_room(far, 0.05, -6.0)
    begin = len(far) // 2 // FRAME * FRAME
    near[begin : begin + SAMPLE_RATE] += noise(SAMPLE_RATE, -36.0, seed=7)  # the echo lies at -28 dBFS
    taken = taken_for_the_owner(far, near)
    assert not any(taken[: begin // FRAME])
    assert any(taken[begin // FRAME : begin // FRAME + 2])


def test_an_owner_who_goes_on_is_not_expected_from_then_on() -> None:
    far = np.tile(our_voice(), 4)
    near = heard_in_a_room(far, 0.05, -12.0)
    for second in range(10, 18, 2):
        near[second * SAMPLE_RATE :][: SAMPLE_RATE // 4] += noise(SAMPLE_RATE // 4, -30.0, seed=second)
    taken = taken_for_the_owner(far, near)
    for second in range(10, 18, 2):
        assert any(taken[second * SAMPLE_RATE // FRAME :][:3]), f"at {second} s"


@pytest.mark.parametrize("change", ["louder", "later", "elsewhere"])
def test_a_speaker_that_is_turned_up_or_moved_is_not_taken_for_the_owner(change: str) -> None:
    far = np.tile(our_voice(), 4)
    near, _ = heard_until_it_changes(far, change)
    taken = np.array(taken_for_the_owner(far, near))
    assert taken.mean() < 0.02


@pytest.mark.parametrize("ppm", [20.0, -50.0, 50.0])
def test_two_clocks_that_drift_apart_are_hardly_ever_taken_for_the_owner(ppm: float) -> None:
    far = np.tile(our_voice(), 4)
    late = np.concatenate((np.zeros(SAMPLE_RATE // 20, np.float32), 0.25 * far))  # no room: the hardest
    drifted = soxr.resample(late, SAMPLE_RATE, SAMPLE_RATE * (1 + ppm / 1e6))
    length = min(len(far), len(drifted))
    near = drifted[:length] + noise(length, -65.0)
    assert np.mean(taken_for_the_owner(far[:length], near)) < 0.06


def test_a_radio_that_goes_on_is_the_owner_for_a_moment_only() -> None:
    far = noise(12 * SAMPLE_RATE, -20.0)
    near = heard_in_a_room(far, 0.05, -12.0)
    near[6 * SAMPLE_RATE :] += noise(6 * SAMPLE_RATE, -28.0, seed=7)
    taken = taken_for_the_owner(far, near)
    begin, second = 6 * SAMPLE_RATE // FRAME, SAMPLE_RATE // FRAME
    assert any(taken[begin : begin + 3])
    assert not any(taken[begin + 2 * second :])


def test_nobody_is_taken_for_the_owner_before_the_room_is_known() -> None:
    second = noise(SAMPLE_RATE, -20.0)
    near = noise(SAMPLE_RATE, -10.0, seed=3)
    assert not any(taken_for_the_owner(second, near))
    assert any(taken_for_the_owner(np.tile(second, 3), np.concatenate((0.1 * second, 0.1 * second, near))))
