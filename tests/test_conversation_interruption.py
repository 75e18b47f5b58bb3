"""A voice over ours, in the whole loop with scripted parts: when it stops, when it goes on, what is kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from companion.events import (
    AttentionChanged,
    BargeIn,
    ReplyEnded,
    ReplyStarted,
    Samples,
    TranscriptFinal,
    Trouble,
    samples,
    seconds,
)
from companion.hands_free import HandsFree
from companion.turns.attention import Attention
from companion.turns.heard import SpokenClause, heard
from tests.fakes import MemoryDevice, ScriptedRecognizer, ScriptedReplier, ScriptedStorage, converse, silence, speech

LONG = " ".join(f"word{n}" for n in range(40))
"""Four seconds of the scripted voice."""


def over(words: str, voice: float = 0.6, **parts: object) -> tuple:  # type: ignore[type-arg]
    """A question, and while it is answered for four seconds a voice that is read as `words`."""
    sound = np.concatenate((silence(0.6), speech(0.8), silence(1.5), speech(voice), silence(0.3)))
    replier = ScriptedReplier(LONG)
    return converse(sound, words=("how are you", words, "again"), replier=replier, duplex=True, **parts)  # type: ignore[arg-type]


def played(device: MemoryDevice) -> Samples:
    return np.concatenate(device.output)


def test_who_speaks_over_us_is_heard_and_answered() -> None:
    conversation, _, _, replier, log = over("what about tomorrow then")
    (barge_in,) = log.all(BargeIn)
    assert barge_in.kind == "stop"
    assert [words for _, words in replier.asked] == ["how are you", "what about tomorrow then"]
    first, second = log.all(ReplyEnded)
    assert (first.interrupted, second.interrupted) == (True, False)
    assert [turn for _, turn, event in log.events if isinstance(event, TranscriptFinal)] == [1, 2]
    assert conversation.history[0].companion == first.text


def test_the_answer_to_an_interruption_knows_only_what_was_heard_of_the_reply() -> None:
    _, _, _, replier, log = over("what about tomorrow then")
    history, _ = replier.asked[1]
    assert history[0].companion == log.all(ReplyEnded)[0].text
    assert LONG.startswith(history[0].companion)
    assert history[0].companion != LONG


def test_we_are_silent_within_a_quarter_of_a_second_of_the_voice() -> None:
    _, device, _, _, log = over("what about tomorrow then")
    (barge_in,) = log.all(BargeIn)
    assert abs(barge_in.at - 2.9) < 0.05
    assert 0 < barge_in.stopped_after_ms <= 250
    sound = played(device)[samples(barge_in.at + 0.25) : samples(barge_in.at + 0.75)]
    assert not sound.any()


@pytest.mark.parametrize("words", ["", "mm-hmm", "Yeah.", "네 네", "okay"])
def test_a_cough_or_a_backchannel_does_not_cost_a_syllable(words: str) -> None:
    conversation, device, _, replier, log = over(words, voice=0.3)
    (barge_in,) = log.all(BargeIn)
    assert barge_in.kind == "backchannel"
    (ended,) = log.all(ReplyEnded)
    assert (ended.text, ended.interrupted) == (LONG, False)
    assert int(np.count_nonzero(played(device))) == samples(4.0)
    assert len(replier.asked) == len(conversation.history) == len(log.all(TranscriptFinal)) == 1


QUESTION = " ".join(f"word{n}" for n in range(10)) + " is that so?"
"""1.3 seconds of the scripted voice."""


def over_a_question(words: str, after: float, *, checks_in: bool = False) -> tuple:  # type: ignore[type-arg]
    """A question of ours, and so many seconds into it a voice that is read as `words`."""

    class Asking(ScriptedReplier):
        def reply(self, *given, **more):  # type: ignore[no-untyped-def]
            *first, last = super().reply(*given, **more)
            yield from first
            yield replace(last, safety="check-in" if checks_in else None)

    sound = np.concatenate((silence(0.6), speech(0.8), silence(0.24 + after), speech(0.3), silence(0.3)))
    replier = Asking(QUESTION if not checks_in else QUESTION.replace("?", "."))
    return converse(sound, words=("how are you", words, "again"), replier=replier, duplex=True)


@pytest.mark.parametrize("checks_in", [False, True])
@pytest.mark.parametrize("words", ["Yes.", "yeah, right", "네", "응"])
def test_a_yes_over_the_end_of_our_question_is_an_answer(words: str, checks_in: bool) -> None:
    _, _, _, replier, log = over_a_question(words, 0.9, checks_in=checks_in)
    assert [event.kind for event in log.all(BargeIn)] == ["stop"]
    assert [said for _, said in replier.asked] == ["how are you", words]


@pytest.mark.parametrize(("words", "after"), [("Yes.", 0.3), ("mm-hmm", 0.9)])
def test_a_yes_before_the_end_of_our_question_and_a_hum_are_none(words: str, after: float) -> None:
    _, _, _, replier, log = over_a_question(words, after)
    assert [event.kind for event in log.all(BargeIn)] == ["backchannel"]
    assert [said for _, said in replier.asked] == ["how are you"]


@pytest.mark.parametrize(("confidence", "kind"), [(0.43, "backchannel"), (0.6, "stop")])
def test_a_short_sound_over_us_that_is_only_guessed_to_be_words_does_not_stop_us(confidence: float, kind: str) -> None:
    heard_as = ScriptedRecognizer("how are you", "Welcome.", "again", confidence=confidence)
    _, _, _, replier, log = over("Welcome.", voice=0.4, recognizer=heard_as)
    assert [event.kind for event in log.all(BargeIn)] == [kind]
    assert len(replier.asked) == (2 if kind == "stop" else 1)


def test_our_own_voice_in_the_microphone_is_not_answered() -> None:
    _, _, _, replier, log = over("word3 word4 word5")
    assert log.all(BargeIn)[0].kind == "echo"
    assert len(replier.asked) == 1
    assert log.all(ReplyEnded)[0].text == LONG


def test_stop_is_obeyed_and_needs_no_answer() -> None:
    conversation, _, _, replier, log = over("Stop.", voice=0.4)
    assert log.all(BargeIn)[0].kind == "stop"
    assert len(replier.asked) == 1
    (ended,) = log.all(ReplyEnded)
    assert ended.interrupted
    assert conversation.history[0].companion == ended.text


def test_stop_is_obeyed_before_the_voice_has_paused() -> None:
    class Captions(ScriptedRecognizer):
        def partial(self) -> str:
            return self._text()

    _, _, _, _, log = over("stop", voice=2.0, recognizer=Captions("how are you", "stop", "stop"))
    (ended,) = log.all(ReplyEnded)
    words = len(ended.text.split())
    assert words < 20, "the voice went on for 2 s, the reply did not"


def test_a_voice_without_words_does_not_hold_us_for_ever() -> None:
    class Music(ScriptedRecognizer):
        def partial(self) -> str:
            return ""

    _, _, _, replier, log = over("", voice=3.0, recognizer=Music("how are you", ""))
    assert [event.kind for event in log.all(BargeIn)] == ["backchannel"], "held once, and not again and again"
    assert log.all(ReplyEnded)[0].text == LONG
    assert len(replier.asked) == 1


def test_a_reading_that_fails_over_ours_lets_the_reply_go_on() -> None:
    class Broken(ScriptedRecognizer):
        def read(self, upto: int):  # type: ignore[no-untyped-def]
            if len(self.turns) > 1:
                raise RuntimeError("broken")
            return super().read(upto)

    _, _, _, _, log = over("anything", recognizer=Broken("how are you", "x"))
    assert len(log.all(Trouble)) == 1
    assert log.all(ReplyEnded)[0].text == LONG


@pytest.mark.parametrize("begin", [0.05 * step for step in range(12)])
def test_a_voice_around_our_last_syllable_is_answered_like_any_other(begin: float) -> None:
    sound = np.concatenate((silence(0.6), speech(0.8), silence(0.8 + begin), speech(0.8), silence(0.2)))
    replier = ScriptedReplier("one two three four")
    _, _, _, _, log = converse(sound, words=("first", "and the second one"), replier=replier, duplex=True)
    assert [words for _, words in replier.asked][-1] == "and the second one"
    assert len(log.all(ReplyStarted)) == len(log.all(ReplyEnded)) == len(replier.asked)


@pytest.mark.parametrize("words", range(4, 10))
@pytest.mark.parametrize("late", [0.008 * step for step in range(-5, 6)])
def test_a_voice_that_begins_as_our_last_sample_ends_does_not_silence_the_next_reply(words: int, late: float) -> None:
    ours = " ".join(LONG.split()[:words])
    noticed_as_we_end = 0.24 + 0.1 * words - 0.1 + late
    sound = np.concatenate((silence(0.6), speech(0.8), silence(noticed_as_we_end), speech(0.5), silence(0.3)))
    replier = ScriptedReplier(ours)
    _, _, _, _, log = converse(sound, words=("first", "what about tomorrow then"), replier=replier, duplex=True)
    assert len(replier.asked) == 2
    assert log.all(ReplyEnded)[-1].text == ours


def test_what_was_heard_before_the_voice_is_what_is_kept() -> None:
    _, device, _, _, log = over("what about tomorrow then")
    started, ended = log.all(ReplyStarted)[0], log.all(ReplyEnded)[0]
    barge_in = log.all(BargeIn)[0]
    sounded = played(device)[samples(started.at) : samples(barge_in.at + 0.3)]
    count = int(np.count_nonzero(sounded))
    assert ended.text == heard([SpokenClause(LONG, samples(4.0))], count)
    assert seconds(count) < 2


UTTERANCES = st.lists(
    st.tuples(
        st.floats(0.1, 1.5),  # silence before it
        st.floats(0.1, 1.2),  # voice
        st.sampled_from(["what about tomorrow then", "mm-hmm", "", "stop", "yes"]),
    ),
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(UTTERANCES, st.booleans())
def test_whatever_the_owner_does_nothing_hangs_and_only_what_was_heard_is_kept(
    utterances: list[tuple[float, float, str]], duplex: bool
) -> None:
    sound = [silence(0.6), speech(0.8)]
    for pause, voice, _ in utterances:
        sound += [silence(pause), speech(voice)]
    replier = ScriptedReplier(*(f"word{n} word{n}" for n in range(12)))
    whole = " ".join(replier.clauses)
    words = ["how are you", *(said for _, _, said in utterances)]
    conversation, device, _, _, log = converse(np.concatenate(sound), words=words, replier=replier, duplex=duplex)
    assert log.names()[-1] == "session.ended"
    assert not log.all(Trouble)
    assert len(log.all(ReplyStarted)) == len(log.all(ReplyEnded)) == len(log.all(TranscriptFinal))
    assert all(whole.startswith(exchange.companion) for exchange in conversation.history)
    said = sum(len(ended.text.split()) for ended in log.all(ReplyEnded))
    assert said * samples(0.1) <= int(np.count_nonzero(played(device))), "no word is kept that did not sound"


def test_where_our_voice_leaks_into_the_microphone_it_says_so_and_does_not_listen_while_it_speaks() -> None:
    class Leaking(MemoryDevice):
        @property
        def echo(self) -> str:  # type: ignore[override]
            return "leaking" if self.position > samples(2.0) else "none"

    sound = np.concatenate((silence(0.6), speech(0.8), silence(1.5), speech(0.6), silence(0.3)))
    device = Leaking(sound)
    _, _, _, replier, log = converse(
        words=("how are you", "what"), replier=ScriptedReplier(LONG), duplex=True, device=device
    )
    assert len(replier.asked) == 1
    assert log.all(ReplyEnded)[0].text == LONG
    (trouble,) = log.all(Trouble)
    assert (trouble.what, trouble.kind) == ("sound", "echo")


def test_once_the_echo_is_gone_it_listens_over_its_own_voice_again_and_says_so() -> None:
    class Passing(MemoryDevice):
        @property
        def echo(self) -> str:  # type: ignore[override]
            return "leaking" if samples(2.0) < self.position < samples(3.0) else "cancelled"

    sound = np.concatenate((silence(0.6), speech(0.8), silence(2.4), speech(0.6), silence(0.3)))
    reply = ScriptedReplier(" ".join([LONG] * 3))
    _, _, _, _, log = converse(words=("how are you", "what"), replier=reply, duplex=True, device=Passing(sound))
    assert [trouble.kind for trouble in log.all(Trouble)] == ["echo", "echo over"]
    assert log.all(ReplyEnded)[0].interrupted


@pytest.mark.parametrize("called", [True, False])
def test_what_hears_itself_after_it_has_spoken_listens_only_when_it_is_called(called: bool) -> None:
    one = np.concatenate((speech(0.8), silence(6.0)))
    hands_free = HandsFree(Attention(wake_word=False)) if called else None
    _, _, _, replier, log = converse(
        np.concatenate((silence(0.6), *[one] * 4)),
        words=("how are you", LONG, LONG, "is anybody there"),
        replier=ScriptedReplier(LONG),
        hands_free=hands_free,
    )
    assert [words for _, words in replier.asked] == ["how are you", *([] if called else ["is anybody there"])]
    assert [trouble.kind for trouble in log.all(Trouble)] == (["echo stays"] if called else [])
    assert [change.state for change in log.all(AttentionChanged)] == (["muted"] if called else [])


def test_an_owner_may_take_up_our_words() -> None:
    sound = np.concatenate((silence(0.6), speech(0.8), silence(2.5), speech(0.5), silence(0.3)))
    _, _, _, replier, _ = converse(
        sound, words=("how are you", "tea or coffee"), replier=ScriptedReplier("Would you like tea or coffee today?")
    )
    assert len(replier.asked) == 2


def cut_in(words: str, **parts: object) -> tuple:  # type: ignore[type-arg]
    """A lead of half a second, and the owner goes on over it."""
    sound = np.concatenate((silence(0.6), speech(0.8), silence(0.6), speech(0.8), silence(0.3)))
    replier = ScriptedReplier(LONG, lead="I see what you mean now.")
    return converse(sound, words=("i went home", words), replier=replier, duplex=True, **parts)  # type: ignore[arg-type]


def test_who_is_cut_in_on_by_a_lead_is_answered_once_and_to_all_that_was_said() -> None:
    conversation, _, _, replier, log = cut_in("then she was gone")
    assert log.all(BargeIn)[0].kind == "stop"
    assert replier.asked[-1] == ((), "i went home then she was gone")
    (exchange,) = conversation.history
    assert exchange.owner == "i went home then she was gone"


def test_where_nothing_comes_after_a_cut_in_what_was_said_is_kept() -> None:
    kept: list[tuple[str, str]] = []

    class Storing(ScriptedStorage):
        def save(self, said, answered, ago, interrupted, affect=None):  # type: ignore[no-untyped-def]
            kept.append((said, answered))

    cut_in("Stop.", storage=Storing())
    assert kept == [("i went home", "")]


def test_a_cut_in_teaches_it_how_long_the_owner_pauses() -> None:
    storage = ScriptedStorage()
    cut_in("then she was gone", storage=storage)
    assert storage.values["pauses"]["count"] == 1
    assert (storage.values["pauses"]["cut_ins"], storage.values["pauses"]["turns"]) == (1, 1)
