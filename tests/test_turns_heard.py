"""What of an interrupted reply enters the history."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from companion.delivery import sounded
from companion.turns.heard import SpokenClause, heard, heard_of_talk

REPLY = (SpokenClause("That sounds hard.", 17_000), SpokenClause("Shall we take it slowly?", 24_000))


def test_a_reply_played_to_its_end_was_heard_whole() -> None:
    assert heard(REPLY, 41_000) == "That sounds hard. Shall we take it slowly?"


def test_a_clause_that_was_cut_ends_at_a_whole_word_and_without_dots() -> None:
    assert heard(REPLY, 17_000 + 12_000) == "That sounds hard. Shall we"


def test_the_silence_behind_a_clause_says_nothing() -> None:
    voice = np.concatenate((np.full(8000, 0.5, np.float32), np.full(4000, 0.001, np.float32)))
    clause = SpokenClause("one two three four", 0)
    for piece in (voice[:5000], voice[5000:], voice[:0]):
        clause = sounded(clause, piece)
    assert (clause.samples, clause.silent) == (12_000, 4000)
    assert heard([clause], 4800) == "one two"
    assert heard([clause], 8000) == "one two three four"
    assert heard([clause, *REPLY], 9000) == "one two three four", "the next has not begun"
    assert heard([clause, *REPLY], 12_000 + 17_000) == "one two three four That sounds hard."


def test_nothing_played_is_nothing_heard() -> None:
    assert heard(REPLY, 0) == ""


def test_a_clause_that_has_no_sound_yet_was_not_heard() -> None:
    assert heard((*REPLY, SpokenClause("I would tell her.", 0)), 41_000) == heard(REPLY, 41_000)


def test_what_it_said_of_itself_was_heard_and_is_no_part_of_the_talk_wherever_it_stands() -> None:
    said = (SpokenClause("Let me think.", 100), SpokenClause("I'm a program.", 100, of_itself=True), *REPLY)
    assert heard(said, 200) == "Let me think. I'm a program."
    assert heard_of_talk(said, 17_200) == "Let me think. That sounds hard."


@given(st.integers(0, 50_000))
def test_what_was_heard_is_always_a_beginning_of_the_reply(played: int) -> None:
    assert "That sounds hard. Shall we take it slowly?".startswith(heard(REPLY, played))
