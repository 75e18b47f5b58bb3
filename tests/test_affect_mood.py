"""A mood moves slowly, returns to the usual, and can be kept."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion.affect import mood
from companion.affect.mood import HOUR_S, Mood

NOON = 1_800_000_000.0
unit = st.floats(-1, 1)


def test_one_bad_moment_does_not_overturn_a_good_day() -> None:
    day = Mood()
    for hour in range(8):
        day = mood.moved(day, 0.7, 0.2, 0.8, NOON + hour * HOUR_S / 4)
    after = mood.moved(day, -0.9, 0.8, 0.8, NOON + 2 * HOUR_S)
    assert after.valence > 0.2
    assert after.valence < day.valence


def test_what_lasts_turns_the_mood() -> None:
    day = mood.moved(Mood(), 0.7, 0.2, 0.8, NOON)
    for turn in range(12):
        day = mood.moved(day, -0.8, -0.3, 0.7, NOON + 60 * turn)
    assert day.valence < -0.5


def test_a_guess_moves_less_than_a_sure_feeling_and_no_confidence_moves_nothing() -> None:
    start = mood.moved(Mood(), 0.4, 0.0, 1.0, NOON)
    later = NOON + 60
    sure, guess, nothing = (mood.moved(start, -0.8, 0.0, confidence, later) for confidence in (0.9, 0.2, 0.0))
    assert sure.valence < guess.valence < nothing.valence
    assert nothing == mood.at(start, later)


def test_left_alone_the_mood_returns_to_the_usual_within_days() -> None:
    sad = mood.moved(Mood(usual_valence=0.3), -0.9, -0.4, 1.0, NOON)
    assert mood.at(sad, NOON + HOUR_S).valence < 0
    assert mood.at(sad, NOON + 48 * HOUR_S).valence == pytest.approx(0.3, abs=0.01)


def test_the_usual_follows_weeks_and_not_a_day() -> None:
    state = Mood()
    for hour in range(24):
        state = mood.moved(state, -0.8, 0.0, 1.0, NOON + hour * HOUR_S)
    assert state.usual_valence > -0.1
    for hour in range(24, 24 * 60):
        state = mood.moved(state, -0.8, 0.0, 1.0, NOON + hour * HOUR_S)
    assert state.usual_valence < -0.5


@given(st.lists(st.tuples(unit, unit, st.floats(0, 1), st.floats(-HOUR_S, 1e7)), max_size=30))
def test_it_stays_in_range_even_where_the_clock_goes_back(feelings: list[tuple[float, float, float, float]]) -> None:
    state, now = Mood(), NOON
    for valence, arousal, confidence, passed in feelings:
        now += passed
        state = mood.moved(state, valence, arousal, confidence, now)
        values = (state.valence, state.arousal, state.usual_valence, state.usual_arousal)
        assert all(-1 <= value <= 1 for value in values)
        assert 0 <= state.weight <= mood.WEIGHT


def test_a_clock_set_back_changes_nothing() -> None:
    state = mood.moved(Mood(), 0.9, 0.5, 1.0, NOON)
    assert mood.at(state, NOON - 9 * HOUR_S) == state


def test_a_mood_survives_the_store() -> None:
    state = mood.moved(mood.moved(Mood(), 0.5, -0.2, 0.6, NOON), -0.1, 0.3, 0.4, NOON + HOUR_S)
    assert Mood.from_record(json.loads(json.dumps(state.to_record()))) == state
