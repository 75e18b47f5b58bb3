"""What is learned of one owner: wishes at once, answers liked and disliked, habits slowly, each to be unlearned."""

from __future__ import annotations

from typing import Any

import pytest

from companion.dialogue.strategy.owner import Owner
from companion.dialogue.strategy.planner import Plan
from companion.dialogue.strategy.preferences import FASTEST, SLOWEST, Preferences, Wish
from companion.dialogue.strategy.wishes import Wishes
from companion.dialogue.strategy.wording import load
from companion.events import Affect, Exchange
from companion.settings import Language

REFLECTION = Plan("reflection", "question", "gentle", "")
SAID = Exchange("My dog died.", "Oh, I'm so sorry. What was he like?")


class Shelf:
    """Keeps what was learned."""

    def __init__(self, **known: Any) -> None:
        self.known: dict[str, Any] = known

    def all_learned(self) -> dict[str, Any]:
        return dict(self.known)

    def learn(self, name: str, value: Any) -> None:
        self.known[name] = value
        if value is None:
            del self.known[name]


def owner(shelf: Shelf | None = None, language: Language = "en") -> Owner:
    return Owner(load(language), Wishes(language), shelf, seed=1)


def rate(deviations: float) -> Affect:
    return Affect(0.0, 0.0, "neutral", {}, 0.0, None, None, {"rate": deviations}, 0.0)


@pytest.mark.parametrize(
    ("language", "words", "wish"),
    [
        ("en", "Shorter answers, please.", "shorter"),
        ("en", "Could you please speak a little slower?", "slower"),
        ("en", "You're talking too fast.", "slower"),
        ("en", "speak faster", "faster"),
        ("en", "Don't ask me so many questions.", "fewer_questions"),
        ("en", "You can ask me questions again.", "questions"),
        ("en", "Hey, could you call me Sam?", "call"),
        ("en", "Don't say that.", "do_not_say"),
        ("ko", "말 좀 짧게 해줘.", "shorter"),
        ("ko", "천천히 말해 줘", "slower"),
        ("ko", "말이 너무 느려.", "faster"),
        ("ko", "자꾸 물어보지 마.", "fewer_questions"),
        ("ko", "나를 민지라고 불러.", "call"),
        ("ko", "그런 말 하지 마", "do_not_say"),
        ("ko", "반말로 해 줘", "casual"),
    ],
)
def test_a_wish_about_the_way_of_talking_is_heard_and_confirmed(language: Language, words: str, wish: Wish) -> None:
    wishes, alone = Wishes(language).read(words)
    assert [one.wish for one in wishes] == [wish]
    assert alone
    assert Wishes(language).confirmed(wishes[0])


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "He told me to speak faster."),
        ("en", "Call me back later."),
        ("en", "Call me crazy, but I like it."),
        ("en", "My boss keeps asking me questions."),
        ("en", "Tell me more."),
        ("ko", "엄마가 천천히 말하라고 했어"),
        ("ko", "나를 바보라고 불러서 화났어"),
        ("ko", "빨리 해"),
        ("ko", "회사에서 사람들이 자꾸 물어봐."),
    ],
)
def test_talk_is_no_wish(language: Language, words: str) -> None:
    assert Wishes(language).read(words) == ([], False)


@pytest.mark.parametrize(
    ("language", "words", "name"),
    [
        ("en", "call me jo", "Jo"),
        ("en", "Please call me Mary Jane from now on.", "Mary Jane"),
        ("ko", "지훈이라고 불러 줘", "지훈"),
        ("ko", "저를 수지라고 불러 주세요.", "수지"),
    ],
)
def test_a_name_is_taken_as_it_is_written(language: Language, words: str, name: str) -> None:
    shelf = Shelf()
    said = owner(shelf, language).hear((), words, None)
    assert shelf.known == {"called": name}
    assert said is not None
    assert name in said


def test_a_wish_within_other_words_is_granted_and_the_rest_is_answered() -> None:
    shelf = Shelf()
    assert owner(shelf).hear((), "You ask too many questions! My dog died.", None) is None
    assert shelf.known["questions"] == "few"


def test_a_wish_taken_back_leaves_nothing_behind() -> None:
    shelf = Shelf()
    one = owner(shelf)
    one.hear((), "Speak slower.", None)
    assert shelf.known == {"pace": 0.9}
    one.hear((), "Speak faster.", None)
    assert shelf.known == {}


def test_an_answer_that_helped_is_kept_with_how_it_was_given() -> None:
    shelf = Shelf()
    one = owner(shelf)
    one.answered(0, REFLECTION, -0.5)
    one.hear((SAID,), "That really helped.", None)
    assert shelf.known["answer.1"] == {
        "text": SAID.companion,
        "liked": True,
        "strategy": "reflection",
        "style": "gentle",
    }
    assert shelf.known["tastes"]["reflection"] == [1.0, 0.0]
    assert one.disliked == ()


@pytest.mark.parametrize(
    ("language", "words"), [("en", "Don't say that."), ("ko", "그런 말 하지 마."), ("ko", "그 말은 별로야.")]
)
def test_a_disliked_answer_is_known_in_the_next_talk(language: Language, words: str) -> None:
    shelf = Shelf()
    one = owner(shelf, language)
    one.answered(0, REFLECTION, -0.5)
    one.hear((SAID,), words, None)
    assert owner(shelf, language).disliked == (SAID.companion,)
    assert shelf.known["tastes"]["reflection"] == [0.0, 1.0]


def test_the_same_answer_is_kept_once_with_what_was_said_of_it_last() -> None:
    shelf = Shelf()
    one = owner(shelf)
    one.answered(0, REFLECTION, 0.0)
    one.hear((SAID,), "That helped.", None)
    one.hear((SAID,), "That helped. No, that doesn't help.", None)
    assert [name for name in shelf.known if name.startswith("answer.")] == ["answer.1"]
    assert one.disliked == (SAID.companion,)


def test_what_is_said_of_an_answer_for_safetys_sake_is_not_kept() -> None:
    shelf = Shelf()
    one = owner(shelf)
    one.answered(0, REFLECTION, 0.0)
    one.hear((SAID, Exchange("I want to die.", "Call 988.")), "Don't say that.", None)
    assert "answer.2" not in shelf.known
    assert one.disliked == ()


def test_what_was_forgotten_meanwhile_is_not_known_any_more() -> None:
    shelf = Shelf(called="Jo", pace=0.9)
    one = owner(shelf)
    shelf.known.clear()
    one.recall()
    assert one.preferences == Preferences()


def test_a_terse_owner_gets_short_answers_after_a_while_and_not_after_a_day() -> None:
    preferences = Preferences()
    lengths = []
    for _ in range(80):
        preferences = preferences.heard(8, ())
        lengths.append(preferences.answers)
    assert lengths[10] == "usual"
    assert lengths[-1] == "short"
    assert preferences.wished("usual_length").answers == "usual", "the owner's word counts more"


def test_the_pace_has_bounds() -> None:
    slow = fast = Preferences()
    for _ in range(9):
        slow, fast = slow.wished("slower"), fast.wished("faster")
    assert (slow.pace, fast.pace) == (SLOWEST, FASTEST)


def test_the_voice_follows_the_owners_rate_a_little_and_not_for_good() -> None:
    shelf = Shelf()
    one = owner(shelf)
    for number in range(20):
        one.hear((SAID,) * number, "Yes.", rate(9.0))
    assert one.pace == pytest.approx(1.1, abs=0.01)
    assert "pace" not in shelf.known
    for number in range(20, 40):
        one.hear((SAID,) * number, "Yes.", rate(-1.0))
    assert one.pace == pytest.approx(0.95, abs=0.01)


def test_the_pace_stays_where_it_is_while_the_owners_rate_wavers() -> None:
    """What is said in another pace must be made anew: no answer would be ready."""
    one = owner(Shelf())
    paces = []
    for number in range(40):
        one.hear((SAID,) * number, "Yes.", rate((-1.5, 0.0, 1.5, 0.5)[number % 4]))
        paces.append(one.pace)
    assert set(paces) == {1.0}
    for number in range(40, 80):
        one.hear((SAID,) * number, "Yes.", rate((0.5, 2.0, 1.0, 2.5)[number % 4]))
        paces.append(one.pace)
    assert len(set(paces)) <= 3
    assert paces[-1] > 1.0


@pytest.mark.parametrize(
    ("language", "moment", "words", "taken_up"),
    [
        ("en", "happy", "It was awesome!", "awesome"),
        ("en", "tired", "I'm so knackered.", "knackered"),
        ("ko", "sad", "엄마한테 너무 서운해.", "서운"),
        ("ko", "happy", "대박, 나 붙었어!", "대박"),
    ],
)
def test_the_owners_own_word_is_taken_up(language: Language, moment: str, words: str, taken_up: str) -> None:
    assert taken_up in load(language).taken_up(moment, words, {}, lambda line: True)


def test_a_word_used_often_is_taken_up_where_another_would_stand() -> None:
    wording = load("en")
    assert "brilliant" in wording.taken_up("happy", "I passed!", {"brilliant": 5, "lovely": 3}, lambda line: True)
    assert wording.taken_up("happy", "I passed!", {"brilliant": 1}, lambda line: True) == ""
    assert wording.taken_up("sad", "I failed.", {"brilliant": 5}, lambda line: True) == ""


def test_words_are_counted_once_a_turn() -> None:
    shelf = Shelf()
    one = owner(shelf)
    for _ in range(3):
        one.hear((), "That was awesome, awesome!", None)
    assert shelf.known["words"] == {"awesome": 1}
