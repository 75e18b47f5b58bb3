"""When a voice is there and when it fades, from probabilities and levels; pure, on virtual time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from companion.audio.voice_activity import WINDOW
from companion.events import samples
from companion.turns.speech import SpeechDetector, SpeechThresholds, Voicing

LOUD, FAINT = -20.0, -50.0
HARDLY, SURELY = 0.6, 0.95


def heard(*windows: tuple[float, float], after: float = LOUD) -> list[Voicing]:
    """Of each of `windows`, a probability and a level in dBFS, which follow a second of a voice as loud as `after`."""
    detector = SpeechDetector()
    begun = samples(1) // WINDOW
    views = [
        detector.push(number * WINDOW, (number + 1) * WINDOW, probability, level)
        for number, (probability, level) in enumerate([(0.99, after)] * begun + [*windows])
    ]
    return views[begun:]


def test_a_voice_fades_where_it_is_faint_and_hardly_one_and_counts_as_a_voice_all_the_same() -> None:
    loud, fading, silent = heard((HARDLY, LOUD), (HARDLY, FAINT), (0.1, FAINT))
    assert (loud.fading, fading.fading, silent.fading) == (False, True, False)
    assert loud.last_voiced < fading.last_voiced == silent.last_voiced


def test_what_surely_is_a_voice_is_none_that_fades_however_faint() -> None:
    assert not any(view.fading for view in heard((SURELY, FAINT), (SURELY, FAINT)))


def test_in_a_loud_room_nothing_is_faint() -> None:
    room = LOUD - SpeechThresholds().faint + 5
    assert not any(view.fading for view in heard((HARDLY, room), (HARDLY, room)))


def test_who_shouted_once_may_speak_softly_later() -> None:
    softly = LOUD - SpeechThresholds().faint - 5
    views = heard(*[(HARDLY, softly)] * (samples(6) // WINDOW))
    assert views[0].fading
    assert not views[-1].fading


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(-90, 0)), max_size=60))
def test_the_level_changes_nothing_of_what_is_voice(windows: list[tuple[float, float]]) -> None:
    as_it_is, loud = heard(*windows), heard(*((probability, LOUD) for probability, _ in windows))
    assert [view.last_voiced for view in as_it_is] == [view.last_voiced for view in loud]
