"""How a turn is answered is decided in code: understanding before advice, one question, no strategy for everything."""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion.dialogue import persona
from companion.dialogue.strategy.learning import Tastes, reward
from companion.dialogue.strategy.planner import GOOD, HARD, SHARE, Plan, Situation, plan, tone_of
from companion.dialogue.strategy.wording import load
from companion.events import AffectReading
from companion.settings import Language
from companion.tts.styles import STYLES

MOMENTS = sorted({*HARD, *GOOD, "question", "me", "hello", "bye", "thanks", "plain", "weather", "book", "bored"})
LANGUAGES: tuple[Language, ...] = ("en", "ko")
situations = st.builds(
    Situation,
    st.sampled_from(MOMENTS),
    st.booleans(),
    st.booleans(),
    st.sampled_from([None, "tense", "bright", "low", "apart"]),
)


def talk(turns: list[Situation], taste: dict[str, float] | None = None) -> list[Plan]:
    plans: list[Plan] = []
    for situation in turns:
        plans.append(plan(situation, plans, taste))
    return plans


@pytest.mark.parametrize("moment", sorted(HARD))
def test_advice_for_what_is_hard_comes_after_understanding(moment: str) -> None:
    first, second = talk([Situation(moment, wants_advice=True)] * 2)
    assert first.strategy in ("reflection", "affirmation")
    assert first.then == second.strategy == "suggestion"


@pytest.mark.parametrize("moment", MOMENTS)
def test_no_advice_is_given_to_who_did_not_ask(moment: str) -> None:
    for one in talk([Situation(moment)] * 8):
        assert "suggestion" not in (one.strategy, one.then)


def test_advice_about_what_weighs_on_someone_begins_with_understanding() -> None:
    for moment in ("question", "plain", ""):
        one = plan(Situation(moment, wants_advice=True, burdened=True))
        assert (one.strategy, one.then) == ("affirmation", "suggestion")
        assert one.instruction == "advise"


def test_no_strategy_is_above_its_share_of_a_varied_talk() -> None:
    turns = [Situation(moment) for moment in MOMENTS * 5]
    random.Random(3).shuffle(turns)
    (_, most), *_ = Counter(one.strategy for one in talk(turns)).most_common(1)
    assert most / len(turns) <= SHARE


@given(st.lists(situations, max_size=12))
def test_every_situation_has_a_plan_with_a_voice_that_exists(turns: list[Situation]) -> None:
    for one in talk(turns):
        assert one.style in STYLES
        assert one.why
        assert one.strategy != one.then


def test_nobody_is_asked_in_answer_to_a_goodbye_or_a_thank_you() -> None:
    assert not any(one.asks for one in talk([Situation("bye"), Situation("thanks")]))


def test_a_hard_moment_is_met_in_another_way_each_time() -> None:
    plans = talk([Situation("sad")] * 4)
    assert all(one != other for one, other in pairwise([(each.strategy, each.then) for each in plans]))


def test_what_this_owner_likes_is_preferred_among_what_fits() -> None:
    assert plan(Situation("sad"), (), {"presence": 1.0, "reflection": 0.1}).strategy == "presence"
    assert plan(Situation("sad"), (), {"calm": 1.0, "gentle": 0.2}).style == "calm"


def test_the_same_words_are_answered_by_their_tone() -> None:
    said = [plan(Situation("plain", tone=tone)) for tone in (None, "bright", "tense", "low")]
    assert len({one.style for one in said}) == 4


@pytest.mark.parametrize(
    ("valence", "arousal", "apart", "tone"),
    [
        (0.4, 0.7, 0, "bright"),
        (-0.4, 0.7, 0, "tense"),
        (-0.2, -0.6, 0, "low"),
        (0, 0.1, 0, None),
        (-0.3, -0.1, 0.7, "apart"),
        (0.7, 0.5, 0.7, "bright"),
    ],
)
def test_a_tone_is_named_where_it_is_clear(valence: float, arousal: float, apart: float, tone: str | None) -> None:
    assert tone_of(valence, arousal, apart) == tone


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_line_claims_what_the_owner_feels_or_asks_twice(language: Language) -> None:
    wording, own = load(language), persona.load(language, "Companion", "")
    for lines in wording.lines.values():
        for line in (line for several in lines.values() for line in several):
            assert line.count("?") <= 1
            assert "you are sad" not in line.lower()
            assert not own.cliches.search(line)


@pytest.mark.parametrize(
    ("language", "words", "sign"),
    [
        ("en", "Thanks, that really helped.", 1.0),
        ("en", "you're not listening, that doesn't help", 0.0),
        ("en", "My cat is asleep.", None),
        ("ko", "말하고 나니 마음이 좀 편해졌어. 들어줘서 고마워.", 1.0),
        ("ko", "그만 물어봐.", 0.0),
        ("ko", "고양이가 자고 있어.", None),
    ],
)
def test_signs_of_help_are_heard_in_the_words(language: Language, words: str, sign: float | None) -> None:
    assert load(language).sign(words) == sign


def test_only_relief_is_rewarded_never_the_length_of_a_talk() -> None:
    assert reward(1.0, -0.5, -0.9, closed=False) == 1.0
    assert reward(None, -0.6, 0.0, closed=False) == 1.0
    assert reward(None, -0.3, -0.8, closed=False) == pytest.approx(0.0)
    assert reward(None, 0.2, 0.2, closed=False) is None


def test_what_helps_is_learned_and_can_be_forgotten_one_by_one() -> None:
    tastes = Tastes()
    for _ in range(30):
        tastes = tastes.rewarded(["presence", "gentle"], 1.0).rewarded(["question"], 0.0)
    drawn = [tastes.draw(["presence", "question"], random.Random(seed)) for seed in range(50)]
    assert sum(one["presence"] > one["question"] for one in drawn) == 50
    assert "presence" not in tastes.without("presence").arms
    assert "gentle" in tastes.without("presence").arms


def test_tastes_survive_being_written_down() -> None:
    tastes = Tastes().rewarded(["presence", "warm"], 0.7)
    assert Tastes.from_record(tastes.to_record()) == tastes


def test_a_voice_is_not_spoken_of_in_every_turn() -> None:
    plans = talk([Situation("plain", tone="low")] * 6)
    assert [one.of_tone for one in plans] == [True, False, False, False, False, True]


def reading(emotion: str, confidence: float) -> AffectReading:
    return AffectReading(0.0, 0.0, {"neutral": 0.1, emotion: 0.9}, confidence)


@pytest.mark.parametrize(
    ("named", "sure", "felt", "trusted", "moment"),
    [
        ("sad", True, None, True, "sad"),
        ("sad", True, None, False, ""),
        ("sad", True, reading("sad", 0.9), False, "sad"),
        ("question", True, None, False, "question"),
        ("afraid", False, reading("afraid", 0.9), True, "afraid"),
        ("lonely", False, reading("sad", 0.9), True, "lonely"),
        ("plain", False, reading("angry", 0.9), True, "angry"),
        ("sad", False, reading("surprised", 0.9), True, ""),
        ("sad", False, reading("sad", 0.3), True, ""),
        ("sad", True, reading("happy", 0.4), True, "mixed"),
        ("happy", True, reading("sad", 0.4), True, "mixed"),
        ("happy", True, reading("sad", 0.9), True, "sad"),
        ("tired", True, reading("angry", 0.4), True, "tired"),
        ("happy", True, reading("neutral", 0.9), True, "happy"),
    ],
)
def test_the_moment_is_what_model_and_words_agree_on(
    named: str, sure: bool, felt: AffectReading | None, trusted: bool, moment: str
) -> None:
    assert persona.moment(named, sure, felt, trusted=trusted) == moment


@pytest.mark.parametrize(
    ("words", "moment", "language"),
    [
        ("My son got hurt at school.", "happy", "en"),
        ("Our house was burgled, we had an accident.", "relieved", "en"),
        ("우리 아들이 학교에서 다쳤어.", "happy", "ko"),
        ("남편이 회사에서 잘렸어.", "happy", "ko"),
        ("우리 딸이 오늘 첫걸음을 뗐어.", "sad", "ko"),
        ("Oh, I see.", "thanks", "en"),
        ("You're all the same.", "thanks", "en"),
        ("He never calls.", "hello", "en"),
        ("아 그렇구나", "thanks", "ko"),
        ("됐어 너도 똑같네", "thanks", "ko"),
        ("할머니가 나 키워주셨거든", "hello", "ko"),
    ],
)
def test_no_moment_is_what_its_news_belie(words: str, moment: str, language: Language) -> None:
    assert load(language).belies(moment, words)


@pytest.mark.parametrize(
    ("words", "moment", "language"),
    [
        ("They found my stolen bike!", "happy", "en"),
        ("She got married and did not invite me.", "sad", "en"),
        ("I got the job!", "happy", "en"),
        ("다행히 아무도 안 다쳤어.", "relieved", "ko"),
        ("잃어버렸던 지갑을 찾았어!", "happy", "ko"),
        ("할머니가 넘어지셨어.", "sad", "ko"),
        ("나 취직했어!", "happy", "ko"),
        ("Thanks, that helped.", "thanks", "en"),
        ("You are very kind.", "thanks", "en"),
        ("Good morning!", "hello", "en"),
        ("hi it's me", "hello", "en"),
        ("들어줘서 고맙다", "thanks", "ko"),
        ("안녕, 나야", "hello", "ko"),
    ],
)
def test_what_turned_out_well_may_be_celebrated_and_what_is_hard_stays_hard(
    words: str, moment: str, language: Language
) -> None:
    assert not load(language).belies(moment, words)


@pytest.mark.parametrize(
    ("said", "language"),
    [
        ("That's great to hear!", "en"),
        ("Oh, how wonderful!", "en"),
        ("I'm happy for you.", "en"),
        ("정말 잘됐네요!", "ko"),
        ("좋은 소식이네요.", "ko"),
    ],
)
def test_no_joy_is_shown_at_what_is_hard(said: str, language: Language) -> None:
    wording = load(language)
    hard, ordinary = plan(Situation("sad")), plan(Situation("happy"))
    assert any(pattern.search(said) for pattern in wording.unfitting(hard, "sad"))
    assert any(pattern.search(said) for pattern in wording.unfitting(hard, "mixed"))
    assert not any(pattern.search(said) for pattern in wording.unfitting(ordinary, "happy"))


@pytest.mark.parametrize(
    "said", ["I'm glad you said it.", "That's a great loss.", "What a nice man he must have been."]
)
def test_what_is_said_in_sorrow_is_no_joy(said: str) -> None:
    assert not load("en").glad.search(said)


@pytest.mark.parametrize("words", ["Alex is really nervous.", "My sister is so sad.", "She cried all night."])
def test_somebody_elses_feeling_is_not_given_to_the_owner(words: str) -> None:
    wording = load("en")
    assert wording.speaks_to("No wonder you're nervous.", words)
    assert not wording.speaks_to("That's a lot to face.", words)
    assert not wording.speaks_to("No wonder you're nervous.", "I'm really nervous.")


@pytest.mark.parametrize(
    ("words", "language"),
    [
        ("Okay.", "en"),
        ("Yeah.", "en"),
        ("dunno", "en"),
        ("Whatever.", "en"),
        ("응.", "ko"),
        ("그냥", "ko"),
        ("몰라요", "ko"),
    ],
)
def test_a_bare_word_is_little_to_go_on_from(words: str, language: Language) -> None:
    assert load(language).says_little(words)


@pytest.mark.parametrize(
    ("words", "language"),
    [("Work.", "en"), ("No, she died.", "en"), ("Okay, I'll call him.", "en"), ("응 힘들어", "ko")],
)
def test_a_word_that_tells_something_is_not_little(words: str, language: Language) -> None:
    assert not load(language).says_little(words)
