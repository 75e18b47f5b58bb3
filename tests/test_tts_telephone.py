"""A number to call is said digit by digit, for who must dial it; other numbers stay as they are."""

from __future__ import annotations

import pytest

from companion.tts.telephone import dialled


@pytest.mark.parametrize(
    ("text", "language", "said"),
    [
        ("In the US, call 988.", "en", "In the US, call nine eight eight."),
        ("988, or 911 in an emergency.", "en", "nine eight eight, or nine one one in an emergency."),
        ("In the UK call 116 123.", "en", "In the UK call one one six, one two three."),
        ("Call 109 now.", "en", "Call one oh nine now."),
        ("한국에서는 109번으로 전화하면 돼요.", "ko", "한국에서는 일공구번으로 전화하면 돼요."),
        ("지금 119에 전화해 주세요.", "ko", "지금 일일구에 전화해 주세요."),
        ("1577-0199로 연락해 주세요.", "ko", "일오칠칠, 공일구구로 연락해 주세요."),
        ("It costs 988 dollars.", "en", "It costs 988 dollars."),
        ("Call me at 10:30 about the 2.50 I owe you.", "en", "Call me at 10:30 about the 2.50 I owe you."),
        ("Call me in 15 minutes.", "en", "Call me in 15 minutes."),
        ("사과가 119개 있어요.", "ko", "사과가 119개 있어요."),
    ],
)
def test_a_telephone_number_is_said_digit_by_digit(text: str, language: str, said: str) -> None:
    assert dialled(text, language) == said
