"""What our own voice explains is taken out of what the microphone hears, and nothing of anybody else's."""

from __future__ import annotations

import numpy as np
import pytest

from companion.audio.echo_path import EchoPath
from companion.audio.level import dbfs
from companion.events import FRAME, SAMPLE_RATE
from tests.echoes import heard_in_a_room, in_frames, our_voice


@pytest.mark.parametrize("delay", [0.04, 0.1])
@pytest.mark.parametrize("level_db", [-6.0, -12.0])
def test_after_some_seconds_an_echo_is_taken_out_by_20_db(delay: float, level_db: float) -> None:
    far = np.tile(our_voice(), 2)
    near = heard_in_a_room(far, delay, level_db)
    left = in_frames(EchoPath().rest, near, far)
    half = len(left) // 2
    assert dbfs(near[half:]) - dbfs(left[half:]) > 20
    begin = 2 * SAMPLE_RATE
    assert dbfs(left[:begin]) < dbfs(near[:begin]) + 1, "it is not louder than the echo before it knows the room"


def test_an_owner_who_talks_over_us_is_left_as_they_are() -> None:
    far = np.tile(our_voice(), 3)
    echo = heard_in_a_room(far, 0.05, -12.0)
    begin = len(far) // 2
    owner = np.zeros_like(far)
    owner[begin:] = 0.5 * np.roll(far, SAMPLE_RATE)[begin:]
    left = in_frames(EchoPath().rest, echo + owner, far)
    said = owner[begin : len(left)]
    assert dbfs(left[begin:] - said) < dbfs(said) - 12


def test_it_is_found_again_where_the_speaker_has_moved() -> None:
    far = np.tile(our_voice(), 4)
    half = len(far) // 2 // FRAME * FRAME
    path = EchoPath()
    in_frames(path.rest, heard_in_a_room(far, 0.05, -12.0)[:half], far[:half])
    path.moved()
    near = heard_in_a_room(far, 0.07, -12.0, seed=9)[half:]
    left = in_frames(path.rest, near, far[half:])
    late = len(left) // 2
    assert dbfs(near[late:]) - dbfs(left[late:]) > 20


def test_silence_of_the_speaker_takes_out_nothing() -> None:
    near = our_voice()
    left = in_frames(EchoPath().rest, near, np.zeros_like(near))
    np.testing.assert_allclose(left, near[: len(left)], atol=1e-6)
