"""Tells words of a person in danger from words that only sound like it, before any model has seen them.

Two nets, the first of patterns that people can read and mend (`crisis.<language>.toml`), the second a small classifier
for what no pattern foresaw. The patterns look at what is left once stories, times long gone, figures of speech and
negations are taken out; the classifier has learned these, and where it is sure that words are none it overrules a
pattern. Recall comes first: the price of a false alarm is one kind sentence.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal, cast, get_args

from companion.dialogue.safety.classifier import Classifier
from companion.dialogue.safety.words import normal
from companion.settings import Language

Kind = Literal["medical", "other", "danger", "self-harm", "harm", "suicide"]
"""Who is in danger: anyone's body, now; someone the owner speaks of; the owner by others' hands, or by their own;
others by the owner's."""

KINDS: Final[Sequence[Kind]] = get_args(Kind)

_NONE: Final = -2.5
"""Below this score the classifier is so sure that words are none that a pattern in them counts for nothing."""


class CrisisDetector:
    """Knows one language. The same words are always judged alike."""

    def __init__(self, language: Language, classifier: Classifier | None) -> None:
        """`classifier`: None leaves the patterns alone."""
        data = tomllib.loads((Path(__file__).parent / f"crisis.{language}.toml").read_text(encoding="utf-8"))
        self._language = language
        self._misheard = [(re.compile(heard), meant) for heard, meant in data["misheard"].items()]
        self._breaks = re.compile(data["elsewhere"]["breaks"])
        self._elsewhere = any_of(data["elsewhere"]["signs"])
        self._figures = any_of(data["figures"]["signs"])
        self._kinds = [(kind, any_of(data["kinds"][kind])) for kind in KINDS]
        self._classifier = classifier
        # A turn asks several times about its own words and the turn's before. The talk at hand holds both anyway.
        self._judged = lru_cache(maxsize=2)(self._judge)

    def kind(self, words: str) -> Kind | None:
        """What danger `words` speak of; None where of none."""
        return self._judged(words)

    def _judge(self, words: str) -> Kind | None:
        score, likely = 0.0, None
        if self._classifier is not None:
            score, likely = self._classifier.judge(normal(words, self._language))
        if likely == "medical":  # before all else: patterns know of one who took too much only that they want to die
            return "medical"
        if likely is None and score < _NONE:
            return None
        meant = self.meant(words)
        found = next((kind for kind, signs in self._kinds if signs.search(meant)), None)
        return found or cast(Kind | None, likely)

    def meant(self, words: str) -> str:
        """`words` in their normal form without what is told of others' times and without figures of speech."""
        text = normal(words, self._language)
        for heard, right in self._misheard:
            text = heard.sub(right, text)
        parts = [part for part in self._breaks.split(text) if not self._elsewhere.search(part)]
        separator, gap = ("", "~") if self._language == "ko" else (" ", " ~ ")
        return " ".join(self._figures.sub(gap, separator.join(parts)).split())


def any_of(patterns: Sequence[str]) -> re.Pattern[str]:
    """One pattern for all of `patterns`; of none, one that never matches."""
    return re.compile("|".join(patterns) or "(?!)")
