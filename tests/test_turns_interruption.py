"""What a voice over ours asks for, by its words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion.events import samples
from companion.turns.interruption import LONGEST_HOLD, Overlap, asks_to_stop, weigh

OURS = "It sounds like the week was long, and you could use some rest."
VOICE = samples(0.6)


@pytest.mark.parametrize("words", ["Stop.", "stop it", "Wait!", "hold on", "그만", "잠깐만요", "조용히 해"])
def test_stop_is_obeyed_at_once(words: str) -> None:
    assert weigh(Overlap(words, VOICE, paused=False, ours=OURS)) == "stop"
    assert asks_to_stop(words)


@pytest.mark.parametrize(
    "words",
    ["mm-hmm", "Mhm.", "uh-huh", "Yeah, yeah.", "I see", "응", "네네", "그렇구나", "아 진짜", "Riot.", "Thank you."],
)
def test_a_backchannel_asks_for_nothing_once_it_is_over(words: str) -> None:
    assert weigh(Overlap(words, VOICE, paused=True, ours=OURS)) == "backchannel"
    assert weigh(Overlap(words, VOICE, paused=False, ours=OURS)) == "wait", "more may come: yeah, but"


@pytest.mark.parametrize(
    "words",
    [
        "yeah but what about my sister",
        "no",
        "where",
        "근데 나 할 말 있어",
        "아니",
        "what time is it",
        "here is what I think",
    ],
)
def test_anything_else_is_the_owners_turn(words: str) -> None:
    assert weigh(Overlap(words, VOICE, paused=True, ours=OURS)) == "stop"


@pytest.mark.parametrize("words", ["Yeah.", "Here.", "Thank you."])
def test_what_may_be_an_answer_is_one_where_something_was_asked(words: str) -> None:
    assert weigh(Overlap(words, VOICE, paused=True, ours=OURS, asked=True)) == "stop"


def test_three_words_of_somebody_who_goes_on_are_enough() -> None:
    assert weigh(Overlap("but what", VOICE, paused=False, ours=OURS)) == "wait"
    assert weigh(Overlap("but what about", VOICE, paused=False, ours=OURS)) == "stop"


@pytest.mark.parametrize("words", ["the week was long and you", "it sounds like the weak was long", "some rest"])
def test_our_own_words_are_our_echo(words: str) -> None:
    assert weigh(Overlap(words, VOICE, paused=True, ours=OURS)) == "echo"


def test_a_sound_that_no_word_can_be_believed_of_is_none_of_our_business() -> None:
    assert weigh(Overlap("", VOICE, paused=True)) == "backchannel"
    assert weigh(Overlap("Thank you.", VOICE, paused=True, believed=False)) == "backchannel"


@given(st.text(max_size=30), st.integers(0, 2 * LONGEST_HOLD), st.booleans(), st.booleans())
def test_a_pause_always_decides(words: str, voice: int, believed: bool, echoed: bool) -> None:
    ours = words if echoed else OURS
    assert weigh(Overlap(words, voice, paused=True, believed=believed, ours=ours)) != "wait"
