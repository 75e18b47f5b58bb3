"""Sums that are asked for in passing: "what's seventeen times twenty three", "십칠 곱하기 이십삼은 얼마야".

A language model of this size gets two of three wrong, and says so as surely as the third.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Final

from companion.numerals import ONES_EN, SINO_KO, TENS_EN
from companion.settings import Language

_ONES: Final = {word: number for number, word in enumerate(ONES_EN)}
_SCALES: Final = {"thousand": 1_000, "million": 1_000_000}
_SINO: Final = {word: number for number, word in enumerate(SINO_KO) if number}
_UNITS: Final = {"십": 10, "백": 100, "천": 1000}

_SIGNS: Final[Mapping[Language, Mapping[str, str]]] = {
    "en": {
        "×": " times ",
        "*": " times ",
        "÷": " divided by ",
        " / ": " divided by ",
        "+": " plus ",
        "−": " minus ",
        " - ": " minus ",
        "%": " percent ",
    },
    "ko": {
        "×": "곱하기",
        "*": "곱하기",
        "÷": "나누기",
        " / ": "나누기",
        "+": "더하기",
        "−": "빼기",
        " - ": "빼기",
        "%": "퍼센트",
    },
}

_DIGITS: Final = r"\d{1,12}(?:\.\d{1,6})?"
_WORDS_EN: Final = "|".join([*_ONES, *TENS_EN, "hundred", *_SCALES])
_NUMBER_EN: Final = rf"(?:{_DIGITS}|(?:a )?(?:{_WORDS_EN})(?:(?: and)? (?:{_WORDS_EN}))*)"
_TWO_EN: Final = rf"(?:(?:{'|'.join(TENS_EN)})(?: (?:{'|'.join(ONES_EN[1:10])}))?|{'|'.join(reversed(_ONES))})"
_THREE_EN: Final = rf"(?:(?:a |(?:{'|'.join(ONES_EN[1:20])}) )?hundred(?:(?: and)? {_TWO_EN})?|{_TWO_EN})"
_WHOLE_EN: Final = re.compile(
    rf"(?:(?:a |{_THREE_EN} )million(?: and)? ?)?(?:(?:a |{_THREE_EN} )thousand(?: and)? ?)?(?:{_THREE_EN})?"
)
"""A number as it is written out. "Two fifty" is none: it may be 250, or two and fifty hundredths."""

_BELOW: Final = (
    r"(?:[일이삼사오육칠팔구]?천)?(?:[일이삼사오육칠팔구]?백)?(?:[일이삼사오육칠팔구]?십)?[일이삼사오육칠팔구]?"
)
_NUMBER_KO: Final = rf"(?:{_DIGITS}|(?:{_BELOW}만)?{_BELOW})"

_ASKED: Final[Mapping[Language, tuple[re.Pattern[str], re.Pattern[str]]]] = {
    "en": (
        re.compile(
            r"(?:(?:hey|ok|okay|so|and|now|please|companion|quick) )*(?:what is|what's|whats|how much is|calculate|"
            r"compute|work out|do you know what|(?:can|could) you (?:tell me|work out|calculate)(?: what)?|"
            r"tell me(?: what)?)? ?"
            rf"(?P<a>{_NUMBER_EN}) (?P<sign>plus|minus|times|multiplied by|divided by|x) (?P<b>{_NUMBER_EN})"
            r"(?: (?:is|equals?|makes?|please))*"
        ),
        re.compile(
            r"(?:(?:hey|ok|okay|so|and|now|please|companion|quick) )*(?:what is|what's|whats|how much is|calculate|"
            r"compute|work out|tell me(?: what)?)? ?"
            rf"(?P<a>{_NUMBER_EN}) percent of (?P<b>{_NUMBER_EN})(?: (?:is|equals?|please))*"
        ),
    ),
    "ko": (
        re.compile(
            rf"(?P<a>{_NUMBER_KO})(?P<sign>더하기|플러스|빼기|마이너스|곱하기|나누기)(?P<b>{_NUMBER_KO})"
            r"(?:(?:은|는|이|가|을|를)?(?:얼마|몇|뭐|답이뭐|계산해|알려)[가-힣]{0,5})?"
        ),
        re.compile(
            rf"(?P<b>{_NUMBER_KO})의(?P<a>{_NUMBER_KO})(?:퍼센트|프로)(?:(?:은|는|가|를)?(?:얼마|몇|뭐)[가-힣]{{0,5}})?"
        ),
    ),
}

_DONE: Final[Mapping[str, Callable[[Fraction, Fraction], Fraction]]] = {
    **dict.fromkeys(("plus", "더하기", "플러스"), lambda a, b: a + b),
    **dict.fromkeys(("minus", "빼기", "마이너스"), lambda a, b: a - b),
    **dict.fromkeys(("times", "multiplied by", "x", "곱하기"), lambda a, b: a * b),
    **dict.fromkeys(("divided by", "나누기"), lambda a, b: a / b),
}
_DECIMALS: Final = 2
_WITH_FINAL: Final = frozenset("013678")
"""Digits that end in a consonant in Korean, to which particles and endings are fitted: 영, 일, 삼, 육, 칠, 팔."""


def answer(words: str, language: Language) -> str | None:
    """What the sum is that is all of `words`; None where they are no sum, or one that has no answer."""
    text = _plain(words, language)
    of_two, of_percent = _ASKED[language]
    if (match := of_two.fullmatch(text)) is not None:
        a, b, sign = _number(match["a"], language), _number(match["b"], language), match["sign"]
        if a is None or b is None or (b == 0 and sign in ("divided by", "나누기")):
            return None
        return _told(f"{_written(a)} {sign} {_written(b)}", _DONE[sign](a, b), language)
    if (match := of_percent.fullmatch(text)) is not None:
        a, b = _number(match["a"], language), _number(match["b"], language)
        if a is None or b is None:
            return None
        asked = (
            f"{_written(a)} percent of {_written(b)}" if language == "en" else f"{_written(b)}의 {_written(a)}퍼센트"
        )
        return _told(asked, a * b / 100, language)
    return None


def _plain(words: str, language: Language) -> str:
    text = re.sub(r"(?<=\d),(?=\d{3})", "", words.lower().replace("’", "'"))
    if language == "en":
        text = re.sub(r"(?<=[a-z])-(?=[a-z])", " ", text)
    for sign, word in _SIGNS[language].items():
        text = text.replace(sign, word)
    text = re.sub(r"[?!,=]|\.(?!\d)", " ", text)
    return " ".join(text.split()) if language == "en" else "".join(text.split())


def _number(text: str, language: Language) -> Fraction | None:
    if re.fullmatch(_DIGITS, text):
        return Fraction(text)
    value = _english(text) if language == "en" else _korean(text)
    return None if value is None else Fraction(value)


def _english(text: str) -> int | None:
    if not _WHOLE_EN.fullmatch(text):
        return None
    total = below = 0
    for word in text.split():
        if word in _SCALES:
            total, below = total + max(1, below) * _SCALES[word], 0
        elif word == "hundred":
            below = max(1, below) * 100
        else:
            below += _ONES.get(word, 0) + TENS_EN.get(word, 0)
    return total + below


def _korean(text: str) -> int | None:
    if not text:
        return None
    total = below = digit = 0
    for sign in text:
        if sign in _SINO:
            digit = _SINO[sign]
        elif sign == "만":
            total, below, digit = (below + digit or 1) * 10_000, 0, 0
        else:
            below, digit = below + max(1, digit) * _UNITS[sign], 0
    return total + below + digit


def _written(value: Fraction) -> str:
    if value.denominator == 1:
        return str(value.numerator)
    return f"{float(value):.{_DECIMALS}f}".rstrip("0").rstrip(".")


def _told(asked: str, result: Fraction, language: Language) -> str:
    """The sum as a sentence; what has more decimals than are said is "about" that."""
    said = _written(result)
    exact = Fraction(said) == result
    if language == "en":
        return f"{asked} is {'' if exact else 'about '}{said}.".replace("-", "minus ")
    topic = "은" if asked[-1] in _WITH_FINAL else "는"
    ending = "이에요" if said[-1] in _WITH_FINAL else "예요"
    return f"{asked}{topic} {'' if exact else '약 '}{said}{ending}.".replace("-", "마이너스 ")
