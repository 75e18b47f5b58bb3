"""What is said when the owner asks the memory for something: a table of sentences, and facts put into them. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any

from companion.memory.language import hangul
from companion.memory.language.found import load
from companion.memory.language.moments_en import MONTHS
from companion.memory.language.verbs_en import base_form

AT_ONCE = 3
"""Facts read out at once: more is a list that nobody can follow by ear."""

QUOTE = "“"
"""Begins a statement that is the owner's own words, of which no pattern made a sentence."""

_AS_OF_EN = re.compile(r"\s*\(said in ([^)]+)\)$")
_AS_OF_KO = re.compile(r"\s*\((\d{4}년 \d+월) 기준\)$")
_FIRST_PERSON = {"you": "I", "your": "my", "yours": "mine", "yourself": "myself"}
_SECOND_PERSON = {"their": "your", "them": "you", "theirs": "yours", "themselves": "yourself"}


def spoken(outcome: str, language: str, **values: str) -> str:
    """The sentence for an outcome: a key of `patterns/spoken.toml`, filled with `values`."""
    sentence = _table(language)[outcome].format(**values)
    return hangul.particles(sentence) if language == "ko" else sentence[0].upper() + sentence[1:]


def note(kind: str, language: str, **values: str) -> str:
    """A part of what the language model reads of the memory: a key of the table's `note`, filled with `values`."""
    part = str(_table(language)["note"][kind]).format(**values)
    return hangul.particles(part) if language == "ko" else part


def told(statements: Sequence[str], language: str) -> str:
    """What the owner told, read out: at most `AT_ONCE` facts, and how many are left."""
    if not statements:
        return spoken("knows_nothing", language)
    said = spoken("told", language, facts=joined(statements[:AT_ONCE], language))
    left = len(statements) - AT_ONCE
    return f"{said} {spoken('more', language, things=things(left, language))}" if left > 0 else said


def joined(statements: Sequence[str], language: str) -> str:
    """Statements inside a sentence: "you live in Seoul and that you like coffee", "서울에 산다고 하셨고, …라고"."""
    if language == "ko":
        return " 하셨고, ".join(_quoted(statement) for statement in statements)
    said = [to_the_owner(statement) for statement in statements]
    return said[0] if len(said) == 1 else ", that ".join(said[:-1]) + f" and that {said[-1]}"


def to_the_owner(statement: str) -> str:
    """An English statement said to the owner: "has a sister" → "you have a sister"."""
    if statement.startswith(QUOTE):
        return f"you said {statement}"
    text, as_of = _AS_OF_EN.sub("", statement), _AS_OF_EN.search(statement)
    first, _, rest = text.partition(" ")
    mine = " ".join(_SECOND_PERSON.get(word, word) for word in rest.split())
    clause = f"your {mine}" if first == "their" else f"you {base_form(first)} {mine}".rstrip()
    return f"as of {as_of[1]} {clause}" if as_of else clause


def yours(words: str, language: str) -> str:
    """What the owner calls it, said back: "my boss" → "your boss"."""
    swapped = {"my": "your", "our": "your", "me": "you", "us": "you"} if language == "en" else {}
    return " ".join(swapped.get(word.lower(), word) for word in words.split())


def in_first_person(statement: str) -> str:
    """An English statement as the owner would say it: "has a sister" → "I have a sister"."""
    clause = " ".join(_FIRST_PERSON.get(word, word) for word in to_the_owner(statement).split())
    return re.sub(r"\bI are\b", "I am", clause)


def _quoted(statement: str) -> str:
    """A Korean statement as what was said: 산다 → 산다고, 간호사이다 → 간호사라고."""
    if statement.startswith(QUOTE):
        return f"{statement}라고"
    text, as_of = _AS_OF_KO.sub("", statement), _AS_OF_KO.search(statement)
    quoted = hangul.particles(f"{text[:-2]}[이라고]") if text.endswith("이다") else f"{text}고"
    return f"{as_of[1]}에 {quoted}" if as_of else quoted


def things(n: int, language: str) -> str:
    """ "One thing", "12 things"."""
    words = _table(language)["words"]
    return f"{words['few'][n]}{words['thing']}" if n < len(words["few"]) else str(words["things"].format(n=n))


def day(of: date, today: date, language: str) -> str:
    """A day as it is said: "today", "yesterday", "on 3 May", with the year where it is another."""
    words = _table(language)["words"]
    if today - timedelta(days=1) <= of <= today:
        return str(words["today" if of == today else "yesterday"])
    if language == "ko":
        said = f"{of.month}월 {of.day}일" if of.year == today.year else f"{of.year}년 {of.month}월 {of.day}일"
    else:
        said = f"{of.day} {MONTHS[of.month - 1].title()}" + ("" if of.year == today.year else f" {of.year}")
    return str(words["on"].format(date=said))


@cache
def _table(language: str) -> dict[str, Any]:
    table: dict[str, Any] = load("spoken.toml")[language]
    return table
