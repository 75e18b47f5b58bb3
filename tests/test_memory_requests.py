"""The owner asks the memory by voice: only a whole request counts, only a clear yes destroys."""

from __future__ import annotations

import re
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from companion.memory.extraction import extract
from companion.memory.language.found import load
from companion.memory.requests import Request, confirmed, parse_request, span
from companion.memory.spoken import AT_ONCE, day, spoken, things, to_the_owner, told

DATA = Path(__file__).parent / "data" / "requests"
NOW = datetime(2025, 11, 20, 15, 0)  # a Thursday
BEGAN = datetime(2025, 11, 20, 14, 40)
LANGUAGES = ("en", "ko")
SPOKEN = load("spoken.toml")


def asked(language: str) -> list[tuple[str, str]]:
    lines = (line for line in (DATA / f"{language}.tsv").read_text("utf-8").splitlines() if not line.startswith("#"))
    return [(said, wanted) for said, wanted in (line.split("\t") for line in lines)]


def ordinary(language: str) -> list[str]:
    lines = (DATA / f"{language}-none.txt").read_text("utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


def shown(request: Request | None) -> str:
    if request is None:
        return ""
    fields = [(name, getattr(request, name)) for name in ("about", "text", "period")]
    return " ".join([request.act, *(f"{name}={value}" for name, value in fields if value)])


# --- what is a request -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_request_is_understood(language):
    assert {said: shown(parse_request(said, language)) for said, _ in asked(language)} == dict(asked(language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_talk_that_only_holds_the_words_is_no_request(language):
    assert {s: shown(r) for s in ordinary(language) if (r := parse_request(s, language))} == {}


def test_the_lists_are_long_enough():
    assert all(len(ordinary(language)) >= 100 for language in LANGUAGES)


@pytest.mark.parametrize("frame", ["he said {}", "i don't know why but {} came to my mind", "she always says {} to me"])
def test_a_request_told_inside_a_story_is_none(frame):
    assert [s for s, _ in asked("en") if parse_request(frame.format(s.rstrip("?.")), "en")] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_capitals_and_marks_change_nothing(language):
    for said, wanted in asked(language):
        act = wanted.split()[0]
        request = parse_request(said.rstrip(".?").capitalize() + ".", language)
        assert request is not None and request.act == act, said


def test_the_words_to_remember_are_shown_where_they_stand():
    for language in LANGUAGES:
        for said, _ in asked(language):
            request = parse_request(said, language)
            assert request is not None
            assert said[slice(*request.at)] == request.text


@given(st.text(max_size=80))
@settings(max_examples=300, deadline=None)
def test_no_text_breaks_it(said):
    for language in LANGUAGES:
        parse_request(said, language)
        confirmed(said, language)


def test_a_name_that_only_the_store_knows_is_a_person():
    assert parse_request("what do you know about zorblax", "en") is None
    assert parse_request("what do you know about zorblax", "en", ["Zorblax"]) == Request("tell", "zorblax")
    assert parse_request("조르블락스에 대해 뭐 알아", "ko", ["조르블락스"]) == Request("tell", "조르블락스")


def test_forgetting_everything_about_me_is_forgetting_everything():
    assert parse_request("forget everything about me", "en") == Request("forget_all")
    assert parse_request("나에 대한 거 전부 지워 줘", "ko") == Request("forget_all")


def test_what_is_to_be_remembered_is_mostly_understood_as_facts_too():
    for language in LANGUAGES:
        requests = [request for said, _ in asked(language) if (request := parse_request(said, language))]
        texts = [request.text for request in requests if request.act == "remember"]
        assert sum(bool(extract(text, language, NOW)) for text in texts) >= len(texts) / 2


def test_another_language_knows_no_requests():
    assert parse_request("vergiss das", "de") is None
    assert not confirmed("ja", "de")


# --- yes and no ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said", ["yes", "Yes.", "yeah sure", "yes please", "do it", "go ahead", "yes, delete it", "of course", "okay"]
)
def test_a_clear_yes_is_yes(said):
    assert confirmed(said, "en")


@pytest.mark.parametrize(
    "said",
    [
        "",
        "no",
        "yes?",
        "maybe",
        "yes but not the dog",
        "yeah no",
        "i guess so",
        "hmm",
        "wait",
        "yes or no",
        "not yet",
        "i said yes to him",
        "no yes",
        "sure thing he said",
        "stop",
        "what",
        "okay but why",
        "yes i mean no",
        "don't do it",
    ],
)
def test_anything_else_is_no(said):
    assert not confirmed(said, "en")


@pytest.mark.parametrize(
    "said", ["네", "응", "그래", "네, 지워 줘", "응 다 지워", "좋아요.", "그렇게 해 줘", "물론이지"]
)
def test_a_clear_korean_yes_is_yes(said):
    assert confirmed(said, "ko")


@pytest.mark.parametrize(
    "said",
    [
        "",
        "아니",
        "아니요",
        "네?",
        "응?",
        "음",
        "어",
        "글쎄",
        "네 근데 잠깐",
        "아니 그래도",
        "그래도 될까",
        "나중에",
        "잠깐만",
        "네가 알아서",
        "응 아니",
        "지우지 마",
        "몰라",
    ],
)
def test_anything_else_in_korean_is_no(said):
    assert not confirmed(said, "ko")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_ordinary_talk_and_no_request_to_keep_is_a_yes(language):
    yes = {said for said in ordinary(language) if confirmed(said, language)}
    assert yes <= {"yes", "네", "응"}


# --- periods ---------------------------------------------------------------------------------------------------------


def local(period: str) -> tuple[datetime, datetime]:
    start, end = span(period, NOW, BEGAN)
    return datetime.fromtimestamp(start / 1000), datetime.fromtimestamp(end / 1000)


@pytest.mark.parametrize(
    ("periods", "start", "end"),
    [
        (("today", "오늘"), datetime(2025, 11, 20), datetime(2025, 11, 20, 15, 0, 1)),
        (("yesterday", "어제"), datetime(2025, 11, 19), datetime(2025, 11, 20)),
        (("this week", "이번 주"), datetime(2025, 11, 17), datetime(2025, 11, 20, 15, 0, 1)),
        (("last week", "지난주"), datetime(2025, 11, 10), datetime(2025, 11, 17)),
        (("this month", "이번 달"), datetime(2025, 11, 1), datetime(2025, 11, 20, 15, 0, 1)),
        (("last month", "지난달"), datetime(2025, 10, 1), datetime(2025, 11, 1)),
        (("the last hour", "지난 한 시간"), datetime(2025, 11, 20, 14, 0), datetime(2025, 11, 20, 15, 0, 1)),
        (("the last ten minutes", "최근 십 분"), datetime(2025, 11, 20, 14, 50), datetime(2025, 11, 20, 15, 0, 1)),
        (("the last half hour", "최근 삼십 분"), datetime(2025, 11, 20, 14, 30), datetime(2025, 11, 20, 15, 0, 1)),
        (("this conversation", "이 대화"), BEGAN, datetime(2025, 11, 20, 15, 0, 1)),
    ],
)
def test_a_period_is_the_days_it_means(periods, start, end):
    for period in periods:
        assert local(period) == (start, end), period


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_period_that_is_understood_has_its_days(language):
    for said, _ in asked(language):
        request = parse_request(said, language)
        if (
            request is not None
            and request.period
            and "conversation" not in request.period
            and "대화" not in request.period
        ):
            start, end = local(request.period)
            assert start < end and start != BEGAN, request.period


# --- what is answered ------------------------------------------------------------------------------------------------


def test_both_languages_answer_everything():
    assert SPOKEN["en"].keys() == SPOKEN["ko"].keys()


def test_an_answer_asks_one_thing_at_most_and_only_where_an_answer_is_needed():
    asking = {"whom", "guessed", "more", "why_guessed", "ask_right", "which", "instead"} | {
        k for k in SPOKEN["en"] if k.startswith("confirm_")
    }
    for language in LANGUAGES:
        for name, sentence in SPOKEN[language].items():
            if name not in {"words", "note"}:
                assert sentence.count("?") == (name in asking), (language, name)


def test_korean_answers_are_polite():
    for name, sentence in SPOKEN["ko"].items():
        if name not in {"words", "note"}:
            parts = [part for part in re.split(r"[.?]\s*", sentence) if part]
            assert all(re.search(r"(?:[요죠]|\{words\}|\{said\})$", part) for part in parts), name


def test_nothing_is_destroyed_without_naming_it_and_asking():
    said = spoken("confirm_about", "en", about="Tom", things=things(12, "en"))
    assert said == "I will forget everything about Tom: 12 things. Shall I?"
    assert (
        spoken("confirm_about", "ko", about="민수", things=things(3, "ko"))
        == "민수에 대한 걸 모두 잊을게요. 모두 세 가지예요. 그럴까요?"
    )
    assert spoken("nothing_forgotten", "en") == "Nothing is forgotten."


def test_one_thing_is_one_thing():
    assert things(1, "en") == "one thing"
    assert things(1, "ko") == "한 가지"
    assert things(12, "ko") == "12개"


def test_what_is_known_is_read_out_three_at_a_time():
    facts = ["is called Anna", "has a sister called Mina", "works at the bank", "likes coffee", "lives in Seoul"]

    said = told(facts, "en")

    assert said == (
        "You told me that you are called Anna, that you have a sister called Mina and that you work at the bank."
        " There is more: 2 things. Shall I go on?"
    )
    assert told(facts[AT_ONCE:], "en") == "You told me that you like coffee and that you live in Seoul."


def test_what_is_known_is_read_out_in_korean_as_the_owners_own_words():
    facts = ["서울에 산다", "간호사이다", "커피를 좋아한다", "34살이다 (2025년 11월 기준)"]

    assert told(facts[:2], "ko") == "서울에 산다고 하셨고, 간호사라고 하셨어요."
    assert told(facts, "ko") == (
        "서울에 산다고 하셨고, 간호사라고 하셨고, 커피를 좋아한다고 하셨어요. 더 있어요. 한 가지 남았는데, 계속할까요?"
    )
    assert told(facts[3:], "ko") == "2025년 11월에 34살이라고 하셨어요."


def test_knowing_nothing_is_said():
    assert told([], "en") == "You have not told me anything that I remember."
    assert spoken("knows_nothing_about", "ko", about="민수") == "민수에 대해서는 기억하는 게 없어요."


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("is gay", "you are gay"),
        ("was born in 1990", "you were born in 1990"),
        ("does not eat meat", "you do not eat meat"),
        ("goes running every morning", "you go running every morning"),
        ("teaches math", "you teach math"),
        ("studies biology", "you study biology"),
        ("uses a wheelchair", "you use a wheelchair"),
        ("cannot swim", "you cannot swim"),
        ("smokes", "you smoke"),
        ("lost their dog Rex", "you lost your dog Rex"),
        ("their sister Mina is a nurse", "your sister Mina is a nurse"),
        ("is 34 years old (said in November 2025)", "as of November 2025 you are 34 years old"),
    ],
)
def test_a_statement_is_said_to_the_owner(statement, said):
    assert to_the_owner(statement) == said


def test_every_statement_that_can_be_found_can_be_said():
    facts = [
        f
        for line in (DATA.parent / "facts" / "en.tsv").read_text("utf-8").splitlines()
        if "\t" in line
        for f in line.split("\t")[1].split(" | ")
        if f != "?"
    ]
    for fact in facts:
        assert not re.search(r"\b(?:their|them|theirs|you (?:is|has|does|was))\b", to_the_owner(fact)), fact


def test_where_it_is_known_from_names_the_day():
    today = date(2025, 11, 20)
    assert day(today, today, "en") == "today"
    assert day(date(2025, 11, 19), today, "ko") == "어제"
    assert day(date(2025, 5, 3), today, "en") == "on 3 May"
    assert day(date(2024, 5, 3), today, "ko") == "2024년 5월 3일에"
    assert (
        spoken("why_said", "en", when="yesterday", words="my sister is coming")
        == "You said, yesterday: my sister is coming."
    )
