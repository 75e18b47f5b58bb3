"""What counts as heard rightly, and how errors are counted."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion.apps.scoring import ErrorRate, character_errors, edit_distance, normalize, pooled, word_errors


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Don't you know? It's late.", "do not you know it is late"),
        ("Mr. Brown lives at 21 St. James.", "mister brown lives at twenty one saint james"),
        ("In 1905, the 3rd of 1,250 men.", "in nineteen oh five the third of one thousand two hundred and fifty men"),
        ("Some one's rifle-shot", "someone's rifle shot"),
        ("The neighbour's favourite colour is grey.", "The neighbor's favorite color is gray"),
        ("To-morrow he'll travel; it's organised.", "tomorrow he will travel it is organized"),
        ("That costs $5 or 50%.", "that costs five dollars or fifty percent"),
        ("Um, well, uh, yes.", "Well, yes!"),
        ("It is 3.5 metres", "it is three point five meters"),
        ("I’m here — now", "I am here, now"),
        ("Call 0800", "call zero eight zero zero"),
    ],
)
def test_two_ways_to_write_the_same_english_are_no_error(one: str, other: str) -> None:
    assert normalize(one, "en") == normalize(other, "en")
    assert word_errors(one, other, "en").errors == 0


@pytest.mark.parametrize(
    ("reference", "heard", "errors"),
    [
        ("asleep on the hill", "a sleep on the hill", 2),
        ("he said so", "he said", 1),
        ("he said", "he said so", 1),
        ("fifteen", "fifty", 1),
        ("", "ghost words", 2),
    ],
)
def test_what_was_heard_differently_is_an_error(reference: str, heard: str, errors: int) -> None:
    assert word_errors(reference, heard, "en").errors == errors


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("50대 신사분들이", "오십대 신사분들이"),
        ("2배 정도 더 걸리는", "두배 정도 더 걸리는"),
        ("30분, 3시 20명", "삼십분 세시 스무명"),
        ("1,000원이에요!", "천원이에요"),
        ("10퍼센트", "10%"),
        ("3개월", "삼개월"),
        ("12345", "만이천삼백사십오"),
        ("10만 원", "십만 원"),
        ("010", "영일영"),
        ("2.5배", "이점오배"),
    ],
)
def test_korean_numbers_are_compared_as_they_are_spoken(one: str, other: str) -> None:
    assert character_errors(one, other, "ko").errors == 0


def test_korean_spacing_counts_among_words_and_not_among_characters() -> None:
    assert character_errors("그 분 결혼하셨어요.", "그분 결혼 하셨어요", "ko").errors == 0
    assert word_errors("그 분 결혼하셨어요.", "그분 결혼 하셨어요", "ko").errors > 0


def test_decomposed_korean_is_the_same_text() -> None:
    text = "안녕하세요"
    assert normalize(unicodedata.normalize("NFD", text), "ko") == text


def test_a_set_is_scored_by_its_words_and_not_by_its_sentences() -> None:
    short, long = word_errors("yes", "no", "en"), word_errors("one two three four five six seven", "one " * 7, "en")
    assert pooled([short, long]) == ErrorRate(7, 8)
    assert pooled([short, long]).rate == pytest.approx(7 / 8)
    assert pooled([]).rate == 0


words = st.lists(st.sampled_from("abc"), max_size=8)


@given(words, words, words)
def test_the_edit_distance_is_a_metric(a: list[str], b: list[str], c: list[str]) -> None:
    assert (edit_distance(a, b) == 0) == (a == b)
    assert edit_distance(a, b) == edit_distance(b, a)
    assert edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c)
    assert edit_distance(a, []) == len(a)


@given(st.text(), st.sampled_from(["en", "ko"]))
def test_normalising_twice_changes_nothing_and_nothing_breaks_it(text: str, language: str) -> None:
    once = normalize(text, language)
    assert normalize(once, language) == once
