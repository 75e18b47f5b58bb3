"""A microphone that is set too loud or too soft: told from whole turns, once."""

from __future__ import annotations

import numpy as np
import pytest

from companion.audio.microphone import TURNS, Fault, Microphone
from companion.events import FRAME, Samples, Trouble
from tests.fakes import converse, silence, speech
from tests.real import clip, clips


def turn(microphone: Microphone, sound: Samples) -> Fault | None:
    microphone.begin()
    for frame in sound[: len(sound) // FRAME * FRAME].reshape(-1, FRAME):
        microphone.hear(frame)
    return microphone.over()


def at(sound: Samples, peak: float) -> Samples:
    """`sound` as a microphone gives it that would need `peak` to hold it."""
    return np.clip(sound * (peak / np.abs(sound).max()), -1.0, 1.0).astype(np.float32)


@pytest.mark.parametrize(("peak", "fault"), [(8.0, "clipped"), (1.0, None), (0.05, None), (0.003, "faint")])
def test_a_voice_that_is_cut_off_or_faint_is_told_after_some_turns_and_once(peak: float, fault: Fault | None) -> None:
    microphone = Microphone()
    sounds = [at(clip(path), peak) for path in (clips() * 3)[: 2 * TURNS]]
    told = [turn(microphone, sound) for sound in sounds]
    assert told == [None] * (TURNS - 1) + [fault] + [None] * TURNS


def test_one_shout_says_nothing_and_what_was_mended_may_be_told_again() -> None:
    microphone = Microphone()
    good, loud = at(clip(clips()[0]), 0.5), at(clip(clips()[0]), 9.0)
    assert [turn(microphone, sound) for sound in (good, loud, good, loud, loud)] == [None] * 5
    assert turn(microphone, loud) == "clipped"
    assert turn(microphone, good) is None
    assert [turn(microphone, loud) for _ in range(TURNS)] == [None, None, "clipped"]


def test_the_talk_says_so_and_goes_on() -> None:
    loud = np.concatenate((silence(0.6), at(speech(0.8), 9.0), silence(2.0)))
    _, _, _, replier, log = converse(*[loud] * TURNS, words=("how are you",) * TURNS)
    assert [trouble.kind for trouble in log.all(Trouble)] == ["clipped"]
    assert len(replier.asked) == TURNS
