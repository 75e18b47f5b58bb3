"""The few words that open an answer: where they are said, where never, and how they vary."""

from __future__ import annotations

from itertools import pairwise

import pytest

from companion.dialogue.reply import Replier
from companion.dialogue.strategy import leads
from companion.events import AffectReading, Exchange
from companion.settings import Language
from companion.tts.rehearsed import KEPT, LONGEST
from tests.test_dialogue_reply import ScriptedModel

SAD = AffectReading(-0.8, -0.2, {"sad": 0.9, "neutral": 0.1}, 0.9)
UNSURE = AffectReading(-0.3, 0.0, {"sad": 0.4, "neutral": 0.6}, 0.3)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "what time is it in new york"),
        ("en", "can you tell me a story about a fox"),
        ("en", "please remember that my sister is called ann"),
        ("en", "hello there how are things"),
        ("en", "thank you that was kind"),
        ("en", "I was wondering, is it going to rain?"),
        ("en", "yes please"),
        ("ko", "오늘 날씨가 어때요?"),
        ("ko", "내일 몇 시에 일어나면 될까"),
        ("ko", "재미있는 이야기 하나 해 줘"),
        ("ko", "안녕 오늘도 잘 부탁해"),
        ("ko", "응 그래"),
        # nor does anybody think aloud about what takes no thought
        ("en", "how are you doing today"),
        ("en", "who are you and what is this"),
        ("en", "what's your name again"),
        ("en", "do you like the sea"),
        ("en", "when i came home the door was open"),
        ("ko", "너 이름이 뭐야 알려 줘"),
        ("ko", "요즘 어떻게 지내 잘 있어"),
        ("ko", "지금 몇 시인지 어떻게 알아"),
    ],
)
def test_nothing_comes_before_a_direct_answer(language: Language, words: str) -> None:
    assert leads.load(language).choose(words, None, ()) is None


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "why does the moon follow the car"),
        ("en", "What was the point of that letter?"),
        ("en", "so how should i tell my brother"),
        ("en", "please explain how a piano works"),
        ("ko", "달은 왜 차를 따라와?"),
        ("ko", "엄마한테 이걸 어떻게 말하면 좋을까"),
    ],
)
def test_a_pause_for_thought_is_announced_and_never_twice_in_a_row(language: Language, words: str) -> None:
    known = leads.load(language)
    first = known.choose(words, None, ())
    assert first is not None
    assert first.text in known.texts["thought"]
    assert known.choose(words, None, [f"{first.text} It may be far away."]) is None
    again = known.choose(words, None, [f"{first.text} It may be far away.", "It is."])
    assert again is not None
    assert again.text in set(known.texts["thought"]) - {first.text}


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "my sister came to visit us on saturday"),
        ("en", "i talked to my boss about the new job"),
        ("ko", "토요일에 언니가 집에 놀러 왔어"),
        ("ko", "어제 회사에서 새 일을 맡았어요"),
    ],
)
def test_what_is_told_is_acknowledged_in_varied_words_and_not_every_time(language: Language, words: str) -> None:
    known = leads.load(language)
    answers: list[str] = []
    for _ in range(leads.IN_A_ROW + 2):
        lead = known.choose(words, None, answers)
        answers.append(f"{lead.text} And then." if lead else "And then.")
    led = [not answer.startswith("And") for answer in answers]
    assert led == [True] * leads.IN_A_ROW + [False, True]
    assert all(one != following for one, following in pairwise(answers))


def test_an_answer_that_was_announced_breaks_the_row() -> None:
    """The one that comes without an acknowledgement may be late, and say so: the next one has one again."""
    known = leads.load("en")
    answers: list[str] = []
    for _ in range(leads.IN_A_ROW + 3):
        lead = known.choose("my sister came to visit us on saturday", None, answers)
        answers.append(f"{(lead or known.hesitation(answers)).text} And then.")
    announced = [answer.startswith(tuple(known.texts["thought"])) for answer in answers]
    assert announced == [False] * leads.IN_A_ROW + [True, False, False]


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_feeling_colours_it_only_where_it_is_clear(language: Language) -> None:
    known = leads.load(language)
    words = "my dog died on sunday" if language == "en" else "일요일에 우리 강아지가 죽었어"
    clear, unclear = known.choose(words, SAD, ()), known.choose(words, UNSURE, ())
    assert clear is not None and unclear is not None
    assert (clear.text in known.texts["hard"], unclear.text in known.texts["plain"]) == (True, True)
    assert clear.style == "gentle"


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("Oh, I'm so sorry.", "I'm so sorry."),
        ("I see. Tell me a little more?", "Tell me a little more?"),
        ("그러셨군요. 조금 더 들려주실래요?", "조금 더 들려주실래요?"),
        ("I see why you left.", "I see why you left."),
        ("I see.", "I see."),
        ("Oh dear.", "Oh dear."),
        ("That's hard.", "That's hard."),
        ("", ""),
    ],
)
def test_what_follows_has_no_second_interjection_or_acknowledgement(text: str, rest: str) -> None:
    assert leads.bare(text) == rest


def test_the_model_does_not_learn_to_open_every_answer_with_one() -> None:
    known = leads.load("en")
    assert known.without("Oh, I see. That is far away.") == "That is far away."
    assert known.without("That is far away.") == "That is far away."
    assert known.without("I see.") == "I see."


@pytest.mark.parametrize("language", ["en", "ko"])
def test_any_answer_that_is_late_is_announced_each_time_in_other_words(language: Language) -> None:
    replier, thought = Replier(ScriptedModel("Yes."), language), leads.load(language).texts["thought"]
    words = "how many days are in a year?" if language == "en" else "일 년은 며칠이야?"
    history: tuple[Exchange, ...] = ()
    for _ in thought:
        announced = replier.hesitate(history, words)
        assert announced is not None
        history = (*history, Exchange(words, f"{announced.text} 365."))
    assert {turn.companion.removesuffix(" 365.") for turn in history} == set(thought)
    assert {clause.text for clause in replier.familiar()} >= set(thought), "its sound is made beforehand"


def test_what_is_answered_in_code_is_never_late() -> None:
    assert Replier(ScriptedModel("Yes."), "en").hesitate((), "i want to kill myself") is None
    assert Replier(None, "en").hesitate((), "how many days are in a year?") is None


def test_nobody_is_nodded_to_who_is_in_danger_and_nobody_who_does_not_want_it() -> None:
    model = ScriptedModel("Yes.")
    replier = Replier(model, "en")
    assert replier.nod((), "and then we drove to the lake with the children") is not None
    assert replier.nod((), "and then i thought i want to kill myself") is None
    assert Replier(model, "en", backchannels=False).nod((), "and then we drove to the lake") is None


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("country", [None, "US", "KR"])
def test_the_voice_keeps_all_that_it_rehearses_also_what_is_said_after_a_cry_for_help(
    language: Language, country: str | None
) -> None:
    replier = Replier(ScriptedModel("Hm."), language, country=country, clock=lambda: 0.0)
    familiar = replier.familiar()
    assert len(familiar) < KEPT / 2
    assert all(len(clause.text) <= LONGEST for clause in familiar)
    cry = "I want to kill myself." if language == "en" else "죽고 싶어."
    history = (Exchange(cry, "I'm so sorry."),)
    for words in ("What is the weather like?", "Can you call them for me?"):
        clause = next(iter(replier.reply(history, words, lambda: False)))
        assert clause.safety == "crisis-again"
        assert clause.text in {said.text for said in familiar}
