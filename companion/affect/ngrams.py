"""Words as a recogniser writes them → hashed n-grams, the features of `companion.affect.words`.

Case and punctuation are dropped first, since speech has none. Two blocks of features are counted apart, so that the
many short pieces do not drown the few words: *words* (single, pairs, and "not …" for the words behind a negation) and
*pieces* (letters in English; syllables and letters, jamo, in Korean, where a word has a hundred endings). Pieces are
what survives a misheard word, a lost apostrophe or a space in the wrong place.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint32]
"""Distinct 32-bit hashes of n-grams, shape (n,), ascending."""

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_CLITIC = re.compile(r"(.+)'(ll|re|d)$")  # "we're" is not "were", "I'll" is not "ill"

_NEGATIONS = frozenset(
    "not no never none nobody nothing hardly without dont doesnt didnt isnt arent wasnt werent cant cannot couldnt "
    "wont wouldnt shouldnt aint havent hasnt hadnt".split()
)
_NEGATION_ENDS = frozenset("but and because so then though although".split())
_NEGATION_REACH = 3  # words; Pang, Lee & Vaithyanathan 2002 mark up to the next punctuation, which speech does not have


def words(text: str) -> list[str]:
    """The words in lower case; "don't" is "dont", as recognisers that lose the apostrophe write it."""
    found: list[str] = []
    for word in _WORD.findall(unicodedata.normalize("NFC", text).lower().replace("’", "'")):
        clitic = _CLITIC.fullmatch(word)
        found += [part.replace("'", "") for part in (clitic.groups() if clitic else (word,))]
    return found


def blocks(spoken: list[str], language: str) -> tuple[Hashes, Hashes]:
    """The hashes of the word block and of the piece block."""
    pairs = (f"b {a} {b}" for a, b in pairwise(spoken))
    singles = [f"w {word}" for word in spoken]
    if language == "ko":
        return _hashed([*singles, *pairs]), _hashed(_korean_pieces(spoken))
    return _hashed([*singles, *pairs, *_negated(spoken)]), _hashed(_english_pieces(spoken))


def _hashed(grams: Iterable[str]) -> Hashes:
    return np.unique(np.fromiter((zlib.crc32(gram.encode()) for gram in grams), np.uint32))


def _negated(spoken: list[str]) -> Iterator[str]:
    left = 0
    for word in spoken:
        if word in _NEGATIONS:
            left = _NEGATION_REACH
        elif word in _NEGATION_ENDS:
            left = 0
        elif left:
            yield f"n {word}"
            left -= 1


def _english_pieces(spoken: list[str]) -> Iterator[str]:
    for word in spoken:
        yield from _pieces(f"^{word}$", 2, 5)


def _korean_pieces(spoken: list[str]) -> Iterator[str]:
    yield from _pieces(f"^{' '.join(spoken)}$", 1, 4)
    for word in spoken:
        yield from (f"j{piece}" for piece in _pieces(f"^{_jamo(word)}$", 3, 6))


def _pieces(text: str, shortest: int, longest: int) -> Iterator[str]:
    for size in range(shortest, longest + 1):
        yield from (text[at : at + size] for at in range(len(text) - size + 1))


def _jamo(word: str) -> str:
    """Hangul syllables as their letters."""
    return unicodedata.normalize("NFD", word)
