"""Words to stems, so that "collects" finds "collecting" and 학교에서 finds 학교는.

English by Porter's algorithm, letter for letter as SQLite's FTS5 tokenizer `porter unicode61` does it: a stem from here
can be looked up in the vocabulary of the full-text table. Korean by taking particles and endings off: FTS5 has no
stemmer for it and keeps each word as it was written, so its stems are looked up as beginnings of words.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+")  # letters and digits, as unicode61 splits
_HANGUL = re.compile(r"[가-힣]")
_ACCENTS = re.compile("[\u0300-\u036f]")


def folded(text: str) -> str:
    """`text` in lower case, without accents on Latin letters."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", text)))
    return text.lower()


def words(text: str) -> list[str]:
    """The words of `text` in order, folded."""
    return _WORD.findall(folded(text))


def is_hangul(word: str) -> bool:
    """Whether `word` holds a Korean syllable."""
    return bool(_HANGUL.search(word))


@lru_cache(maxsize=50_000)  # the vocabulary of a talkative life; stemming anew costs 5-10 µs a word
def stem(word: str) -> str:
    """The stem of one word in lower case. Words of other scripts come back as they are."""
    return _korean(word) if is_hangul(word) else _porter(word)


# --- Korean ----------------------------------------------------------------------------------------------------------

# Longest first. Particles (조사), then endings of 하다 verbs, then of other verbs. A word is never cut to nothing.
_ENDINGS = tuple(
    sorted(
        (
            "은 는 이 가 을 를 에 에서 에게 에게서 한테 한테서 께 께서 의 와 과 랑 이랑 하고 도 만 까지 부터 "
            "마저 조차 처럼 보다 으로 로 으로서 로서 이나 나 이란 이라는 라는 이라고 라고 에는 에도 에서는 "
            "에서도 이야 야 이에요 예요 입니다 이었어 였어 이랑은 하고는 들 들이 들은 들을 들의 하는 하다 한다 "
            "하면 하면서 해 해서 해요 했다 했어 했어요 했지 했던 했는데 했을 할 할까 하지 하려고 하기 합니다 "
            "했습니다 었어 았어 었어요 았어요 었다 았다 었지 았지 었던 았던 었는데 았는데 었을 았을 어서 아서 "
            "어요 아요 는데 던 네 네요 나요 고 고서 지 지만 면 면서 려고 으려고 을까 을까요 자 니 냐 습니다 "
            "ㅂ니다 거든 거든요 더라"
        ).split(),
        key=len,
        reverse=True,
    )
)


def _korean(word: str) -> str:
    for ending in _ENDINGS:
        if len(word) > len(ending) and word.endswith(ending):
            return word[: -len(ending)]
    return word


# --- English: M. F. Porter, "An algorithm for suffix stripping", Program 14(3), 1980 ---------------------------------

_VOWEL = re.compile(r"[aeiou]|(?<=[^aeiou])y")  # y is one after a consonant
_TURNS = re.compile("vc")

_STEP_2 = (
    ("ational", "ate"), ("tional", "tion"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize"), ("logi", "log"),
    ("bli", "ble"), ("alli", "al"), ("entli", "ent"), ("eli", "e"), ("ousli", "ous"), ("ization", "ize"),
    ("ation", "ate"), ("ator", "ate"), ("alism", "al"), ("iveness", "ive"), ("fulness", "ful"), ("ousness", "ous"),
    ("aliti", "al"), ("iviti", "ive"), ("biliti", "ble"),
)  # fmt: skip
_STEP_3 = (
    ("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""), ("ness", ""),
)  # fmt: skip
_STEP_4 = (
    "ement", "ance", "ence", "able", "ible", "ment", "ant", "ent", "ism", "ate", "iti", "ous", "ive", "ize", "ion",
    "al", "er", "ic", "ou",
)  # fmt: skip


def _shape(word: str) -> str:
    """`word` as vowels and consonants: "trees" → "ccvvc"."""
    shape = ""
    for place, letter in enumerate(word):
        vowel = letter in "aeiou" or (letter == "y" and place > 0 and shape[-1] == "c")
        shape += "v" if vowel else "c"
    return shape


def _measure(word: str) -> int:
    """Porter's m: how often a run of vowels is followed by a run of consonants."""
    return len(_TURNS.findall(_shape(word)))


def _has_vowel(word: str) -> bool:
    return "v" in _shape(word)


def _short(word: str) -> bool:
    """Porter's *o: ends consonant, vowel, consonant, the last not w, x or y."""
    return _shape(word).endswith("cvc") and word[-1] not in "wxy"


def _porter(word: str) -> str:
    if not 3 <= len(word) <= 64 or not word.isascii():
        return word
    word = _plural(word)
    word = _past(word)
    if word.endswith("y") and _has_vowel(word[:-1]):
        word = word[:-1] + "i"
    word = _replaced(_replaced(word, _STEP_2), _STEP_3)
    word = _without_suffix(word)
    if word.endswith("e") and (_measure(word[:-1]) > 1 or (_measure(word[:-1]) == 1 and not _short(word[:-1]))):
        word = word[:-1]
    if word.endswith("ll") and _measure(word[:-1]) > 1:
        word = word[:-1]
    return word


def _plural(word: str) -> str:
    if word.endswith(("sses", "ies")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _past(word: str) -> str:
    if word.endswith("eed"):
        return word[:-1] if _measure(word[:-3]) > 0 else word
    cut = next((len(suffix) for suffix in ("ed", "ing") if word.endswith(suffix)), 0)
    if not cut or not _has_vowel(word[:-cut]):
        return word
    word = word[:-cut]
    if word.endswith(("at", "bl", "iz")):
        return word + "e"
    if len(word) > 1 and word[-1] == word[-2] and word[-1] not in "aeioulsz":
        return word[:-1]
    return word + "e" if _measure(word) == 1 and _short(word) else word


def _replaced(word: str, rules: tuple[tuple[str, str], ...]) -> str:
    """The first rule whose suffix the word ends with, longest first, where what is left has a measure."""
    for suffix, new in sorted(rules, key=lambda rule: -len(rule[0])):
        if word.endswith(suffix):
            left = word[: -len(suffix)]
            return left + new if _measure(left) > 0 else word
    return word


def _without_suffix(word: str) -> str:
    for suffix in _STEP_4:
        if word.endswith(suffix):
            left = word[: -len(suffix)]
            allowed = _measure(left) > 1 and (suffix != "ion" or left.endswith(("s", "t")))
            return left if allowed else word
    return word
