"""Recognised speech as sentences, letter for letter: every place in them is the same place in what was said. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

_END = re.compile(
    r"(?<!\bdr)(?<!\bmr)(?<!\bms)(?<!\bst)(?<!\bmrs)(?<!\b[ap]\.m)(?:[.!?…~]+(?=\s|$|[\"”'」』])|[?!…\n]+)[\"”」』]?"
)


_MARKS = re.compile(r"[,.!?…~;:\"“”„«»()—–-]")


class Sentence(NamedTuple):
    """From `start` to `end` (exclusive, without its mark). `asked`: it ends in a question mark. `closed`: in any."""

    start: int
    end: int
    asked: bool
    closed: bool


def sentences(text: str) -> list[Sentence]:
    """The sentences of `text` (small letters), divided where there are marks; without marks it is one."""
    found, start = [], 0
    for mark in _END.finditer(text):
        found.append(Sentence(start, mark.start(), "?" in mark[0], True))
        start = mark.end()
    found.append(Sentence(start, len(text), False, False))
    return [s for s in found if text[s.start : s.end].strip()]


def lowered(text: str) -> str:
    """`text` in small letters, letter for letter, with straight apostrophes."""
    small = "".join(low if len(low := c.lower()) == 1 else c for c in text)
    return small.replace("’", "'").replace("‘", "'")


def without_marks(text: str) -> str:
    """`text` with a space for every mark."""
    return _MARKS.sub(" ", text)


def struck_out(text: str, what: re.Pattern[str], filler: str = "\x00") -> str:
    """`text` with what matches struck out, at the same length."""
    return what.sub(lambda m: filler * len(m[0]), text)
