"""Sums are right, in words and in digits, and talk of numbers is no sum."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion.dialogue.sums import answer
from companion.settings import Language

ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()


def english(value: int) -> str:
    if value >= 1000:
        rest = f" {english(value % 1000)}" if value % 1000 else ""
        return f"{english(value // 1000)} thousand{rest}"
    if value >= 100:
        rest = f" and {english(value % 100)}" if value % 100 else ""
        return f"{ONES[value // 100]} hundred{rest}"
    if value >= 20:
        return TENS[value // 10 - 2] + (f"-{ONES[value % 10]}" if value % 10 else "")
    return ONES[value]


def korean(value: int) -> str:
    if value >= 10_000:
        return (korean(value // 10_000) if value >= 20_000 else "") + "만" + korean(value % 10_000)
    said = ""
    for unit, word in ((1000, "천"), (100, "백"), (10, "십"), (1, "")):
        digit, value = divmod(value, unit)
        said += ("" if digit == 1 and word else " 일이삼사오육칠팔구"[digit]) + word if digit else ""
    return said


@pytest.mark.parametrize(
    ("language", "words", "told"),
    [
        ("en", "What's seventeen times twenty three?", "17 times 23 is 391."),
        ("en", "what is 17 × 23", "17 times 23 is 391."),
        ("en", "How much is fifteen percent of two thousand four hundred?", "15 percent of 2400 is 360."),
        ("en", "15% of 80?", "15 percent of 80 is 12."),
        ("en", "what is 1,200 plus 50", "1200 plus 50 is 1250."),
        ("en", "what is 10 divided by 4", "10 divided by 4 is 2.5."),
        ("en", "ten divided by three", "10 divided by 3 is about 3.33."),
        ("en", "what's three minus ten", "3 minus 10 is minus 7."),
        ("ko", "십칠 곱하기 이십삼은 얼마야", "17 곱하기 23은 391이에요."),
        ("ko", "17 곱하기 23은 얼마예요?", "17 곱하기 23은 391이에요."),
        ("ko", "이백 나누기 사는 몇이야", "200 나누기 4는 50이에요."),
        ("ko", "팔십의 십오 퍼센트는 얼마야", "80의 15퍼센트는 12예요."),
    ],
)
def test_sums(language: Language, words: str, told: str) -> None:
    assert answer(words, language) == told


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "I have two times a week off."),
        ("en", "one plus one for dinner please call"),
        ("en", "He told me ten times."),
        ("en", "what is one divided by zero"),
        ("en", "five"),
        ("ko", "더하기 빼기 다 싫어"),
        ("ko", "이 사람 이야기는 그만"),
        ("ko", "일 나누기"),
    ],
)
def test_talk_of_numbers_is_no_sum(language: Language, words: str) -> None:
    assert answer(words, language) is None


@given(st.integers(0, 999_999), st.integers(1, 999_999))
def test_every_number_is_understood_in_english(a: int, b: int) -> None:
    assert answer(f"what is {english(a)} plus {english(b)}?", "en") == f"{a} plus {b} is {a + b}."


@given(st.integers(1, 9_999_999), st.integers(1, 9_999_999))
def test_every_number_is_understood_in_korean(a: int, b: int) -> None:
    said = answer(f"{korean(a)} 더하기 {korean(b)}", "ko")
    assert said is not None
    assert said.startswith((f"{a} 더하기 {b}은 {a + b}", f"{a} 더하기 {b}는 {a + b}"))


@given(st.integers(1, 10_000), st.integers(1, 10_000))
def test_what_is_not_exact_is_said_to_be_about_that(a: int, b: int) -> None:
    said = answer(f"{a} divided by {b}", "en")
    assert said is not None
    number = said.rstrip(".").rpartition(" ")[2]
    assert ("about" in said) == (Fraction(number) != Fraction(a, b))
    assert abs(Fraction(number) - Fraction(a, b)) <= Fraction(1, 200)
