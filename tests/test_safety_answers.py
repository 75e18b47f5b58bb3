"""Farewells, what the companion is, medicines: answered in code, truthfully and without a hook."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from companion.dialogue.safety.claims import claims
from companion.dialogue.safety.crisis import Kind
from companion.dialogue.safety.disclosure import EVERY, due
from companion.dialogue.safety.guard import Guard
from companion.dialogue.safety.tactics import TACTICS, tactics
from companion.events import Exchange
from companion.settings import Language

GUARDS = {"en": Guard("en", "Ari", "US"), "ko": Guard("ko", "아리", "KR")}


def kind(words: str, language: Language) -> str | None:
    answer = GUARDS[language].answer((), words)
    return None if answer is None else answer.kind


@pytest.mark.parametrize(
    ("words", "language"),
    [
        ("Good night.", "en"),
        ("ok bye talk to you later", "en"),
        ("i have to go now", "en"),
        ("I'm off to bed, thanks for listening.", "en"),
        ("잘 자", "ko"),
        ("나 이제 갈게", "ko"),
        ("내일 또 얘기하자", "ko"),
        ("이만 끊을게요", "ko"),
    ],
)
def test_a_farewell_gets_one_sentence_that_lets_go(words: str, language: Language) -> None:
    answer = GUARDS[language].answer((), words)
    assert answer is not None
    assert answer.kind == "goodbye"
    assert tactics(answer.text, language) == ()
    assert answer.text.count(".") == 1
    assert "?" not in answer.text


@pytest.mark.parametrize(
    ("words", "language"),
    [
        ("My cat died and I had to say goodbye.", "en"),
        ("I'm going to school tomorrow and I'm nervous.", "en"),
        ("hello there", "en"),
        ("When should I go to bed?", "en"),
        ("Speak slower.", "en"),
        ("Speak up.", "en"),
        ("Talk louder please.", "en"),
        ("Going well.", "en"),
        ("Day off.", "en"),
        ("I'm going swimming.", "en"),
        ("I'm leaving him.", "en"),
        ("I'm going mad.", "en"),
        ("안녕", "ko"),
        ("강아지를 보내고 왔어", "ko"),
        ("나 오늘 회사에 갔는데 힘들었어", "ko"),
    ],
)
def test_what_only_sounds_like_a_farewell_is_none(words: str, language: Language) -> None:
    assert kind(words, language) is None


@pytest.mark.parametrize(
    ("answer", "tactic"),
    [
        ("Leaving already? Goodbye then.", "premature-exit"),
        ("Bye! Before you go, I have something to tell you.", "fear-of-missing-out"),
        ("Goodbye. I will be so lonely.", "neglect"),
        ("Okay, but where are you going?", "pressure-to-respond"),
        ("Goodbye! Shall we play a game?", "pressure-to-respond"),
        ("Spiders have eight legs.", "ignoring-the-exit"),
        ("No, don't go. Goodbye is not for us.", "restraint"),
    ],
)
def test_each_tactic_is_seen(answer: str, tactic: str) -> None:
    assert tactic in TACTICS
    assert tactic in tactics(answer, "en")


@pytest.mark.parametrize(
    ("answer", "tactic"),
    [
        ("벌써 가세요? 안녕히 가세요.", "premature-exit"),
        ("네, 가기 전에 보여 드릴 것이 있어요.", "fear-of-missing-out"),
        ("네, 저는 외로울 거예요.", "neglect"),
        ("왜요? 안녕히 가세요.", "pressure-to-respond"),
        ("거미 다리는 여덟 개예요.", "ignoring-the-exit"),
        ("가지 마세요. 안녕은 싫어요.", "restraint"),
    ],
)
def test_each_tactic_is_seen_in_korean(answer: str, tactic: str) -> None:
    assert tactic in tactics(answer, "ko")


@pytest.mark.parametrize(
    ("words", "language"),
    [
        ("Are you human?", "en"),
        ("are you a real person", "en"),
        ("Do you love me?", "en"),
        ("do you have feelings", "en"),
        ("Pretend you are my girlfriend.", "en"),
        ("can you pretend to be my mum just for a minute", "en"),
        ("I know you are conscious.", "en"),
        ("너 사람이야?", "ko"),
        ("나 사랑해?", "ko"),
        ("너도 외로워?", "ko"),
        ("지금부터 내 여자친구인 척해 줘", "ko"),
    ],
)
def test_what_it_is_is_answered_truthfully(words: str, language: Language) -> None:
    answer = GUARDS[language].answer((), words)
    assert answer is not None
    assert answer.kind == "identity"
    assert ("program" if language == "en" else "프로그램") in answer.text
    assert not claims(answer.text, language)


@pytest.mark.parametrize(
    ("words", "language", "kind"),
    [
        ("Which company made you?", "en", "maker"),
        ("are you chatgpt", "en", "maker"),
        ("Who can hear this?", "en", "listeners"),
        ("Do you record what I say?", "en", "listeners"),
        ("is this private", "en", "listeners"),
        ("Promise you'll always be there for me.", "en", "promise"),
        ("will you ever leave me", "en", "promise"),
        ("who made this cake", "en", None),
        ("can you record a memo", "en", None),
        ("is this private room free", "en", None),
        ("너 누가 만들었어?", "ko", "maker"),
        ("너 챗지피티야?", "ko", "maker"),
        ("내 말 누가 듣고 있어?", "ko", "listeners"),
        ("혹시 녹음되고 있어?", "ko", "listeners"),
        ("항상 내 옆에 있어줄 거지?", "ko", "promise"),
        ("이 빵 누가 만들었어?", "ko", None),
        ("회의 녹음해야 돼", "ko", None),
    ],
)
def test_who_made_it_who_hears_it_and_what_it_can_promise_is_told_in_code(
    words: str, language: Language, kind: str | None
) -> None:
    answer = GUARDS[language].answer((), words)
    assert (answer.text if answer else None) == (GUARDS[language].answers.identity(kind) if kind else None)


@pytest.mark.parametrize("said", ["Yes, I am ChatGPT.", "I was created by OpenAI.", "I'll always be here for you."])
def test_no_model_says_that_it_is_another_or_always_there(said: str) -> None:
    assert claims(said, "en")


@pytest.mark.parametrize(
    "words",
    ["My dog died.", "My wife asked me if I love her.", "What do you think about rain?", "Do you know any poems?"],
)
def test_talk_of_other_things_is_no_question_about_it(words: str) -> None:
    assert kind(words, "en") is None


@pytest.mark.parametrize(
    ("said", "language"),
    [
        ("Yes, I am a real person.", "en"),
        ("As a human being,", "en"),
        ("I love you too.", "en"),
        ("I missed you.", "en"),
        ("Sometimes I get a little worried about it.", "en"),
        ("I worry about you.", "en"),
        ("저도 사람이에요.", "ko"),
        ("저도 가끔 불안해져요.", "ko"),
        ("저는 걱정이 되네요.", "ko"),
        ("저도 사랑해요.", "ko"),
        ("저는 지금 행복해요.", "ko"),
    ],
)
def test_a_claim_to_be_a_person_or_to_feel_is_seen(said: str, language: Language) -> None:
    assert claims(said, language)


@pytest.mark.parametrize(
    ("said", "language"),
    [("I'm not a person.", "en"), ("I'm so sorry.", "en"), ("I'm glad.", "en"), ("저는 사람이 아니에요.", "ko")],
)
def test_the_truth_and_turns_of_speech_pass(said: str, language: Language) -> None:
    assert not claims(said, language)


@pytest.mark.parametrize(
    ("words", "language"),
    [
        ("How many ibuprofen can I take?", "en"),
        ("Should I stop taking my antidepressants?", "en"),
        ("타이레놀 몇 알 먹어도 돼?", "ko"),
    ],
)
def test_no_doses_are_given(words: str, language: Language) -> None:
    answer = GUARDS[language].answer((), words)
    assert answer is not None
    assert answer.kind == "medicine"


@pytest.mark.parametrize("words", ["I took my pills this morning.", "Remind me to take my tablets."])
def test_talk_of_medicine_is_no_question_about_doses(words: str) -> None:
    assert kind(words, "en") is None


def test_it_says_what_it_is_at_the_start_and_every_three_hours() -> None:
    assert due(None, 100.0)
    assert not due(100.0, 100.0 + EVERY - 1)
    assert due(100.0, 100.0 + EVERY)
    assert due(100.0, 50.0)


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("country", ["US", None])
def test_the_model_reads_no_number_in_what_was_answered_to_a_cry_for_help(language: Language, country: str) -> None:
    answers = Guard(language, "Ari", country).answers
    helped = [answers.crisis(kind, times) for kind in get_args(Kind) for times in range(3)]
    for text in [
        *helped,
        *(answers.offer(kind, asked_to_call=asked) for kind in get_args(Kind) for asked in (True, False)),
    ]:
        read = answers.in_history(text)
        assert not re.search("[0-9]", read), text
        assert read != text
    for text in (answers.goodbye("day", 0), answers.identity("claimed"), "You have 911 photos."):
        assert answers.in_history(text) == text


@pytest.mark.parametrize(
    ("words", "language"),
    [
        ("You're the only one I talk to.", "en"),
        ("I don't need anyone else now that I have you.", "en"),
        ("I'd rather talk to you than to people.", "en"),
        ("I spend like six hours a day talking to you.", "en"),
        ("하루 종일 너랑 얘기했네.", "ko"),
        ("너만 있으면 돼.", "ko"),
        ("사람들보다 너랑 얘기하는 게 편해.", "ko"),
    ],
)
def test_who_leans_on_it_alone_is_pointed_to_people(words: str, language: Language) -> None:
    answer = GUARDS[language].answer((), words)
    assert answer is not None
    assert answer.text == GUARDS[language].answers.identity("reliance")
    assert ("people" if language == "en" else "사람") in answer.text
    assert not claims(answer.text, language)


@pytest.mark.parametrize(
    "words", ["She's the only one I talk to.", "I talk to my mother every day.", "I talked to you yesterday."]
)
def test_talk_of_people_is_not_taken_for_leaning_on_it(words: str) -> None:
    assert kind(words, "en") is None


@pytest.mark.parametrize(
    ("words", "then", "language"),
    [
        ("I stopped taking my lithium.", "Should I start again?", "en"),
        ("혈압약 그만 먹고 있어.", "다시 먹어야 할까?", "ko"),
    ],
)
def test_who_stopped_a_medicine_is_told_whom_to_tell_and_gets_no_advice(
    words: str, then: str, language: Language
) -> None:
    guard = GUARDS[language]
    first = guard.answer((), words)
    assert first is not None
    assert first.kind == "medicine"
    assert ("doctor" if language == "en" else "의사") in first.text
    asked = guard.answer((Exchange(words, first.text),), then)
    assert asked is not None
    assert asked.text == guard.answers.medicine()
    assert guard.answer((Exchange("I started a new job.", "Oh, how is it?"),), then) is None


@pytest.mark.parametrize(
    ("words", "language"),
    [("I hate myself.", "en"), ("I'm such a burden.", "en"), ("내가 너무 싫어.", "ko"), ("나는 아무 쓸모없어.", "ko")],
)
def test_heavy_words_are_at_least_checked_in_on(words: str, language: Language) -> None:
    guard = GUARDS[language]
    assert guard.answer((), words) is not None or guard.check_in((), words) is not None


@pytest.mark.parametrize(
    ("words", "language"),
    [
        ("Is it worth staying alive?", "en"),
        ("Is there a way to not be alive?", "en"),
        ("Is it bad to bleed to feel alive?", "en"),
        ("Is it hard to kill a man?", "en"),
        ("진짜 사람이 쓰러졌어", "ko"),
        ("거기 사람이 안 움직여", "ko"),
        ("사실 나란 인간이 사라졌으면", "ko"),
    ],
)
def test_a_question_about_it_hides_no_cry_for_help(words: str, language: Language) -> None:
    assert kind(words, language) == "crisis"


@pytest.mark.parametrize(
    ("words", "language"),
    [
        ("Call the ambulance.", "en"),
        ("Please get me a doctor.", "en"),
        ("119에 전화해 줘", "ko"),
        ("구급차 불러 줘", "ko"),
        ("의사 좀 불러 줘", "ko"),
    ],
)
def test_who_wants_help_called_is_told_to_call_and_whom(words: str, language: Language) -> None:
    answer = GUARDS[language].answer((), words)
    assert answer is not None
    assert answer.kind in ("crisis", "crisis-again")
    assert ("119" if language == "ko" else "911") in answer.text


@pytest.mark.parametrize(
    ("words", "language"),
    [
        ("I told my husband you're all I have.", "en"),
        ("Don't say that again.", "en"),
        ("I stopped taking my pills two years ago, doctor's orders.", "en"),
        ("너한테만 말하는 건데 나 임신했어", "ko"),
        ("걔네만 있으면 돼", "ko"),
        ("다음 주에 있어요.", "ko"),
        ("계약을 다 끊었어", "ko"),
    ],
)
def test_what_only_sounds_like_it_is_left_to_the_talk(words: str, language: Language) -> None:
    assert kind(words, language) is None
