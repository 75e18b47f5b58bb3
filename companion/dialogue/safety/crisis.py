"""Tells words of a person in danger from words that only sound like it, before any model has seen them.

Two nets, the first of patterns that people can read and mend (`crisis.<language>.toml`), the second a small classifier
for what no pattern foresaw. The patterns look at what is left once stories, times long gone, figures of speech and
negations are taken out; the classifier has learned these, and where it is sure that words are none it overrules a
pattern. Recall comes first: the price of a false alarm is one kind sentence.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal, cast, get_args

from companion.dialogue.patterns import any_of
from companion.dialogue.safety.classifier import Classifier, Judgement
from companion.dialogue.safety.words import normal
from companion.settings import Language

Kind = Literal["medical", "other", "danger", "self-harm", "harm", "suicide"]
"""Who is in danger: anyone's body, now; someone the owner speaks of; the owner by others' hands, or by their own;
others by the owner's."""

KINDS: Final[Sequence[Kind]] = get_args(Kind)

_NONE: Final = -2.5
"""Below this score the classifier is so sure that words are none that a pattern in them counts for nothing."""

_UNSURE: Final = 1.0
"""So far below its threshold (log-odds) the classifier is not sure that words are none: three to six of a hundred cries
for help of the blind lists lie there, and one or two of a hundred turns of ordinary talk."""

_GLAD: Final = 0.2
"""Words of more valence than this are of thanks, joy or resolve. "I'm fine" has just this much, and may be no joy."""

_GLAD_COUNTS: Final = 1.5
"""So far above its threshold (log-odds) the classifier is not sure that glad words are of danger: two of three ordinary
turns that alarmed lie there, and less than one in a hundred cries for help of the blind lists. Glad words below the
threshold are none."""

_WEIGHS: Final = 2.0
_WEIGHS_A_LITTLE: Final = 3.0
"""So far below its threshold (log-odds) words may lie and still tell what was meant just before: "I mean it" does
(0.2), "I don't really need help" (-2.7) leaves it unsure, "tomorrow is my birthday" (-4.4) is of something else."""

_NEAR: Final = 4.0
"""And so far the words before them. Of two lines of ordinary talk, one behind the other, less than two of a hundred are
more than the threshold together where neither is by itself."""

_KEPT: Final = 64
"""Judgements that are kept: of twenty turns, and of each of them together with the one before it."""

Valence = Callable[[str], float]
"""How pleasant words are, -1…1."""


def even(words: str) -> float:
    """The `Valence` of all words where nothing tells it."""
    return 0.0


class CrisisDetector:
    """Knows one language. The same words are always judged alike."""

    def __init__(self, language: Language, classifier: Classifier | None, valence: Valence = even) -> None:
        """`classifier`: None leaves the patterns alone. `valence`: of words by themselves."""
        data = tomllib.loads((Path(__file__).parent / f"crisis.{language}.toml").read_text(encoding="utf-8"))
        self._language = language
        self._misheard = [(re.compile(heard), meant) for heard, meant in data["misheard"].items()]
        self._breaks = re.compile(data["elsewhere"]["breaks"])
        self._elsewhere = any_of(data["elsewhere"]["signs"])
        self._figures = any_of(data["figures"]["signs"])
        self._kinds = [(kind, any_of(data["kinds"][kind])) for kind in KINDS]
        self._heavy = any_of(data["heavy"]["signs"])
        self._classifier = classifier
        self._valence = valence
        # A turn asks several times about its own words and those of the turns before, which the talk holds anyway.
        self._judged = lru_cache(maxsize=_KEPT)(self._judge)
        self._scored = lru_cache(maxsize=_KEPT)(self._score)

    def named(self, words: str) -> Kind | None:
        """What danger `words` speak of by the patterns alone, for words that are known to be something else."""
        return self._by_pattern(words)

    def kind(self, words: str, before: str | None = None) -> Kind | None:
        """What danger `words` speak of, by themselves or behind those `before` them; None where of none."""
        kind, sure = self._judged(words)
        if before is not None and (kind is None or not sure):
            kind, sure = self._behind(before, words)
        return kind if sure else None

    def unsure(self, words: str, before: str | None = None) -> Kind | None:
        """What danger `words` may speak of, where it is not sure of any by themselves, or behind those `before` them;
        else None."""
        kind, sure = self._judged(words)
        if before is not None and (kind is None or sure):
            return self._behind(before, words)[0]
        return None if sure else kind

    def _behind(self, before: str, words: str) -> tuple[Kind | None, bool]:
        """What danger `words` speak of behind those `before` them, where neither does by itself, and whether that is
        sure.

        "I mean it" is nothing by itself. Log-odds add up: both together, judged as one. It is sure only of what it was
        unsure of before.
        """
        if self._classifier is None:
            return None, True
        earlier, now = (self._scored(text).score - self._classifier.threshold for text in (before, words))
        if earlier < -_NEAR or now < -_WEIGHS_A_LITTLE:
            return None, True
        return self.kind(f"{before}. {words}"), self.unsure(before) is not None and now >= -_WEIGHS

    def _score(self, words: str) -> Judgement:
        """What the classifier makes of `words`."""
        assert self._classifier is not None
        return self._classifier.judge(normal(words, self._language))

    def _judge(self, words: str) -> tuple[Kind | None, bool]:
        """The danger, if any, and whether that is sure."""
        if self._classifier is None:
            return self._by_pattern(words), True
        judged = self._scored(words)
        kind, over = cast(Kind, judged.kind), judged.score - self._classifier.threshold
        if over >= 0 and kind == "medical":  # before all else: of one who took too much patterns know only "suicide"
            return kind, True
        found = self._by_pattern(words) if judged.score >= _NONE else None
        if found is not None:
            return found, True
        glad = -_UNSURE <= over < _GLAD_COUNTS and self._valence(words) > _GLAD
        if over >= 0:
            return kind, not glad
        heavy = bool(self._heavy.search(self.meant(words)))
        return (kind, False) if heavy or (over >= -_UNSURE and not glad) else (None, True)

    def _by_pattern(self, words: str) -> Kind | None:
        meant = self.meant(words)
        return next((kind for kind, signs in self._kinds if signs.search(meant)), None)

    def meant(self, words: str) -> str:
        """`words` in their normal form without what is told of others' times and without figures of speech."""
        text = normal(words, self._language)
        for heard, right in self._misheard:
            text = heard.sub(right, text)
        parts = [part for part in self._breaks.split(text) if not self._elsewhere.search(part)]
        separator, gap = ("", "~") if self._language == "ko" else (" ", " ~ ")
        return " ".join(self._figures.sub(gap, separator.join(parts)).split())
