"""What the owner asks of the memory by voice: to remember, to tell, to forget, to look away. Pure.

Only a whole utterance is a request: "I can't forget that day" and "remember when we…" are talk. Nothing is destroyed on
the word of a request alone: what goes is said first, and only a clear yes (`confirmed`) lets it go.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Literal

from companion.memory.extraction import extract
from companion.memory.language.found import load, utterance
from companion.memory.language.numbers import number
from companion.memory.language.people import is_person
from companion.memory.language.sentences import lowered, without_marks

Act = Literal[
    "remember",
    "tell",
    "why",
    "wrong",
    "forget_that",
    "forget_about",
    "forget_period",
    "forget_all",
    "off_record",
    "on_record",
    "keep",
]
"""`tell`: what is known. `why`: where it is known from. `wrong`: what was said last is wrong. `off_record`: from now on
nothing is kept (incognito), until `on_record`. `keep`: what was said is to be kept after all."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request. Words are as they were said.

    `about`: a person or a topic (`tell`: empty for the owner). `text`: what to remember, what is right instead, the
    fact to forget, or what follows "off the record"; `at`: where it stands in what was said (start, end). `period`: as
    `span` reads it.
    """

    act: Act
    about: str = ""
    text: str = ""
    period: str = ""
    at: tuple[int, int] = (0, 0)


def parse_request(said: str, language: str, people: Collection[str] = ()) -> Request | None:
    """The request that the whole of `said` is; None for ordinary talk. `people`: names that the store knows."""
    if language not in _TABLE:
        return None
    words = without_marks(lowered(said))
    for act, pattern in _patterns(language):
        match = pattern.fullmatch(words)
        if match and (request := _request(act, match, said, language, people)):
            return request
    return None


def confirmed(said: str, language: str) -> bool:
    """Whether this is a clear yes. Anything else is no: silence, "maybe", "yes?", "yes but…"."""
    if language not in _TABLE or "?" in said:
        return False
    words = without_marks(lowered(said)).strip()
    yes = _TABLE[language]["confirm"]["yes"]
    return re.fullmatch(rf"{yes}(?:\s+{yes}){{0,3}}".replace(" ?", r"\s*").replace(" ", r"\s+"), words) is not None


def denied(said: str, language: str) -> bool:
    """Whether this begins as a no: then nothing is done, and the rest of it is not taken for talk."""
    if language not in _TABLE:
        return False
    no = _TABLE[language]["confirm"]["no"].replace(" ?", r"\s*")
    return re.fullmatch(no, " ".join(without_marks(lowered(said)).split())) is not None


def goes_on(before: str, said: str) -> bool:
    """Whether `said` is what was `before`, and more: it begins with the same words, but for the last one, which may
    have been half heard."""
    first, now = (without_marks(lowered(words)).split() for words in (before, said))
    first = first[: max(1, len(first) - 1)]
    return bool(first) and now[: len(first)] == first


def asks_of_self(said: str, language: str) -> bool:
    """Whether this is a question about the owner, which what is known may answer: "where do I live?"."""
    if language not in _TABLE or "?" not in said:
        return False
    words = " ".join(without_marks(lowered(said)).split())
    return re.fullmatch(_TABLE[language]["asks"]["self"], words) is not None


# --- reading ---------------------------------------------------------------------------------------------------------

_TABLE: dict[str, Any] = load("requests.toml")
_ME = frozenset("me myself us 나 저 내 나를 저를 우리".split())
_POSSESSIVE = re.compile(r"^(?:my|our|the|우리|내|제|저희)\s+")
_ASKED = re.compile(r"^(?:\W*\w+\W+){0,4}?(?:can|could|would|will) you\b")
_QUESTION = re.compile(r"\b(?:do you|don't you|isn't|right|remember)$|(?:지|니|나|까)$")


@cache
def _patterns(language: str) -> tuple[tuple[Act, re.Pattern[str]], ...]:
    table = _TABLE[language]
    return tuple((act, utterance(p, table, language)) for act, patterns in table["requests"].items() for p in patterns)


def _request(act: Act, match: re.Match[str], said: str, language: str, people: Collection[str]) -> Request | None:
    groups = {name: said[slice(*match.span(name))].strip(" ,.!?~") for name, got in match.groupdict().items() if got}
    if act == "remember" and said.rstrip().endswith("?") and not _ASKED.match(lowered(said)):
        return None
    if "person" in groups:
        return _told_about(groups["person"], language, people)
    if "someone" in groups:  # "forget about it" is a comfort, "forget about Anna" a request
        someone = _POSSESSIVE.sub("", groups["someone"], 1)
        return Request(act, someone) if is_person(someone, language, people) else None
    no_name = "name" in groups and not is_person(groups["name"], language, people)
    if no_name or ("right" in groups and not _is_statement(groups["right"], language)):
        return None
    about = _POSSESSIVE.sub("", groups.get("about", ""), 1) if act != "tell" else groups.get("about", "")
    if act == "forget_about" and lowered(about) in _ME:
        return Request("forget_all")
    name = next((n for n in ("text", "right", "name") if n in groups), None)
    start = match.start(name) if name else 0
    return Request(
        act,
        about,
        text=groups[name] if name else "",
        period=re.sub(r"\s+", " ", lowered(groups.get("period", ""))),
        at=(start, start + len(groups[name])) if name else (0, 0),
    )


def _told_about(whom: str, language: str, people: Collection[str]) -> Request | None:
    bare = re.sub(r"(?:을|를)$", "", whom)
    if lowered(bare) in _ME:
        return Request("tell")
    if _POSSESSIVE.match(lowered(bare)) and not lowered(bare).startswith("the "):
        return Request("tell", _POSSESSIVE.sub("", bare, 1))
    return Request("tell", bare) if is_person(bare, language, people) else None


_NAMING = {"en": re.compile(r"\bname(?:'s| is) \w+|\bcalled \w+"), "ko": re.compile(r"이름은 ?[가-힣a-z]+")}


def _is_statement(words: str, language: str) -> bool:
    """Whether the words say how it is instead; not "that's wrong on so many levels"."""
    return bool(_NAMING[language].search(lowered(words)) or extract(words + ".", language, datetime(2000, 1, 1)))


# --- periods ---------------------------------------------------------------------------------------------------------

_LENGTH = re.compile(r"(\d+|[a-z]+|[가-힣]+?)\s*(half hour|hours?|minutes?|시간|분)$")


def span(period: str, now: datetime, session_began: datetime) -> tuple[int, int]:
    """A `Request.period` as start and end (milliseconds since 1970, UTC), as `forget.by_period` takes them.

    `now` and `session_began` in local time. Days begin at midnight, weeks on Monday.
    """
    start, end = _local(period, now, session_began)
    return round(start.timestamp() * 1000), round(end.timestamp() * 1000)


def _local(period: str, now: datetime, session_began: datetime) -> tuple[datetime, datetime]:
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    monday, first = today - timedelta(days=today.weekday()), today.replace(day=1)
    soon = now + timedelta(seconds=1)  # what is said at this very moment is of the period too
    named = {
        ("today", "this morning", "tonight", "오늘", "오늘 아침", "오늘 대화"): (today, soon),
        ("yesterday", "last night", "어제", "어젯밤"): (today - timedelta(days=1), today),
        ("this week", "이번 주", "이번주"): (monday, soon),
        ("last week", "지난 주", "지난주", "저번 주", "저번주"): (monday - timedelta(days=7), monday),
        ("this month", "이번 달", "이번달"): (first, soon),
        ("last month", "지난 달", "지난달"): ((first - timedelta(days=1)).replace(day=1), first),
    }
    for names, bounds in named.items():
        if period in names:
            return bounds
    if length := _LENGTH.search(period):
        count = 1 if "half" in length[2] else _count(length[1])
        unit = timedelta(minutes=30 if "half" in length[2] else 1 if length[2][0] in "m분" else 60)
        return now - count * unit, soon
    return session_began, soon


def _count(word: str) -> int:
    return {"last": 1, "past": 1, "few": 3, "지난": 1, "최근": 1, "방금": 1}.get(word) or number(word) or 1
