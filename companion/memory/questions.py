"""Questions that a known fact answers, found by what the fact is about and not by its words: "where do I live?" shares
none with "moved to Busan", nor "what is my sister's job?" with "is a nurse". Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from types import ModuleType

from companion.memory.facts import Fact
from companion.memory.language import english_slots, korean_slots
from companion.memory.language.found import alternatives, load, utterance
from companion.memory.language.sentences import lowered, without_marks

_TABLE = load("questions.toml")
_SLOTS: dict[str, ModuleType] = {"en": english_slots, "ko": korean_slots}


Asked = tuple[re.Pattern[str], ...]
"""Patterns of the keys that a question asks for, the best first."""


def asked(said: str, language: str) -> Asked:
    """What the whole of `said` asks for; empty where it is no question that a fact answers."""
    if language not in _TABLE:
        return ()
    words = without_marks(lowered(said))
    for pattern, keys in _questions(language):
        if match := pattern.fullmatch(words):
            return tuple(re.compile(_filled(key, match, language)) for key in keys)
    return ()


def answers(about: Asked, known: Sequence[Fact]) -> list[Fact]:
    """The facts of `known` that answer it, newest first. What is only inferred is no answer."""
    sure = [fact for fact in reversed(known) if fact.kind != "inferred"]
    found = ([fact for fact in sure if key.fullmatch(fact.key)] for key in about)
    return next(filter(None, found), [])


_PLACE = re.compile(r"\{(\w+)\}")
_MORE = r"(?:[:/].*)?"


def _filled(key: str, match: re.Match[str], language: str) -> str:
    """The pattern of the keys that a question asks for: "{who}.job" → "sister(:[^.]+)?\\.job"."""
    read = _SLOTS[language].READER.key
    asked = {slot: read(slot, words) for slot, words in match.groupdict().items() if words}
    name = asked.get("relname") or asked.get("name")
    rel = re.escape(asked["rel"]) if "rel" in asked else "[^.:]+"
    filled = {slot: re.escape(words) for slot, words in asked.items()}
    filled["who"] = f"{rel}:{re.escape(name)}" if name else f"{rel}(?::[^.]+)?"
    return _PLACE.sub(lambda place: filled[place[1]], key.replace(".", r"\.")) + _MORE


@cache
def _questions(language: str) -> tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]:
    """Patterns with the keys they ask for; those of one question with several patterns follow each other."""
    words = _SLOTS[language].WORDS
    lists = {"rel": "relations", "pet": "pets"}
    macros = {slot: f"(?P<{slot}>{alternatives(words[name])})" for slot, name in lists.items()}
    table = {**_TABLE[language], **macros}
    return tuple(
        (utterance(pattern, table, language), tuple(question["keys"]))
        for question in table["questions"]
        for pattern in question["ask"]
    )
