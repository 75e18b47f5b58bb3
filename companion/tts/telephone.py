"""Telephone numbers as they are said, one digit at a time: "109" is not "a hundred and nine" to who must dial it."""

from __future__ import annotations

import re
from typing import Final

_CALLING: Final = re.compile(
    r"\b(call|text|dial|phone|emergency|helpline|number)|전화|연락|상담|위급|긴급|\d번", re.IGNORECASE
)
"""Where one of these is said, a number is one to dial."""

_NUMBER: Final = re.compile(r"(?<![\d.,:])\d{2,}(?:[ -]\d{2,})*(?![\d%]|[.,:]\d)")
_SHORTEST: Final = 3
"""Digits of the shortest number that is dialled."""

_DIGITS: Final = {
    "en": ("oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    "ko": tuple("공일이삼사오육칠팔구"),
}


def dialled(text: str, language: str) -> str:
    """`text` with the digits of its telephone numbers as words, a short pause between groups."""
    if language not in _DIGITS or not _CALLING.search(text):
        return text
    return _NUMBER.sub(lambda number: _said(number[0], language), text)


def _said(number: str, language: str) -> str:
    groups = re.findall(r"\d+", number)
    if sum(map(len, groups)) < _SHORTEST:
        return number
    between = " " if language == "en" else ""
    return ", ".join(between.join(_DIGITS[language][int(digit)] for digit in group) for group in groups)
