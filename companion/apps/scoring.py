"""How well words were heard: text normalisation, word error rate and character error rate. Pure functions.

Two readings of the same sentence may be written differently and both be right. Reference and hypothesis go through the
same `normalize` before they are compared, so that only what was **heard** differently counts:

English (`en`)
    Unicode NFKC, lower case. Digits become words (cardinals, years, ordinals, decimals, `%`, `$`, `£`, `€`), "and"
    inside a number is dropped. Contractions are opened ("don't" → "do not", "it's" → "it is"). Titles are written out
    ("Mr." → "mister"). British spellings become American ones and old two-word spellings one word ("some one"), both
    by a short list. Hyphens and dashes become spaces, all other punctuation goes, and so do the fillers "uh", "um",
    "hmm", "mm", "mhm" and "er". Words are what spaces divide. Nothing else is forgiven: "a sleep" for "asleep" is
    two errors.

Korean (`ko`)
    Unicode NFC (of NFKC), lower case, punctuation off. Digits become the words that are spoken: native numerals
    before the counters that take them (두 배, 세 시), Sino-Korean ones elsewhere (오십대); `%` is 퍼센트. The character
    error rate ignores spaces, for Korean spacing varies among good writers; the word error rate (over 어절, what
    spaces divide) does not.

Error rates are Levenshtein distances (substitutions + deletions + insertions, each of weight 1) divided by the length
of the reference. Over a set, distances and lengths are summed before dividing: long sentences weigh more, as is the
custom.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from companion.numerals import ONES_EN, SINO_KO, TENS_EN, sino_ko

# --- error rates -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ErrorRate:
    """`errors` edits against a reference of `length` words or characters. `+` pools two of them."""

    errors: int
    length: int

    def __add__(self, other: ErrorRate) -> ErrorRate:
        return ErrorRate(self.errors + other.errors, self.length + other.length)

    @property
    def rate(self) -> float:
        """0 is perfect; may exceed 1. An empty reference gives 0 where nothing was heard, else the number of errors."""
        return self.errors / max(self.length, 1)


def word_errors(reference: str, hypothesis: str, language: str) -> ErrorRate:
    """Edits between the words of two texts, after `normalize`."""
    expected = normalize(reference, language).split()
    return ErrorRate(edit_distance(expected, normalize(hypothesis, language).split()), len(expected))


def errors(reference: str, hypothesis: str, language: str) -> ErrorRate:
    """As the language is counted: Korean by its characters, any other by its words."""
    return (character_errors if language == "ko" else word_errors)(reference, hypothesis, language)


def character_errors(reference: str, hypothesis: str, language: str) -> ErrorRate:
    """Edits between the characters of two texts, after `normalize`; spaces count in English and not in Korean."""
    expected, heard = normalize(reference, language), normalize(hypothesis, language)
    if language == "ko":
        expected, heard = expected.replace(" ", ""), heard.replace(" ", "")
    return ErrorRate(edit_distance(expected, heard), len(expected))


def pooled(rates: Iterable[ErrorRate]) -> ErrorRate:
    """The rate over a whole set."""
    return sum(rates, ErrorRate(0, 0))


def edit_distance(a: Sequence[str], b: Sequence[str]) -> int:
    """Levenshtein distance of two sequences: O(len(a) · len(b)) time, one row of memory."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (x != y))
    return row[-1]


# --- normalisation ---------------------------------------------------------------------------------------------------


def normalize(text: str, language: str) -> str:
    """The text as it is compared (see the module's docstring): words with single spaces between them.

    Args:
        language: `en` or `ko`; any other is treated as Korean is, but for numbers.
    """
    text = unicodedata.normalize("NFKC", text).lower()
    if language == "en":
        return _normalize_english(text)
    if language == "ko":
        text = text.replace("%", " 퍼센트")
        text = re.sub(r"(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d+))?( ?)([가-힣]*)", _spoken_korean_number, text)
    return " ".join(_NOT_A_WORD.sub(" ", text).split())


_NOT_A_WORD = re.compile(r"[^\w\s]|_")

# --- English ---------------------------------------------------------------------------------------------------------

_TENS = ("", "", *TENS_EN)
_SCALES = ((1_000_000_000, "billion"), (1_000_000, "million"), (1_000, "thousand"), (100, "hundred"))
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip

_CONTRACTIONS = (
    (r"\bwon't\b", "will not"),
    (r"\bcan't\b", "can not"),
    (r"\bcannot\b", "can not"),
    (r"\bshan't\b", "shall not"),
    (r"n't\b", " not"),
    (r"'re\b", " are"),
    (r"'ll\b", " will"),
    (r"'ve\b", " have"),
    (r"'m\b", " am"),
    (r"\blet's\b", "let us"),
    (r"\b(it|he|she|that|there|here|what|who|where|how)'s\b", r"\1 is"),
    (r"\bgonna\b", "going to"),
    (r"\bwanna\b", "want to"),
)
_TITLES = {"mr": "mister", "mrs": "missus", "dr": "doctor", "st": "saint", "vs": "versus"}
_OLD_SPELLINGS = (
    (r"\b(some|any|every) (one|body|thing|where)(s?)\b", r"\1\2\3"),
    (r"\bto (day|morrow|night)\b", r"to\1"),
    (r"\b(for) (ever)\b", r"\1\2"),
    (r"\bgood bye?\b", "goodbye"),
    (r"\ball right\b", "alright"),
    (r"\bok\b", "okay"),
)
_BRITISH = (
    (
        r"\b(arm|behavi|cand|clam|col|endeav|fav|flav|harb|hon|hum|lab|neighb|od|parl|rig|rum|sav|splend|tum|vap|vig)our",
        r"\1or",
    ),
    (r"\b(apolog|critic|emphas|organ|real|recogn|special|sympath|symbol|util)is(e[ds]?|ing|ation)\b", r"\1iz\2"),
    (r"\b(anal|paral)ys(e[ds]?|ing)\b", r"\1yz\2"),
    (r"\b(cent|theat|lit|met|fib|spect|lust|sab|somb)re(s?)\b", r"\1er\2"),
    (r"\b(travel|cancel|counsel|jewel|label|model|quarrel|signal|marvel|level)l(ed|er|ers|ing|ous)\b", r"\1\2"),
    (r"\bgrey", "gray"),
    (r"\b(defen|offen|preten)ce\b", r"\1se"),
    (r"\btowards\b", "toward"),
)
_FILLERS = re.compile(r"\b(?:uh|um|hmm+|mm+|mhm|er)\b")


def _normalize_english(text: str) -> str:
    text = text.replace("’", "'").replace("‘", "'")
    text = re.sub(r"([$£€])(\d[\d,]*(?:\.\d+)?)", _spoken_money, text)
    text = text.replace("%", " percent").replace("&", " and ")
    text = re.sub(r"(\d+)(st|nd|rd|th)\b", lambda m: _ordinal(int(m[1])), text)
    text = re.sub(r"(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d+))?", _spoken_english_number, text)
    text = re.sub(r"(?<=hundred) and(?= \w)", "", text)
    for pattern, written_out in _CONTRACTIONS:
        text = re.sub(pattern, written_out, text)
    text = text.replace("'", "")
    text = " ".join(_TITLES.get(word, word) for word in _NOT_A_WORD.sub(" ", text).split())
    for pattern, usual in (*_OLD_SPELLINGS, *_BRITISH):
        text = re.sub(pattern, usual, text)
    return " ".join(_FILLERS.sub(" ", text).split())


def _cardinal(number: int) -> str:
    for scale, name in _SCALES:
        if number >= scale:
            rest = f" {_cardinal(number % scale)}" if number % scale else ""
            return f"{_cardinal(number // scale)} {name}{rest}"
    if number < len(ONES_EN):
        return ONES_EN[number]
    return _TENS[number // 10] + (f" {ONES_EN[number % 10]}" if number % 10 else "")


def _ordinal(number: int) -> str:
    *head, last = _cardinal(number).split()
    last = _ORDINALS.get(last) or (last[:-1] + "ieth" if last.endswith("y") else last.rstrip("t") + "th")
    return " ".join([*head, last])


def _spoken_english_number(match: re.Match[str]) -> str:
    whole, fraction = match[1].replace(",", ""), match[2]
    number = int(whole)
    if fraction:
        words = f"{_cardinal(number)} point {' '.join(ONES_EN[int(digit)] for digit in fraction)}"
    elif 1100 <= number <= 1999 and number % 100 and "," not in match[1]:
        low = number % 100
        words = f"{_cardinal(number // 100)} {'oh ' if low < 10 else ''}{_cardinal(low)}"  # a year: nineteen oh five
    elif number < 10**12 and not (whole.startswith("0") and len(whole) > 1):
        words = _cardinal(number)
    else:
        words = " ".join(ONES_EN[int(digit)] for digit in whole)  # a telephone number is said digit by digit
    return f" {words} "


def _spoken_money(match: re.Match[str]) -> str:
    unit = {"$": "dollar", "£": "pound", "€": "euro"}[match[1]]
    return f"{match[2]} {unit}{'' if match[2] == '1' else 's'}"


# --- Korean ----------------------------------------------------------------------------------------------------------

_NATIVE_ONES = ("", "한", "두", "세", "네", "다섯", "여섯", "일곱", "여덟", "아홉")
_NATIVE_TENS = ("", "열", "스물", "서른", "마흔", "쉰", "예순", "일흔", "여든", "아흔")
_NATIVE_COUNTERS = ("시간", "시", "명", "개", "배", "살", "번째", "마리", "권", "잔", "달", "가지", "사람", "군데")
"""Counters that take native numerals up to 99. 개월 and 번 (as a number: 3번 출구) take Sino-Korean ones."""


def _spoken_korean_number(match: re.Match[str]) -> str:
    digits, fraction, gap, following = match[1].replace(",", ""), match[2], match[3], match[4]
    number = int(digits)
    if fraction:
        words = f"{sino_ko(number)}점{''.join(SINO_KO[int(digit)] for digit in fraction)}"
    elif 0 < number < 100 and following.startswith(_NATIVE_COUNTERS) and not following.startswith("개월"):
        words = "스무" if number == 20 else _NATIVE_TENS[number // 10] + _NATIVE_ONES[number % 10]
    elif (digits.startswith("0") and len(digits) > 1) or number >= 10**12:
        words = "".join(SINO_KO[int(digit)] for digit in digits)
    else:
        words = sino_ko(number)
    return words + gap + following
