"""What is kept of a turn, in each of the ways in which it can end."""

from __future__ import annotations

from collections import deque

import numpy as np

from companion.delivery import Delivery
from companion.events import ClauseReady, ReadingReady, SpeechReady, Transcript
from companion.pending import Kept, Turn, answered, dismissed, unanswered
from companion.turns.taking import Commit

RATE = 22_050


def turn(said: str = "", *, before: str = "", committed: bool = True, clauses: tuple[str, ...] = ()) -> Turn:
    result = Turn(1, began=0, start=0, recent=deque(), asked_partial=0, before=before)
    if said:
        result.reading = ReadingReady(1, 1, 0, Transcript(said, "test", "en", 1.0), 0.1)
    if committed:
        result.commit = Commit(1, 1, 0, 0, "silence")
    if clauses:
        result.reply = Delivery(0.0)
        for number, text in enumerate(clauses):
            result.reply.written(ClauseReady(1, 1, text, number == len(clauses) - 1), 0.0)
            result.reply.voiced(SpeechReady(1, 1, number, np.ones(RATE, dtype=np.float32), RATE, last=True), 0.0)
    return result


def never(words: str) -> bool:
    return False


def test_what_was_no_speech_leaves_nothing_but_what_it_went_on_from() -> None:
    assert dismissed(turn("hm")) is None
    assert dismissed(turn("hm", before="I was going")) == Kept("I was going", interrupted=True)


def test_words_without_an_answer_are_kept() -> None:
    assert unanswered(turn("my dog died"), never) == Kept("my dog died")
    assert unanswered(turn("my dog died", before="you know"), never) == Kept("you know my dog died")


def test_half_a_sentence_read_in_a_pause_is_not_kept_unless_something_came_before_it() -> None:
    assert unanswered(turn("my dog", committed=False), never) is None
    assert unanswered(turn("my dog", before="you know", committed=False), never) == Kept("you know my dog")


def test_a_word_on_the_memory_itself_is_not_kept() -> None:
    assert unanswered(turn("forget that"), lambda words: words == "forget that") is None


def test_of_an_answer_that_was_cut_off_is_kept_what_was_heard() -> None:
    ends = answered(turn("hello", clauses=("I am here.", "Tell me more.")), RATE, never, stopped=True)
    assert ends.text == "I am here."
    assert ends.kept == Kept("hello", "I am here.", interrupted=True)
    assert not ends.cut_in


def test_a_lead_that_was_talked_over_was_a_cut_in() -> None:
    led = turn("hello")
    led.reply = Delivery(0.0)
    led.reply.begin(ClauseReady(1, 1, "Oh, I see.", last=False))
    led.reply.voiced(SpeechReady(1, 1, 0, np.ones(RATE, dtype=np.float32), RATE, last=True), 0.0)
    assert answered(led, RATE, never, stopped=True).cut_in
    assert not answered(led, RATE, never, stopped=False).cut_in


def test_nothing_heard_at_all_is_a_cut_in() -> None:
    assert answered(turn("hello", clauses=("I am here.",)), 0, never, stopped=True).cut_in


def test_an_answer_beside_the_talk_is_neither_kept_nor_cut_into() -> None:
    rest = turn("go to sleep", clauses=("All right.",))
    assert rest.reply is not None
    rest.reply.aside = True
    ends = answered(rest, 0, never, stopped=True)
    assert ends.kept is None
    assert not ends.cut_in


def test_what_we_had_cut_in_on_is_kept_though_the_rest_is_beside_the_talk() -> None:
    rest = turn("go to sleep", before="I lost my job today", clauses=("All right.",))
    assert rest.reply is not None
    rest.reply.aside = True
    lost = Kept("I lost my job today", interrupted=True)
    assert answered(rest, RATE, never, stopped=False).kept == lost
    assert unanswered(rest, never) == lost


def test_half_of_a_word_on_the_memory_is_not_kept_either() -> None:
    whole = turn("forget what I said of her", before="My friend Anna", clauses=("Shall I?",))
    assert whole.reply is not None
    whole.reply.aside = True
    assert answered(whole, RATE, lambda words: "forget" in words, stopped=False).kept is None
    assert unanswered(whole, lambda words: "forget" in words) is None
