"""Facts are found in the owner's own words, each with the words that prove it, and nothing is invented."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from companion.memory.extraction import (
    Conflicts,
    FoundFact,
    New,
    Same,
    Supersedes,
    extract,
    reconcile,
)
from companion.memory.facts import Fact

DATA = Path(__file__).parent / "data" / "facts"
NOW = datetime(2025, 11, 23, 15, 0)  # a Sunday
LANGUAGES = ("en", "ko")


def told(language: str) -> list[tuple[str, list[str]]]:
    """What people say, and what it proves ("?": a fact that is not found yet)."""
    lines = (line for line in (DATA / f"{language}.tsv").read_text("utf-8").splitlines() if not line.startswith("#"))
    return [(said, facts.split(" | ")) for said, facts in (line.split("\t") for line in lines)]


def untold(language: str) -> list[str]:
    """What people say that proves nothing about them."""
    lines = (DATA / f"{language}-none.txt").read_text("utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


def found(said: str, language: str) -> list[str]:
    return [fact.statement for fact in extract(said, language, NOW)]


def one(said: str, language: str = "en") -> FoundFact:
    (fact,) = extract(said, language, NOW)
    return fact


# --- the lists -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_told_is_found_word_for_word(language):
    listed = {said: sorted(facts) for said, facts in told(language) if "?" not in facts}

    assert {said: sorted(found(said, language)) for said in listed} == listed


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_found_where_nothing_is_told(language):
    assert {said: got for said in untold(language) if (got := found(said, language))} == {}


def test_capitals_and_full_stops_change_nothing():
    for said, facts in told("en"):
        if "?" not in facts and said.islower():
            sentence = re.sub(r"\bi\b", "I", said[0].upper() + said[1:]) + "."
            assert {fact.lower() for fact in found(sentence, "en")} == {fact.lower() for fact in facts}, sentence


def test_a_korean_full_stop_takes_nothing_away():
    for said, facts in told("ko"):
        if "?" not in facts and not re.search(r"[.!?]$", said):
            assert set(found(f"{said}.", "ko")) >= set(facts), said


def test_the_lists_are_long_enough():
    assert all(len(told(language)) >= 200 and len(untold(language)) >= 200 for language in LANGUAGES)


# --- the proof -------------------------------------------------------------------------------------------------------


def everything_said() -> Iterator[tuple[str, str]]:
    for language in LANGUAGES:
        yield from ((said, language) for said, _ in told(language))


def test_every_fact_shows_the_words_that_prove_it():
    for said, language in everything_said():
        for fact in extract(said, language, NOW):
            words = said[slice(*fact.evidence)]
            assert words and words == words.strip(), said
            assert not fact.person or fact.person.split()[-1].lower() in words.lower(), said


@given(
    st.lists(st.sampled_from([*everything_said()]), min_size=1, max_size=4), st.sampled_from([" ", ". ", ", ", " and "])
)
@settings(max_examples=150, deadline=None)
def test_evidence_lies_inside_what_was_said_whatever_is_said(chosen, joint):
    said = joint.join(line for line, _ in chosen)
    for language in LANGUAGES:
        for fact in extract(said, language, NOW):
            start, end = fact.evidence
            assert 0 <= start < end <= len(said)


@given(st.text(max_size=80))
@settings(max_examples=300, deadline=None)
def test_no_text_breaks_it(said):
    for language in LANGUAGES:
        extract(said, language, NOW)


def test_evidence_keeps_its_place_in_letters_that_change_length_in_lower_case():
    said = "İstanbul is nice and I live in Ankara"
    assert said[slice(*one(said).evidence)] == "I live in Ankara"


# --- what proves nothing ---------------------------------------------------------------------------------------------


def plain(language: str) -> list[str]:
    """One clause, one sentence, something told."""
    return [
        said.rstrip(".!")
        for said, facts in told(language)
        if "?" not in facts and not re.search(r"[.!?,] ", said) and not re.search(r"\b(?:do you|키우는데)", said)
    ]


@pytest.mark.parametrize(
    "frame", ["{}?", "do you think {}", "is it true that {}", "what if {}", "should i tell you that {}?"]
)
def test_a_question_is_no_fact(frame):
    assert {s: got for s in plain("en") if (got := found(frame.format(s), "en"))} == {}


@pytest.mark.parametrize(
    "frame",
    [
        "if {} i will tell you",
        "i wish {}",
        "she said {}",
        "he thinks {}",
        "in my dream {}",
        "let's pretend {}",
        'she said "{}"',
        "{} just kidding",
        "maybe {}",
    ],
)
def test_conditions_dreams_jokes_and_words_of_others_are_no_facts(frame):
    assert {s: got for s in plain("en") if (got := found(frame.format(s), "en"))} == {}


def test_a_korean_question_proves_nothing_that_it_asks():
    for said in plain("ko"):
        for fact in extract(f"{said}?", "ko", NOW):
            assert fact.evidence[1] < len(said), said  # only what was said on the way: "강아지 키우는데 너도 키워?"


@pytest.mark.parametrize("frame", ["만약 {}", "꿈에서 {}", '친구가 "{}" 라고 했어', "{} 농담이야", "혹시 {}"])
def test_korean_conditions_dreams_jokes_and_words_of_others_are_no_facts(frame):
    assert {s: got for s in plain("ko") if (got := found(frame.format(s), "ko"))} == {}


def test_an_answer_without_a_subject_is_not_about_the_owner_once_someone_else_is():
    assert found("걔는 의사야. 서울에 살아.", "ko") == []
    assert found("저는 의사예요. 서울에 살아요.", "ko") == ["의사이다", "서울에 산다"]


def test_a_bare_korean_ending_may_be_a_question_and_proves_nothing():
    assert found("커피 좋아해", "ko") == []
    assert found("나는 커피 좋아해", "ko") == found("커피 좋아해.", "ko") == ["커피를 좋아한다"]


def test_another_language_has_no_patterns_and_finds_nothing():
    assert extract("ich heiße Anna", "de", NOW) == []


# --- what a fact carries ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "language"),
    [
        ("i have diabetes", "en"),
        ("i'm catholic", "en"),
        ("i'm gay", "en"),
        ("i voted for the green party", "en"),
        ("i have student loans", "en"),
        ("my mom has dementia", "en"),
        ("저는 당뇨가 있어요", "ko"),
        ("저는 기독교인이에요", "ko"),
        ("저는 게이예요", "ko"),
        ("저는 민주당을 지지해요", "ko"),
        ("나 빚이 많이 있어", "ko"),
    ],
)
def test_health_belief_sexuality_politics_and_money_are_sensitive(said, language):
    assert one(said, language).sensitive


@pytest.mark.parametrize(("said", "language"), [("i like coffee", "en"), ("저는 서울에 살아요", "ko")])
def test_ordinary_things_are_not(said, language):
    assert not one(said, language).sensitive


@pytest.mark.parametrize(("said", "language"), [("tomorrow i have an exam", "en"), ("내일 시험이 있어요", "ko")])
def test_an_event_is_dated_and_forgotten_a_week_after_it(said, language):
    fact = one(said, language)

    assert "2025" in fact.statement and "24" in fact.statement
    assert fact.expires == round(datetime(2025, 12, 1, 23, 59, 59, 999999).timestamp() * 1000)


def test_the_owners_time_zone_decides_when_a_day_ends():
    (fact,) = extract("tomorrow i have an exam", "en", NOW.replace(tzinfo=UTC))
    assert fact.expires == round(datetime(2025, 12, 1, 23, 59, 59, 999999, tzinfo=UTC).timestamp() * 1000)


def test_what_lasts_does_not_expire():
    assert one("my name is mina").expires is None


def test_a_fact_about_a_person_carries_the_name():
    assert one("my sister's name is mina").person == "Mina"
    assert one("제 여동생 이름은 민지예요", "ko").person == "민지"


# --- beside what is known --------------------------------------------------------------------------------------------


def known(*said: str, language: str = "en", kind: str = "said") -> list[Fact]:
    return [
        Fact(fact.statement, 1, fact.evidence, 0, fact.key, kind, id=number)  # type: ignore[arg-type]
        for number, line in enumerate(said, 1)
        for fact in extract(line, language, NOW)
    ]


def relation(said: str, *before: str, language: str = "en"):
    return reconcile(one(said, language), known(*before, language=language))


def test_what_nobody_spoke_of_is_new():
    assert relation("i like coffee", "i like tea", "i live in berlin", "my name is anna") == New()


@pytest.mark.parametrize(
    ("said", "before", "language"),
    [
        ("i live in berlin", "i live in berlin", "en"),
        ("i have a sister", "my sister's name is mina", "en"),
        ("i have a dog", "i have a dog named rex", "en"),
        ("나 커피 좋아해", "저는 커피를 좋아해요", "ko"),
        ("여동생이 있어요.", "제 여동생 이름은 민지예요", "ko"),
    ],
)
def test_what_is_known_as_exactly_or_better_is_the_same(said, before, language):
    assert isinstance(relation(said, before, language=language), Same)


def test_an_age_said_again_in_another_month_is_the_same():
    later = extract("i'm 34", "en", NOW + timedelta(days=60))[0]
    assert isinstance(reconcile(later, known("i'm 34")), Same)


@pytest.mark.parametrize(
    ("said", "before", "language"),
    [
        ("i live in rome", "i live in berlin", "en"),
        ("i moved to rome last month", "i live in berlin", "en"),
        ("i'm a teacher", "i'm a nurse", "en"),
        ("i lost my job", "i'm a nurse", "en"),
        ("i hate coffee", "i love coffee", "en"),
        ("my sister's name is mina", "i have a sister", "en"),
        ("my girlfriend's name is jane", "my girlfriend's name is mina", "en"),
        ("i broke up with my girlfriend", "my girlfriend's name is mina", "en"),
        ("my dog died last week", "i have a dog named rex", "en"),
        ("저는 부산에 살아요", "저는 서울에 살아요", "ko"),
        ("나 커피 안 좋아해", "저는 커피를 좋아해요", "ko"),
        ("나 어제 여자친구랑 헤어졌어", "내 여자친구 이름은 수진이야", "ko"),
    ],
)
def test_news_takes_the_place_of_the_old(said, before, language):
    assert isinstance(relation(said, before, language=language), Supersedes)


@pytest.mark.parametrize(
    ("said", "before", "language"),
    [
        ("my name is anna", "my name is hannah", "en"),
        ("my birthday is may fifth", "my birthday is march third", "en"),
        ("i don't have a dog", "i have a dog named rex", "en"),
        ("제 이름은 민아예요", "제 이름은 민지예요", "ko"),
    ],
)
def test_what_does_not_change_in_a_life_is_asked_about(said, before, language):
    assert isinstance(relation(said, before, language=language), Conflicts)


def test_two_dogs_of_which_one_died_is_asked_about():
    assert isinstance(relation("my dog died", "i have a dog named rex", "i have a dog named max"), Conflicts)


def test_brothers_and_likes_live_side_by_side():
    assert relation("my brother's name is jack", "my brother's name is tom") == New()
    assert relation("i like jazz", "i like rock") == New()


def test_what_is_only_inferred_overturns_nothing():
    guess = replace(one("i live in rome"), kind="inferred")
    assert isinstance(reconcile(guess, known("i live in berlin")), Conflicts)
    assert isinstance(reconcile(guess, known("i live in berlin", kind="inferred")), Supersedes)
