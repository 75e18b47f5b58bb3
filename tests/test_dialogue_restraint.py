"""A reply does not ramble, does not repeat and does not give the owner's words back."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion.dialogue.restraint import LIMIT, SENTENCES, Restraint

CLICHES = re.compile("feel free to", re.IGNORECASE)


def said(*clauses: str, words: str = "") -> list[str]:
    restraint = Restraint(words, [CLICHES])
    return [text for clause in clauses for text in restraint.admit(clause)] + restraint.flush()


def test_a_plain_reply_is_said_as_it_comes() -> None:
    reply = ("I'm so sorry,", "that is a great loss.", "What was he like?")
    restraint = Restraint("My grandfather died.", [CLICHES])
    assert [restraint.admit(clause) for clause in reply] == [[clause] for clause in reply]


def test_rambling_ends_at_a_sentence_end() -> None:
    restraint = Restraint("", [CLICHES])
    sentences = [f"This is a new thought, number {index}." for index in range(10)]
    assert [text for sentence in sentences for text in restraint.admit(sentence)] == sentences[:SENTENCES]
    assert restraint.done


def test_a_sentence_without_an_end_is_ended() -> None:
    restraint = Restraint("", [CLICHES])
    clauses = [f"and then there was the {index}th of many many things," for index in range(40)]
    texts = [text for clause in clauses for text in restraint.admit(clause)]
    assert restraint.done
    assert sum(map(len, texts)) < 2 * LIMIT
    assert texts[-1].endswith("things.")


def test_a_reply_that_turns_in_circles_is_stopped() -> None:
    restraint = Restraint("", [CLICHES])
    assert restraint.admit("I am listening to you.") == ["I am listening to you."]
    assert restraint.admit("I am listening to you.") == []
    assert restraint.done


@pytest.mark.parametrize(
    ("words", "echo"),
    [
        ("He glanced down at her helplessly.", "He glanced down at her helplessly."),
        ("my dog died last night", "Your dog died last night."),
        ("그는 그녀를 힐끗 내려다보았다", "그는 그녀를 힐끗 내려다보았다."),
    ],
)
def test_the_owners_words_are_never_the_whole_answer(words: str, echo: str) -> None:
    assert said(echo, words=words) == []


@pytest.mark.parametrize(
    ("words", "echo"),
    [
        ("누가 내 자전거를 훔쳐 갔어.", "누가 자전거를 훔쳐 갔어요?"),
        ("오늘 길이 너무 막혔어.", "길이 정말 막혔네요."),
        ("새 반에서 나만 겉도는 것 같아.", "새로운 반에서 겉도는 것 같아요."),
        ("자기 전에 걱정이 되는데 어떻게 하면 좋지?", "어떻게 하면 좋을까요?"),
    ],
)
def test_other_endings_do_not_make_korean_words_an_answer(words: str, echo: str) -> None:
    assert said(echo, words=words) == []


def test_what_is_understood_of_korean_words_is_more_than_an_echo() -> None:
    assert said("많이 떨리시겠어요.", words="내일 면접이라 너무 떨려.") == ["많이 떨리시겠어요."]


def test_an_echo_in_front_of_an_answer_is_left_out() -> None:
    reply = ("He glanced down at her,", "helplessly.", "Is that from a book?")
    assert said(*reply, words="He glanced down at her helplessly.") == ["Is that from a book?"]


def test_an_answer_that_only_begins_like_the_question_is_said() -> None:
    reply = ("The capital of Australia", "is Canberra, a planned city.")
    assert said(*reply, words="The capital of Australia, what is it?") == list(reply)


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("What is the capital of Australia?", "Canberra is the capital of Australia."),
        ("세상에서 제일 높은 산은 어디야?", "세상에서 제일 높은 산은 에베레스트예요."),
    ],
)
def test_an_answer_in_the_words_of_the_question_is_said(words: str, answer: str) -> None:
    assert said(answer, words=words) == [answer]


def test_a_greeting_may_be_given_back() -> None:
    assert said("Good night!", words="good night") == ["Good night!"]


def test_hollow_phrases_are_left_out() -> None:
    assert said("You're welcome!", "Feel free to ask anything.") == ["You're welcome!"]


def test_a_question_of_a_recent_reply_is_not_asked_again() -> None:
    restraint = Restraint("", [CLICHES], ["Oh! How did it make you feel?", "I see."])
    reply = ("That's lovely news!", "How did it make you feel?", "I see.")
    assert [text for clause in reply for text in restraint.admit(clause)] == ["That's lovely news!", "I see."]


HELP = "I'm here to listen, and a person can do more than I can: 988 in the US."


def test_a_sentence_of_a_recent_reply_is_not_said_again_in_clauses_either() -> None:
    restraint = Restraint("", [CLICHES], [HELP])
    clauses = ("I see.", "I'm here to listen,", "and a person can do more than I can:", "988 in the US.")
    assert [restraint.admit(clause) for clause in clauses] == [["I see."], [], [], []]
    assert restraint.flush() == []


def test_a_sentence_that_only_begins_like_one_of_before_is_said_from_its_beginning() -> None:
    restraint = Restraint("", [CLICHES], [HELP])
    clauses = ("I'm here to listen,", "and to help you plan.")
    assert [restraint.admit(clause) for clause in clauses] == [[], list(clauses)]


def test_one_question_is_enough() -> None:
    assert said("How was it?", "I'd like to know.", "Who was there?") == ["How was it?", "I'd like to know."]


@given(st.lists(st.text(alphabet="ab c가,.?!", min_size=1, max_size=30), max_size=12), st.text(max_size=40))
def test_only_what_was_written_is_said_and_in_order(clauses: list[str], words: str) -> None:
    rest = iter(clauses)
    for text in said(*clauses, words=words):
        assert any(text.rstrip(".") == clause.rstrip(",;:—–- .") or text == clause for clause in rest)


@pytest.mark.parametrize(
    ("told", "words", "question"),
    [
        ("", "She took the kids to Ohio.", "Where is Ohio?"),
        ("", "Six kittens, two of them ginger.", "How many kittens do you have?"),
        ("He hit a post box.", "No one was hurt.", "Did anyone get hurt?"),
        ("He built our house.", "Yes, he did the stairs too.", "Did he also build the stairs?"),
    ],
)
def test_nobody_is_asked_for_what_they_have_just_told(told: str, words: str, question: str) -> None:
    assert Restraint(words, [], told=told).admit(question) == []


@pytest.mark.parametrize(
    ("words", "question"),
    [
        ("It's foggy outside.", "Do you like fog?"),
        ("She took the kids to Ohio.", "How are you holding up?"),
        ("I'm worried about Monday.", "What are you worried about?"),
        ("He hit a post box.", "Was he hurt?"),
        ("I got a puppy.", "What is it called?"),
    ],
)
def test_a_question_for_more_is_asked(words: str, question: str) -> None:
    assert Restraint(words, []).admit(question) == [question]


def test_a_sentence_does_not_go_on_from_one_that_was_withheld() -> None:
    restraint = Restraint("Do you have opinions?", [re.compile("no opinions")])
    assert restraint.admit("I have no opinions.") == []
    assert restraint.admit("But I can listen.") == ["I can listen."]
    assert Restraint("Hm.", []).admit("But I can listen.") == ["But I can listen."]
