"""Recalled facts and words as a note for the prompt: dated, short, and clear about who said what. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from companion.memory import spoken

LONGEST = 120
"""Characters of one memo: beyond it the beginning tells enough."""


@dataclass(frozen=True, slots=True)
class Memo:
    """One thing that came to mind. `kind`: a fact's statement, or words that were `said`, by `person` or the owner."""

    day: date
    kind: Literal["fact", "said"]
    text: str
    person: str = ""


def write(memos: Sequence[Memo], today: date, language: str) -> str:
    """The note; empty where nothing came to mind."""
    if not memos:
        return ""
    lines = "; ".join(_line(memo, today, language) for memo in memos)
    return spoken.note("whole", language, memos=lines)


def _line(memo: Memo, today: date, language: str) -> str:
    text = memo.text if len(memo.text) <= LONGEST else memo.text[:LONGEST].rsplit(" ", 1)[0] + " …"
    when = spoken.day(memo.day, today, language)
    if memo.kind == "fact":
        fact = spoken.joined([text], language) if language == "ko" else spoken.in_first_person(text)
        return spoken.note("fact", language, fact=fact, when=when)
    return spoken.note(
        "other" if memo.person else "said", language, words=text.rstrip(" ."), when=when, person=memo.person
    )
