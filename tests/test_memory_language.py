"""Numbers, days and Korean endings are read as people say them."""

from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion.memory.language import hangul, moments_en, moments_ko
from companion.memory.language.numbers import number, ordinal
from companion.memory.language.sentences import lowered, sentences
from companion.memory.language.verbs_en import base_form, third_person

TODAY = date(2025, 11, 20)  # a Thursday


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("34", 34),
        ("thirty four", 34),
        ("thirty-four", 34),
        ("nineteen", 19),
        ("서른넷", 34),
        ("스물", 20),
        ("스무", 20),
        ("서른 네", 34),
        ("삼십사", 34),
        ("십", 10),
        ("다섯", 5),
    ],
)
def test_a_number_is_read_as_it_is_said(text, value):
    assert number(text) == value


@pytest.mark.parametrize("text", ["", "many", "thirty cows", "서른이다"])
def test_what_is_no_number_has_no_value(text):
    assert number(text) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [("5th", 5), ("fifth", 5), ("twenty-first", 21), ("thirtieth", 30), ("thirty first", 31), ("3", 3)],
)
def test_an_ordinal_is_read_as_it_is_said(text, value):
    assert ordinal(text) == value


@pytest.mark.parametrize(
    ("text", "direction", "start", "end"),
    [
        ("tomorrow", 1, date(2025, 11, 21), date(2025, 11, 21)),
        ("tomorrow morning at nine", 1, date(2025, 11, 21), date(2025, 11, 21)),
        ("the day after tomorrow", 1, date(2025, 11, 22), date(2025, 11, 22)),
        ("last night", -1, date(2025, 11, 19), date(2025, 11, 19)),
        ("on monday", 1, date(2025, 11, 24), date(2025, 11, 24)),
        ("on monday", -1, date(2025, 11, 17), date(2025, 11, 17)),
        ("thursday", 1, date(2025, 11, 27), date(2025, 11, 27)),
        ("next friday", 1, date(2025, 11, 28), date(2025, 11, 28)),
        ("this weekend", 1, date(2025, 11, 22), date(2025, 11, 23)),
        ("next week", 1, date(2025, 11, 24), date(2025, 11, 30)),
        ("in two weeks", 1, date(2025, 12, 1), date(2025, 12, 7)),
        ("in ten days", 1, date(2025, 11, 30), date(2025, 11, 30)),
        ("next month", 1, date(2025, 12, 1), date(2025, 12, 31)),
        ("in may", 1, date(2026, 5, 1), date(2026, 5, 31)),
        ("in may", -1, date(2025, 5, 1), date(2025, 5, 31)),
        ("last december", -1, date(2024, 12, 1), date(2024, 12, 31)),
        ("two months ago", -1, date(2025, 9, 1), date(2025, 9, 30)),
        ("next summer", 1, date(2026, 6, 1), date(2026, 8, 31)),
        ("the fifth of may", 1, date(2026, 5, 5), date(2026, 5, 5)),
        ("march 3rd 2024", -1, date(2024, 3, 3), date(2024, 3, 3)),
        ("in 2019", -1, date(2019, 1, 1), date(2019, 12, 31)),
    ],
)
def test_an_english_phrase_is_the_days_it_means(text, direction, start, end):
    moment = moments_en.moment(text, TODAY, direction)
    assert moment is not None
    assert (moment.start, moment.end) == (start, end)
    assert re.fullmatch(moments_en.WHEN.replace(" ?", r"\s*"), text)


@pytest.mark.parametrize(
    ("text", "direction", "start", "end"),
    [
        ("내일", 1, date(2025, 11, 21), date(2025, 11, 21)),
        ("내일 아침 아홉 시에", 1, date(2025, 11, 21), date(2025, 11, 21)),
        ("모레", 1, date(2025, 11, 22), date(2025, 11, 22)),
        ("어젯밤", -1, date(2025, 11, 19), date(2025, 11, 19)),
        ("월요일에", 1, date(2025, 11, 24), date(2025, 11, 24)),
        ("다음 주 화요일", 1, date(2025, 11, 25), date(2025, 11, 25)),
        ("이번 주말", 1, date(2025, 11, 22), date(2025, 11, 23)),
        ("지난주에", -1, date(2025, 11, 10), date(2025, 11, 16)),
        ("다음 달에", 1, date(2025, 12, 1), date(2025, 12, 31)),
        ("5월 5일", 1, date(2026, 5, 5), date(2026, 5, 5)),
        ("2년 전에", -1, date(2023, 1, 1), date(2023, 12, 31)),
        ("두 달 전", -1, date(2025, 9, 1), date(2025, 9, 30)),
        ("일주일 뒤에", 1, date(2025, 11, 27), date(2025, 11, 27)),
        ("내년 여름", 1, date(2026, 6, 1), date(2026, 8, 31)),
        ("작년 12월에", -1, date(2024, 12, 1), date(2024, 12, 31)),
        ("지난 여름", -1, date(2025, 6, 1), date(2025, 8, 31)),
    ],
)
def test_a_korean_phrase_is_the_days_it_means(text, direction, start, end):
    moment = moments_ko.moment(text, TODAY, direction)
    assert moment is not None
    assert (moment.start, moment.end) == (start, end)
    assert re.fullmatch(moments_ko.WHEN.replace(" ?", r"\s*"), text)


@pytest.mark.parametrize(("module", "text"), [(moments_en, "june 31"), (moments_ko, "6월 31일"), (moments_ko, "13월")])
def test_a_day_that_does_not_exist_is_none(module, text):
    assert module.moment(text, TODAY) is None


def test_only_a_day_returns_every_year():
    day, week = moments_en.moment("tomorrow", TODAY), moments_en.moment("next week", TODAY)
    assert day is not None and week is not None
    assert (day.yearly, week.yearly) == ("on 21 November", "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("커피[을]", "커피를"),
        ("밥[을]", "밥을"),
        ("민아[이라고]", "민아라고"),
        ("민준[이라고]", "민준이라고"),
        ("서울[으로]", "서울로"),
        ("부산[으로]", "부산으로"),
        ("3[이]", "3이"),
        ("2[이]", "2가"),
    ],
)
def test_a_particle_takes_the_form_its_word_asks_for(text, said):
    assert hangul.particles(text) == said


@pytest.mark.parametrize(
    "form",
    [
        "살아",
        "살아요",
        "삽니다",
        "산다",
        "사는데",
        "살거든요",
        "살고",
        "살고 있어요",
        "살지만",
        "사니까",
        "살아서",
        "사네요",
    ],
)
def test_a_verb_that_states_is_known_by_its_ending(form):
    assert re.fullmatch(hangul.present("살", "살아").replace(" ?", r"\s*"), form)


@pytest.mark.parametrize("form", ["살까", "살면", "산대", "살래", "살아라", "사니", "살자", "살던", "사는"])
def test_questions_conditions_and_hearsay_state_nothing(form):
    assert not re.fullmatch(hangul.present("살", "살아").replace(" ?", r"\s*"), form)


@pytest.mark.parametrize(
    ("infinitive", "form"), [("이사해", "이사했어요"), ("살아", "살았는데"), ("먹어", "먹었거든"), ("가", "갔습니다")]
)
def test_the_past_is_known_by_its_ending(infinitive, form):
    assert re.fullmatch(hangul.past(infinitive), form)


@given(st.text(max_size=60))
def test_small_letters_keep_every_place(text):
    assert len(lowered(text)) == len(text)


def test_sentences_end_at_marks_but_not_in_titles():
    text = lowered("Dr. Kim called. Did he? Yes!")
    assert [text[s.start : s.end].strip() for s in sentences(text)] == ["dr. kim called", "did he", "yes"]
    assert [s.asked for s in sentences(text)] == [False, True, False]


@pytest.mark.parametrize(
    "verb", ["go", "have", "do", "study", "watch", "use", "teach", "play", "pass", "bake", "own", "exercise"]
)
def test_a_verb_put_in_the_third_person_comes_back(verb):
    assert base_form(third_person(verb)) == verb
