"""What is listened for, on virtual time: asleep, awake, muted, whatever happens in whatever order."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from companion.events import samples
from companion.turns.attention import Attention, AttentionLimits, Change, Invite, State, Step
from companion.turns.rest import asked_to_rest

LIMITS = AttentionLimits(follow_up=samples(8), invite=samples(0.4))


def awake() -> Attention:
    attention = Attention(LIMITS)
    attention.woken(0)
    return attention


def test_it_sleeps_until_the_wake_word() -> None:
    attention = Attention(LIMITS)
    assert attention.tick(samples(3600)) == []
    assert attention.state is State.ASLEEP
    assert attention.woken(samples(3600)) == [Change(State.AWAKE, "wake word")]


def test_who_says_only_the_wake_word_is_told_once_that_it_listens() -> None:
    attention = awake()
    assert attention.tick(LIMITS.invite - 1) == []
    assert attention.tick(LIMITS.invite) == [Invite()]
    assert attention.tick(LIMITS.invite + 1) == []


def test_who_speaks_on_after_the_wake_word_is_not_spoken_into() -> None:
    attention = awake()
    attention.turn_began()
    assert attention.tick(samples(60)) == []


def test_after_a_reply_no_wake_word_is_needed_for_a_while() -> None:
    attention = awake()
    attention.turn_began()
    over = samples(30)
    assert attention.turn_over(over) == []
    assert attention.tick(over + LIMITS.follow_up - 1) == []
    assert attention.state is State.AWAKE
    assert attention.tick(over + LIMITS.follow_up) == [Change(State.ASLEEP, "window over")]


def test_asked_to_rest_it_says_its_goodbye_first() -> None:
    attention = awake()
    attention.turn_began()
    attention.asked_to_rest()
    assert attention.state is State.AWAKE
    assert attention.turn_over(samples(3)) == [Change(State.ASLEEP, "asked")]
    attention.woken(samples(9))
    attention.turn_began()
    assert attention.turn_over(samples(12)) == []  # asked once, rested once


def test_a_mute_by_the_key_is_lifted_by_the_key_alone() -> None:
    attention = awake()
    assert attention.mute(samples(1)) == [Change(State.MUTED, "key")]
    assert attention.woken(samples(2)) == []
    assert attention.tick(samples(3600)) == []
    assert attention.mute(samples(3600)) == [Change(State.AWAKE, "key")]
    assert attention.tick(samples(3609)) == [Change(State.ASLEEP, "window over")]


def test_without_a_wake_word_it_is_always_awake_and_rests_by_muting() -> None:
    attention = Attention(LIMITS, wake_word=False)
    attention.turn_began()
    assert attention.turn_over(samples(5)) == []
    assert attention.tick(samples(86_400)) == []
    assert attention.state is State.AWAKE
    attention.turn_began()
    attention.asked_to_rest()
    assert attention.turn_over(samples(86_403)) == [Change(State.MUTED, "asked")]


@pytest.mark.parametrize(("wake_word", "rests"), [(True, State.ASLEEP), (False, State.MUTED)])
def test_called_only_it_is_awake_for_one_turn_and_its_answer(wake_word: bool, rests: State) -> None:
    attention = Attention(LIMITS, wake_word=wake_word, called_only=True)
    assert attention.state is rests
    assert attention.call(samples(1)) == [Change(State.AWAKE, "key")]
    attention.turn_began()
    assert attention.turn_over(samples(20)) == [Change(rests, "turn over")]
    attention.call(samples(30))
    assert attention.tick(samples(38)) == [Change(rests, "window over")], "nothing was said"


def test_it_can_be_called_only_from_now_on() -> None:
    attention = Attention(LIMITS, wake_word=False)
    assert attention.only_when_called() == [Change(State.MUTED, "turn over")]
    assert attention.only_when_called() == []
    attention.call(0)
    attention.turn_began()
    assert attention.turn_over(samples(5), another=True) == [], "who speaks over the answer is heard out"
    assert attention.turn_over(samples(9)) == [Change(State.MUTED, "turn over")]


def test_the_key_to_talk_wakes_from_sleep_and_from_mute_and_opens_the_window_afresh() -> None:
    attention = Attention(LIMITS)
    assert attention.call(samples(1)) == [Change(State.AWAKE, "key")]
    assert attention.call(samples(8)) == []
    assert attention.tick(samples(9)) == []
    attention.mute(samples(10))
    assert attention.call(samples(11)) == [Change(State.AWAKE, "key")]


def test_a_cough_in_the_window_neither_ends_it_nor_makes_it_longer() -> None:
    attention = awake()
    attention.turn_began()
    assert attention.tick(LIMITS.follow_up + 1) == []
    attention.nothing_said()
    assert attention.tick(LIMITS.follow_up + 2) == [Change(State.ASLEEP, "window over")]


def test_who_speaks_over_the_goodbye_is_heard_out_before_it_rests() -> None:
    attention = awake()
    attention.turn_began()
    attention.asked_to_rest()
    assert attention.turn_over(samples(3), another=True) == []
    assert attention.tick(samples(60)) == []
    attention.asked_to_rest(False)  # "no, wait, one more thing"
    assert attention.turn_over(samples(61)) == []


@pytest.mark.parametrize(("wake_word", "rests"), [(True, State.ASLEEP), (False, State.MUTED)])
def test_who_only_coughs_over_the_goodbye_is_let_rest(wake_word: bool, rests: State) -> None:
    attention = Attention(LIMITS, wake_word=wake_word)
    attention.call(0)
    attention.turn_began()
    attention.asked_to_rest()
    assert attention.turn_over(samples(3), another=True) == []
    assert attention.nothing_said() == [Change(rests, "asked")]


CAUSES = st.sampled_from(
    ["woken", "call", "mute", "turn_began", "nothing_said", "asked_to_rest", "turn_over", "over_with_another", "tick"]
)


IN_A_TURN = ("turn_began", "nothing_said", "asked_to_rest")


def happens(attention: Attention, cause: str, now: int) -> list[Step]:
    if cause in IN_A_TURN:
        return getattr(attention, cause)() or []
    if cause == "over_with_another":
        return attention.turn_over(now, another=True)
    steps: list[Step] = getattr(attention, cause)(now)
    return steps


@settings(deadline=None)  # a machine that is stopped for a while is no failure
@given(st.lists(st.tuples(CAUSES, st.integers(0, samples(20)))), st.booleans(), st.booleans())
def test_no_order_of_events_leaves_it_listening_when_it_should_not(
    events: list[tuple[str, int]], wake_word: bool, called_only: bool
) -> None:
    attention = Attention(LIMITS, wake_word=wake_word, called_only=called_only)
    now, reason_to_listen, in_turn = 0, 0, False
    for cause, passed in events:
        now += passed
        before = attention.state
        if cause in IN_A_TURN and before is not State.AWAKE:
            continue  # the loop begins no turn then
        steps = happens(attention, cause, now)
        changes = [step for step in steps if isinstance(step, Change)]
        assert [change.state for change in changes] == ([attention.state] if attention.state is not before else [])
        if before is State.MUTED and attention.state is not State.MUTED:
            assert cause in ("call", "mute")
        if before is State.ASLEEP and attention.state is State.AWAKE:
            assert cause in ("woken", "call")
        if cause == "mute":
            assert attention.state is not before
        if attention.state is not State.AWAKE or cause in ("turn_over", "nothing_said"):
            in_turn = False
        elif cause in ("turn_began", "over_with_another"):
            in_turn = True
        if cause in ("call", "mute", "turn_over", "over_with_another") or (cause == "woken" and before is State.ASLEEP):
            reason_to_listen = now
        for step in (steps, attention.tick(now), attention.tick(now)):
            if Invite() in step:
                assert attention.state is State.AWAKE
                assert not in_turn
        assert not (called_only and cause == "turn_over" and attention.state is State.AWAKE)
        if attention.state is State.AWAKE and not in_turn and (wake_word or called_only):
            assert now - reason_to_listen < LIMITS.follow_up
        assert wake_word or attention.state is not State.ASLEEP


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Go to sleep."),
        ("en", "Okay, you can go to sleep now, thanks."),
        ("en", "Stop listening, please."),
        ("en", "Mute."),
        ("en", "Mute yourself."),
        ("en", "Please turn the microphone off."),
        ("en", "Don't listen to us for a while."),
        ("en", "Samantha, go to sleep."),
        ("ko", "이제 그만 들어."),
        ("ko", "잘 자, 이제 그만 들어."),
        ("ko", "그만 들어 줘요"),
        ("ko", "이제 듣지 마"),
        ("ko", "음소거 해 줘."),
        ("ko", "마이크 꺼 줘."),
        ("ko", "사만다야, 이제 자도 돼."),
    ],
)
def test_it_can_be_asked_to_rest(language: str, text: str) -> None:
    assert asked_to_rest(text, language, "사만다" if language == "ko" else "Samantha")


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "I can't go to sleep."),
        ("en", "I want to go to sleep and never wake up."),
        ("en", "You never stop listening, do you?"),
        ("en", "Don't go to sleep."),
        ("en", "He told me to mute the radio."),
        ("en", "Good night."),
        ("en", ""),
        ("ko", "요즘 잠들기가 힘들어."),
        ("ko", "영원히 잠들고 싶어."),
        ("ko", "잘 자."),
        ("ko", "내 말 좀 들어 봐."),
        ("ko", "내 말 들어 줘."),
        ("ko", "이제 자러 갈게."),
        ("ko", "그만 힘들어 하고 싶어."),
    ],
)
def test_talk_of_sleep_is_no_request(language: str, text: str) -> None:
    assert not asked_to_rest(text, language)
