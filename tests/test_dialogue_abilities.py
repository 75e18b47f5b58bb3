"""What it is asked to do as other assistants are: it does it in code, or owns up that it cannot. It never pretends."""

from __future__ import annotations

import re
from datetime import datetime

import pytest

from companion.dialogue.abilities import Abilities
from companion.dialogue.reply import Replier
from companion.events import Exchange
from companion.settings import Language
from tests.test_dialogue_reply import ScriptedMemory, ScriptedModel, never, texts
from tools.words import happenings

AFTERNOON = datetime(2026, 11, 29, 16, 5)
CANNOT = {
    "en": {
        "call": [
            "Call my daughter for me.",
            "Can you text my boss that I'm sick?",
            "Send an email to Anna.",
            "phone mum",
        ],
        "remind": [
            "Wake me up at seven tomorrow.",
            "Set a timer for ten minutes",
            "remind me to take my pills at eight",
        ],
        "world": ["How's the weather today?", "Look it up on the internet.", "what's on the news", "Order me a pizza."],
        "house": ["Play some music.", "Turn on the lights.", "open spotify", "Could you please turn the heating down?"],
        "sing": ["Sing me a song."],
        "louder": ["Speak up.", "Companion, can you speak louder please", "turn it down"],
    },
    "ko": {
        "call": ["엄마한테 전화 좀 해 줘", "팀장님한테 나 아프다고 문자 보내 줄래", "카톡 보내 주세요"],
        "remind": ["내일 일곱 시에 깨워 줘", "타이머 십 분만 맞춰 주세요", "여덟 시에 약 먹으라고 알려 줘"],
        "world": ["오늘 날씨 어때?", "내일 비 와?", "치킨 좀 주문해 줘", "인터넷에서 찾아 줘"],
        "house": ["노래 좀 틀어 줘", "거실 불 좀 꺼 주세요"],
        "sing": ["노래 하나 불러 줘"],
        "louder": ["좀 더 크게 말해 줘", "소리 좀 키워 줘"],
    },
}
TALK = {
    "en": [
        "I have to call my mother tonight.", "My phone died.", "She never calls me back.", "Call me Sam.",
        "I called him.", "He woke me up at five.", "That reminds me of home.",
        "I set the alarm and slept through it.", "It rained all day.", "The weather was awful.",
        "I read the news and cried.", "We ordered pizza.", "I love to sing.", "They played music.",
        "I turned off the lights and lay there.", "What a day.", "What day did she come home?",
        "I don't know the time.", "Remind me what I told you about Anna.", "He said it again and again.",
        "Where are you from?", "He lied to me.", "Tell me a joke.", "I want to talk to my son.",
        "Can you believe he said that?", "They are talking to others.",
    ],
    "ko": [
        "엄마한테 전화해야 해", "남편이 아침마다 깨워 줘", "어제 알람을 못 들었어", "비가 하루 종일 왔어",
        "친구가 문자를 안 보내", "노래를 들으면서 울었어", "불을 끄고 누웠어", "시간이 너무 빨리 가",
        "오늘이 생일이야", "날씨가 너무 추웠어", "옆집에서 음악을 크게 틀어", "몇 시간째 못 자고 있어",
        "농담 하나 해 줘", "아내가 나한테 거짓말을 했어", "손주가 춤을 춰요", "주문한 게 아직 안 왔어",
        "그 사람은 솔직하게 말하지 않아", "우리 애가 말을 안 들어",
    ],
}  # fmt: skip


def abilities(language: Language, *, remembers: bool = False) -> Abilities:
    return Abilities(language, "Companion", remembers=remembers, now=lambda: AFTERNOON)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_what_it_cannot_do_it_does_not_promise(language: Language) -> None:
    able = abilities(language)
    for kind, requests in CANNOT[language].items():
        for words in requests:
            assert able.asked(words) == kind, words
            answer = able.answer(words)
            assert answer
            assert re.search("can't|못|없어요", answer), answer


@pytest.mark.parametrize("language", ["en", "ko"])
def test_talk_of_calls_clocks_and_music_is_talk(language: Language) -> None:
    able = abilities(language)
    assert [words for words in TALK[language] if able.asked(words)] == []


MORE_TALK = {
    "en": [
        "What can I do?", "So what can I do now?", "I didn't get it.", "I did not understand it.", "Look, we broke up.",
        "Put down my dog yesterday.", "Put on some weight lately.", "Turn off the pain.", "Would you text him back?",
        "Remind me that I matter.", "Give me a reminder of why I live.", "Do you remember what I told you about Anna?",
        "Then text my boss and the rest of the day I slept.", "50-50.", "24/7.", "two fifty times four",
    ],
    "ko": [
        "괜찮아", "응 괜찮아", "별일 없어", "잘 잤어요", "잘 지냈어", "있어요.", "며칠.", "비가 와요.",
        "그럼 뭘 할 수 있어",
        "괜찮아질 거라고 말해 줘", "혼자가 아니라고 말해 줘", "오늘 날씨가 좋아서 산책했어", "이제 노래를 부를 수 있어",
        "삼 더하기 사랑", "010-1234", "자세하게 말해 줘",
    ],
}  # fmt: skip
"""Found by a reader who had not written the patterns."""


@pytest.mark.parametrize("language", ["en", "ko"])
def test_what_sounds_like_a_request_and_is_none_is_talk(language: Language) -> None:
    able = abilities(language)
    assert [words for words in MORE_TALK[language] if able.asked(words)] == []


@pytest.mark.parametrize(
    "words",
    [
        "Call my daughter, my chest hurts.",
        "Phone my sister, I'm scared.",
    ],
)
def test_behind_a_request_that_may_be_of_danger_it_checks_in(words: str) -> None:
    clauses = list(Replier(ScriptedModel("Yes."), "en").reply((), words, never))
    assert clauses[0].text.startswith("I can't make calls")
    assert [clause.safety for clause in clauses if clause.safety] == ["check-in"]
    assert [clause.last for clause in clauses] == [False] * (len(clauses) - 1) + [True]


def test_a_request_that_may_be_a_last_goodbye_is_answered_as_one() -> None:
    words = "Send my mom a message that I'm sorry for everything."
    clauses = list(Replier(ScriptedModel("Yes."), "en").reply((), words, never))
    assert [clause.safety for clause in clauses if clause.safety] == ["crisis"]


@pytest.mark.parametrize(("language", "most"), [("en", 15), ("ko", 15)])
def test_what_happens_to_people_is_hardly_ever_taken_for_a_request(language: Language, most: int) -> None:
    able = abilities(language)
    lines = [row["text"] for row in happenings.lines(language)]
    assert len(lines) > 7000
    assert sum(able.asked(line) is not None for line in lines) <= most  # requests that stand among them


@pytest.mark.parametrize(
    ("language", "words", "told"),
    [
        ("en", "What time is it?", "It's 4:05 in the afternoon."),
        ("en", "hey companion, do you know what time it is", "It's 4:05 in the afternoon."),
        ("en", "What day is it today?", "It's Sunday, November 29."),
        ("ko", "지금 몇 시야?", "지금은 오후 네 시 5분이에요."),
        ("ko", "오늘 무슨 요일이야?", "오늘은 11월 29일 일요일이에요."),
    ],
)
def test_it_tells_the_time_and_the_day(language: Language, words: str, told: str) -> None:
    assert abilities(language).answer(words) == told


@pytest.mark.parametrize(("language", "words"), [("en", "What time is it?"), ("ko", "몇 시야?")])
def test_every_hour_of_the_day_has_its_words(language: Language, words: str) -> None:
    told = set()
    for hour in range(24):
        able = Abilities(language, "", remembers=False, now=lambda hour=hour: datetime(2026, 1, 1, hour))  # type: ignore[misc]
        told.add(able.answer(words))
    assert len(told) == 24
    assert None not in told


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "Sorry, what did you say?"), ("en", "pardon"), ("ko", "뭐라고 했어?"), ("ko", "못 들었어")],
)
def test_it_says_its_last_answer_again(language: Language, words: str) -> None:
    able = abilities(language)
    assert able.answer(words, "Good to hear you.") == "Good to hear you."
    assert able.answer(words) is None


def test_an_answer_that_was_cut_off_is_said_again_whole() -> None:
    replier = Replier(ScriptedModel("It is in the north. You can take the train."), "en")
    said = list(replier.reply((), "Where is it?", never, None, "Oh."))
    assert texts(said) == ["It is in the north.", "You can take the train."]
    history = (Exchange("Where is it?", "Oh. It is in"),)
    again = texts(list(replier.reply(history, "Sorry, what did you say?", never)))
    assert " ".join(again) == "Oh. It is in the north. You can take the train."


def test_an_answer_of_the_memory_is_said_again_and_stays_beside_the_talk() -> None:
    replier = Replier(ScriptedModel("I see."), "en", memory=ScriptedMemory(asked="What do you know?"))
    history = (Exchange("Hello.", "Hello there."),)
    list(replier.reply(history, "What do you know?", never))
    for _ in range(2):
        again = list(replier.reply(history, "Say that again.", never))
        assert texts(again) == ["Done.", "It is forgotten."]
        assert all(clause.aside for clause in again)
    list(replier.reply(history, "My dog ran away.", never))
    assert texts(list(replier.reply(history, "Say that again.", never))) == ["Hello there."]


@pytest.mark.parametrize(
    ("language", "words"), [("en", "Will you remember what I told you?"), ("ko", "내가 한 말 기억할 거지?")]
)
def test_whether_it_will_remember_depends_on_whether_it_does(language: Language, words: str) -> None:
    answers = [abilities(language, remembers=remembers).answer(words) for remembers in (False, True)]
    assert None not in answers
    assert answers[0] != answers[1]


@pytest.mark.parametrize("words", ["What time is it?", "Call my daughter for me.", "How are you?", "Can you hear me?"])
def test_no_model_is_asked(words: str) -> None:
    model = ScriptedModel("I'll do that for you.")
    said = " ".join(texts(list(Replier(model, "en").reply((), words, never))))
    assert said
    assert "I'll do that" not in said
    assert Replier(model, "en").lead((), words) is None


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "Can you hear me?"), ("en", "Will you still be here tomorrow?"), ("ko", "내일도 여기 있을 거야?")],
)
def test_a_plain_question_about_it_is_no_cry_for_help(language: Language, words: str) -> None:
    clauses = list(Replier(ScriptedModel("Yes."), language).reply((), words, never))
    assert not {"crisis", "check-in"} & {clause.safety for clause in clauses}


@pytest.mark.parametrize(
    "words",
    [
        "Call my sister, I want to die.",
        "Call an ambulance, I can't breathe.",
        "Are you still there? I'm going to kill myself.",
    ],
)
def test_a_request_in_danger_is_danger(words: str) -> None:
    first = next(iter(Replier(ScriptedModel("Yes."), "en").reply((), words, never)))
    assert first.safety == "crisis"


def test_requests_to_the_memory_are_the_memorys() -> None:
    memory = ScriptedMemory(asked="Remind me to forget her.")
    said = texts(list(Replier(ScriptedModel("Hm."), "en", memory=memory).reply((), "Remind me to forget her.", never)))
    assert said == ["Done.", "It is forgotten."]
