"""Numbers as people say them: "thirty four", "서른넷", "이십". Pure."""

from __future__ import annotations

import re

from companion.numerals import ONES_EN, SINO_KO, TENS_EN

_ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
    "sixteenth seventeenth eighteenth nineteenth twentieth thirtieth"
).split()
_KO_ONES = {w: n for n, w in enumerate("하나 둘 셋 넷 다섯 여섯 일곱 여덟 아홉".split(), 1)}
_KO_ONES |= {w: n for n, w in enumerate("한 두 세 네".split(), 1)}
_KO_TENS = {w: 10 * n for n, w in enumerate("열 스물 서른 마흔 쉰 예순 일흔 여든 아흔".split(), 1)} | {"스무": 20}
_SINO = {w: n for n, w in enumerate(SINO_KO) if n}

NUMBER_EN = rf"(?:\d{{1,3}}|(?:{'|'.join(TENS_EN)})(?:[ -](?:{'|'.join(ONES_EN[1:10])}))?|{'|'.join(ONES_EN[::-1])})"
ORDINAL_EN = (
    rf"(?:\d{{1,2}}(?:st|nd|rd|th)?|(?:twenty|thirty)[ -](?:{'|'.join(_ORDINALS[:9])})|{'|'.join(_ORDINALS[::-1])})"
)
NUMBER_KO = (
    rf"(?:\d{{1,3}}|(?:{'|'.join(_KO_TENS)}) ?(?:{'|'.join(_KO_ONES)})?|{'|'.join(_KO_ONES)}"
    r"|[이삼사오육칠팔구]?십[일이삼사오육칠팔구]?)"
)
"""Patterns of what `number` and `ordinal` read (small letters)."""


def number(text: str) -> int | None:
    """The value of digits or of number words up to 99, in English or Korean; None where they are none."""
    low = text.strip().lower().replace("-", " ")
    if low.isdecimal():
        return int(low)
    words = low.split()
    if words and all(w in TENS_EN or w in ONES_EN for w in words):
        return sum(TENS_EN.get(w) or ONES_EN.index(w) for w in words)
    return _korean(low.replace(" ", ""))


def ordinal(text: str) -> int | None:
    """The value of "5th", "twenty-first", "5"; None where it is none."""
    low = text.strip().lower().replace("-", " ")
    if match := re.fullmatch(r"(\d{1,2})(?:st|nd|rd|th)?", low):
        return int(match[1])
    words = low.split()
    if not words or words[-1] not in _ORDINALS:
        return None
    ones = 30 if words[-1] == "thirtieth" else _ORDINALS.index(words[-1]) + 1
    return ones + (TENS_EN.get(words[0], 0) if len(words) == 2 else 0)


def _korean(text: str) -> int | None:
    if text in _KO_ONES:
        return _KO_ONES[text]
    for word, tens in _KO_TENS.items():
        rest = text.removeprefix(word)
        if rest != text and (not rest or rest in _KO_ONES):
            return tens + _KO_ONES.get(rest, 0)
    if match := re.fullmatch(r"([이삼사오육칠팔구]?)십([일이삼사오육칠팔구]?)", text):
        return 10 * _SINO.get(match[1], 1) + _SINO.get(match[2], 0)
    return _SINO.get(text)
