"""Facts from the owner's own words: what is found in them, and what that means beside what is known already. Pure.

The patterns are tables (`patterns/`), one file a language. No language model proposes facts: of
the 30 that the starter model (1.5 B) added to 102 lines under a grammar, checked word by word against the evidence, 16
were true and lasting.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from types import ModuleType
from typing import TYPE_CHECKING

from companion.memory.language.found import FoundFact, is_part

if TYPE_CHECKING:
    from companion.memory.facts import Fact

__all__ = ["Conflicts", "FoundFact", "New", "Same", "Supersedes", "extract", "reconcile"]


def extract(said: str, language: str, now: datetime) -> list[FoundFact]:
    """The facts that the owner's words prove, in their order; `now`, in local time, gives "tomorrow" its date.

    Only "en" and "ko" have patterns; for another language nothing is found. The first call of a language reads its
    tables (about half a second on a desktop): call it once with "" where that would be noticed.
    """
    patterns = _patterns(language)
    return patterns.extract(said, now) if patterns else []


def _patterns(language: str) -> ModuleType | None:
    if language == "en":
        from companion.memory.language import english

        return english
    if language == "ko":
        from companion.memory.language import korean

        return korean
    return None


# --- beside what is known --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class New:
    """Nothing known speaks of it: keep it."""


@dataclass(frozen=True, slots=True)
class Same:
    """Known already, as `old` or more exactly: nothing to keep."""

    old: Fact


@dataclass(frozen=True, slots=True)
class Supersedes:
    """True from now on in the place of `old`, whose validity ends (`facts.supersede`)."""

    old: Fact


@dataclass(frozen=True, slots=True)
class Conflicts:
    """One of the two is wrong, or misheard: ask the owner before either is used."""

    old: Fact


Relation = New | Same | Supersedes | Conflicts

_LASTING = frozenset(
    "name surname birthday birth_year birthplace origin grew_up_in first_language birth_order blood_type mother father "
    "어머니 아버지".split()
)
"""Predicates that do not change in a life: another value is a mistake of somebody's, not news."""

_ONE_AT_A_TIME = frozenset(
    "owner.partner owner.mother owner.father owner.애인 owner.배우자 owner.어머니 owner.아버지".split()
)
"""Kept with a name behind the key, and yet one at a time."""

_AS_OF = re.compile(r"\s*\((?:said in|\d{4}년 \d+월 기준)[^)]*\)$")


def reconcile(found: FoundFact, known: Sequence[Fact]) -> Relation:
    """How a found fact stands to the facts that are true now (`facts.known`)."""
    for old in reversed(known):  # the newest first
        relation = _relation(found, old, known)
        if relation is not None:
            return relation
    return New()


def _relation(found: FoundFact, old: Fact, known: Sequence[Fact]) -> Relation | None:
    same_words = _AS_OF.sub("", old.statement) == _AS_OF.sub("", found.statement)
    if not old.key or not found.key:
        return Same(old) if same_words else None
    if is_part(found.key, old.key):  # old tells more of the same
        alone = sum(is_part(found.key, other.key) for other in known) == 1
        return Same(old) if found.stance == "is" else _ended(found, old, alone)
    slot = found.key.partition(":")[0]
    another = slot in _ONE_AT_A_TIME and is_part(slot, old.key) and found.stance == "is"
    if old.key == found.key or is_part(old.key, found.key) or another:
        return Same(old) if same_words and old.key == found.key else _instead(found, old)
    return None


def _ended(found: FoundFact, old: Fact, alone: bool) -> Relation:
    """ "My dog died" where a dog called Rex is known: it was he, if there is no other."""
    return Supersedes(old) if found.stance == "no longer" and alone else Conflicts(old)


def _instead(found: FoundFact, old: Fact) -> Relation:
    predicate = found.key.partition(".")[2].partition(":")[0]
    more_exact = is_part(old.key, found.key)
    if found.kind == "inferred" and old.kind != "inferred":
        return Conflicts(old)  # what is only inferred overturns nothing
    if predicate in _LASTING and found.stance == "is" and not more_exact and old.kind != "inferred":
        return Conflicts(old)
    return Supersedes(old)
