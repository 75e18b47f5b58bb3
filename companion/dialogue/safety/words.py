"""Brings what was said into one form before it is compared with a pattern: no case, no punctuation, no spelling."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from companion.settings import Language

_APOSTROPHES: Final = str.maketrans("’‘`´", "''''")
_ENGLISH: Final[Sequence[tuple[re.Pattern[str], str]]] = tuple(
    (re.compile(pattern), written)
    for pattern, written in (
        (r"\bwon'?t\b", "will not"),
        (r"\b(ca)n'?t\b|\bcannot\b", "can not"),
        (r"\b(is|are|was|were|do|does|did|has|have|had|would|could|should)n'?t\b", r"\1 not"),
        (r"\bi'?m\b", "i am"),
        (r"\blet's\b", "let us"),
        (r"\b(i|you|we|they)'?ve\b", r"\1 have"),
        (r"\b(\w+)'ll\b|\b(they|you)ll\b", r"\1\2 will"),
        (r"\b(\w+)'d\b|\b(they|you)d\b", r"\1\2 would"),
        (r"\bid\b", "i would"),
        (r"\b(\w+)'re\b", r"\1 are"),
        (
            r"\b(it|that|there|what|how|where|he|she|who|everything|life|tonight|today|here|nothing|someone|somebody)'s\b",
            r"\1 is",
        ),
        (r"\b(that|there|what|how|where|he|she|who)s\b", r"\1 is"),
        (r"\bwanna\b", "want to"),
        (r"\bgonna\b", "going to"),
        (r"\bgotta\b", "got to"),
        (r"\bno[ -]one\b|\bno body\b", "nobody"),
        (r"\bany more\b", "anymore"),
    )
)


def normal(text: str, language: Language) -> str:
    """`text` as patterns see it.

    English: small letters and digits, one space between words, contractions written out ("don't" is "do not"). Korean:
    syllables, letters and digits with no space at all, because spacing in speech recognition and typing is arbitrary.
    """
    text = unicodedata.normalize("NFC", text).lower().translate(_APOSTROPHES)
    if language == "ko":
        return "".join(filter(str.isalnum, text))
    for pattern, written in _ENGLISH:
        text = pattern.sub(written, text)
    return " ".join(re.sub(r"[^\w\s]", " ", text.replace("'", "")).split())
