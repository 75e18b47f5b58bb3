"""Which words are believed: a sneeze is no "Okay.", and a short answer is never lost for being short."""

from __future__ import annotations

import pytest

from companion.events import samples
from companion.turns.believable import believable
from companion.turns.taking import Commit
from tests.test_turns_taking import Room, only


@pytest.mark.parametrize("words", ["Okay.", "Thanks, sir.", "Make sure!"])
def test_a_word_or_two_in_what_was_hardly_a_voice_is_not_believed(words: str) -> None:
    assert not believable(words, 0.6, sure=0.3, above_background=45)


@pytest.mark.parametrize(
    ("words", "confidence", "sure", "above_background"),
    [
        pytest.param("No.", 0.6, 0.7, 45, id="surely a voice"),
        pytest.param("No.", None, 0.7, 45, id="an engine that gives no confidence"),
        pytest.param("Why?", 0.91, 0.15, 45, id="a recogniser that is sure"),
        pytest.param("Yes.", 0.6, 0.1, 12, id="noise all around"),
        pytest.param("I don't know yet.", 0.4, 0.2, 45, id="a whole sentence"),
    ],
)
def test_a_short_answer_is_believed(words: str, confidence: float, sure: float, above_background: float) -> None:
    assert believable(words, confidence, sure, above_background)


def test_a_guess_over_our_voice_is_not_believed_but_a_name_that_is_hardly_known_and_a_sentence_are() -> None:
    assert not believable("Welcome.", 0.43, sure=1.0, above_background=45, over_ours=True)
    assert believable("Welcome.", 0.43, sure=1.0, above_background=45), "in the quiet whoever says a word is answered"
    assert believable("Quotzao a macan.", 0.55, sure=1.0, above_background=45, over_ours=True)
    assert believable("But do I hear you?", 0.43, sure=1.0, above_background=45, over_ours=True)
    assert believable("Stop it.", None, sure=1.0, above_background=45, over_ours=True)


def test_no_words_are_never_believed() -> None:
    assert not believable("", None, 1.0, 60.0)


def test_a_commit_tells_how_much_of_its_voice_was_surely_one() -> None:
    room = Room()
    room.sound(0.95, 0.512)
    room.sound(0.6, 0.512)
    (commit,) = only(Commit, room.silence(2.0))
    assert isinstance(commit, Commit)
    assert commit.sure == pytest.approx(0.5)
    assert commit.voice_end >= samples(1.0)
