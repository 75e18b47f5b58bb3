"""A question about what is known is answered by the fact it asks for, whatever its words."""

from __future__ import annotations

from datetime import datetime

import pytest

from companion.memory.extraction import extract
from companion.memory.facts import Fact
from companion.memory.questions import answers, asked

NOW = datetime(2026, 11, 23, 15)


def known(language: str, *said: str) -> list[Fact]:
    """What the owner's sentences prove, in their order."""
    return [
        Fact(found.statement, 1, found.evidence, 0, key=found.key, kind=found.kind)
        for sentence in said
        for found in extract(sentence, language, NOW)
    ]


def answered(question: str, language: str, *said: str) -> list[str]:
    return [fact.statement for fact in answers(asked(question, language), known(language, *said))]


@pytest.mark.parametrize(
    ("said", "question", "answer"),
    [
        ("Hi, I'm Jonas and I live in Hamburg.", "What's my name?", "is called Jonas"),
        ("Hi, I'm Jonas and I live in Hamburg.", "do you know where I live", "lives in Hamburg"),
        ("I moved to Busan last month.", "Where do I live now?", "moved to Busan in October 2026"),
        ("I work as a nurse.", "What do I do for a living?", "is a nurse"),
        ("My sister is a nurse.", "What is my sister's job?", "their sister is a nurse"),
        ("My sister Mina is a nurse.", "And what does Mina do for a living?", "their sister Mina is a nurse"),
        ("My mother lives in Rome.", "Can you tell me where my mother lives?", "their mother lives in Rome"),
        ("My dog is called Rex.", "What's my dog's name?", "has a dog called Rex"),
        ("My favourite color is blue.", "What is my favorite color?", "has blue as a favourite color"),
    ],
)
def test_a_question_finds_its_fact(said: str, question: str, answer: str) -> None:
    assert answered(question, "en", "I like coffee.", said) == [answer]


@pytest.mark.parametrize(
    ("said", "question", "answer"),
    [
        ("나 부산에 살아.", "내가 어디 살지?", "부산에 산다"),
        ("나 부산으로 이사했어.", "내가 어디에 사는지 알아?", "부산으로 이사했다"),
        ("제 이름은 지훈이에요.", "내 이름 뭐라고 했지?", "이름은 지훈이다"),
        ("저는 서른 살이에요.", "나 몇 살이지?", "30살이다 (2026년 11월 기준)"),
        ("우리 누나는 간호사야.", "누나는 무슨 일 하더라?", "누나는 간호사이다"),
        ("제 여동생 민아는 부산에 살아요.", "민아는 어디 살아?", "여동생 민아는 부산에 산다"),
        ("우리 강아지 초코가 아파.", "우리 강아지 이름이 뭐야?", "초코라는 강아지를 키운다"),
    ],
)
def test_a_question_in_korean_finds_its_fact(said: str, question: str, answer: str) -> None:
    assert answered(question, "ko", "나는 커피를 좋아해.", said) == [answer]


@pytest.mark.parametrize(
    "talk", ["Where do I live when I am old?", "Who am I to judge?", "Tell me about Rome.", "I live in Rome.", "What?"]
)
def test_talk_is_no_such_question(talk: str) -> None:
    assert answered(talk, "en", "I live in Hamburg.", "I'm called Jonas.") == []


def test_the_fact_of_another_is_no_answer() -> None:
    said = ("My sister Mina is a nurse.", "My brother lives in Rome.", "I'm 34 years old.")
    assert answered("What is my brother's job?", "en", *said) == []
    assert answered("Where does Mina live?", "en", *said) == []
    assert answered("How old is Mina?", "en", *said) == []


def test_what_is_only_inferred_is_no_answer() -> None:
    guess = Fact("lives in Rome", 1, (0, 4), 0, key="owner.lives_in", kind="inferred")
    assert answers(asked("Where do I live?", "en"), [guess]) == []


def test_a_language_without_questions_has_no_answers() -> None:
    assert asked("Wo wohne ich?", "de") == ()
