"""What is found in the owner's words, and how a table of patterns finds it. Pure; knows no language.

The tables are the files `patterns/en.toml` and `patterns/ko.toml`; the head of each explains its patterns.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from importlib import resources
from typing import Any, Literal

from companion.memory.language.moments import Direction, Moment

Stance = Literal["is", "is not", "no longer"]
Value = str | list[str] | None

GRACE = timedelta(days=7)
"""How long an event is recalled after it: within a week one asks how the exam went."""


@dataclass(frozen=True, slots=True)
class FoundFact:
    """A fact with the words that prove it. The fields are those of `facts.Fact`; `stance` is for `reconcile`.

    `evidence`: start and end (exclusive) in characters of what was said. `key`: `subject.predicate`, with `:what` where
    several are true at once ("owner.lives_in", "owner.taste:coffee", "owner.sister:mina", "sister:mina.job"): facts of
    one key exclude each other. `expires`: milliseconds since 1970, UTC. `stance`: "no longer" ends what was true,
    "is not" denies it.
    """

    statement: str
    evidence: tuple[int, int]
    key: str
    topic: str
    kind: Literal["said", "inferred"] = "said"
    confidence: float = 0.9
    sensitive: bool = False
    expires: int | None = None
    person: str = ""
    stance: Stance = "is"


@dataclass(frozen=True, slots=True)
class Row:
    """One pattern of a table and what it proves; the fields are explained in the table's head."""

    regex: re.Pattern[str]
    fact: str
    key: str
    topic: str
    confidence: float = 0.9
    person: str = ""
    sensitive: bool = False
    stance: Stance = "is"
    days: int | None = None
    past: bool = False
    planned: bool = False
    anywhere: bool = False
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Reader:
    """How a language reads what stands in a slot.

    `read`: slot and words → how a fact says it (several: one fact each), None to refuse. `key`: slot and that → how a
    key says it. `moment`: a phrase of the slots `when` and `day`, today, a direction → the days. `finish`: the last
    touch on a statement (articles, particles).
    """

    read: Callable[[str, str], Value]
    key: Callable[[str, str], str]
    moment: Callable[[str, date, Direction], Moment | None]
    finish: Callable[[str], str]


# --- the tables ------------------------------------------------------------------------------------------------------


def load(name: str) -> dict[str, Any]:
    """A file of `patterns/`."""
    return tomllib.loads((resources.files("companion.memory.language") / "patterns" / name).read_text("utf-8"))


def words(listed: str) -> dict[str, str]:
    """A list of words, `said` or `said=kept`, as said → kept; several words in one are written with hyphens."""
    pairs = (word.partition("=") for word in listed.split())
    return {said: kept or said for said, _, kept in pairs}


def alternatives(of: Iterable[str]) -> str:
    """A pattern of any of the words, the longest first; a hyphen may be said as a space."""
    escaped = (re.escape(word).replace(r"\-", "[ -]") for word in of)
    return f"(?:{'|'.join(sorted(escaped, key=lambda w: (-len(w), w)))})"


def compiled(
    table: Mapping[str, Any], macros: Mapping[str, str], space: str, *, before: str = "", after: str = ""
) -> tuple[Row, ...]:
    """The table's facts as rows; a space in a pattern becomes `space`, `<name>` what the macro or slot stands for.

    `before` and `after` are put around every pattern as they are.
    """
    macros = {**macros, **table["macros"]}

    def expanded(pattern: str) -> str:
        return _NAME.sub(lambda m: _expanded(m[1], macros, table["slots"], expanded), pattern)

    rows: list[Row] = []
    for topic, facts in table["facts"].items():
        for fact in facts:
            fields = {"topic": topic, **{name: value for name, value in fact.items() if name != "say"}}
            patterns = (_spaced(expanded(pattern), space) for pattern in fact["say"])
            rows += [Row(regex=re.compile(f"{before}(?:{pattern}){after}"), **fields) for pattern in patterns]
    return tuple(rows)


def utterance(pattern: str, table: Mapping[str, Any], language: str) -> re.Pattern[str]:
    """A pattern for a whole utterance, with what may stand `before` and `after` it; `<name>` is the table's own."""

    def expanded(part: str) -> str:
        return re.sub(r"(?<!P)<(\w+)>", lambda m: f"(?:{expanded(table[m[1]])})", part)

    whole = expanded(f"{table['before']}(?:{pattern}){table['after']}")
    return re.compile(rf"\s*{_spaced(whole, _SPACE[language])}\s*")


_SPACE = {"en": r"\s+", "ko": r"\s*"}


def _spaced(pattern: str, space: str) -> str:
    return pattern.replace("[ -]", r"[\s-]").replace(" ?", r"\s*").replace(" ", space)


_NAME = re.compile(r"(?<!\(\?)(?<!\?P)<([^<>=!]+)>")
_NUMBER_AT_END = re.compile(r"\d+$")


def _expanded(name: str, macros: Mapping[str, str], slots: Mapping[str, str], expanded: Callable[[str], str]) -> str:
    if name in macros:
        return f"(?:{expanded(macros[name])})"
    return f"(?P<{name}>{expanded(slots[_NUMBER_AT_END.sub('', name)])})"


# --- from a match to facts -------------------------------------------------------------------------------------------


def facts_of(match: re.Match[str], row: Row, said: str, now: datetime, reader: Reader) -> Iterator[FoundFact]:
    """The facts that a match of `row` proves; none where a slot refuses its words."""
    values: dict[str, Value] = {"month": now.strftime("%B"), "month_number": str(now.month), "year": str(now.year)}
    ends: date | None = None
    for name, matched in match.groupdict(default="").items():
        slot = _NUMBER_AT_END.sub("", name)
        value: Value = ""
        if matched and slot in ("when", "day"):
            moment = reader.moment(matched, now.date(), -1 if row.past else 1)
            if moment is None or (slot == "day" and not moment.yearly) or (row.planned and moment.end < now.date()):
                return
            value, ends = (moment.yearly if slot == "day" else moment.phrase), moment.end
        elif matched:
            value = reader.read(slot, said[slice(*match.span(name))])
            if value is None:
                return
        values[name] = value
    expires = _expiry(row, ends, now)
    for one in _each(values):
        keyed = {name: reader.key(_NUMBER_AT_END.sub("", name), value) for name, value in one.items()}
        yield FoundFact(
            statement=reader.finish(_filled(row.fact, one)),
            evidence=match.span(),
            key=_tidy_key(_filled(row.key, keyed)),
            topic=row.topic,
            confidence=row.confidence,
            sensitive=row.sensitive,
            expires=expires,
            person=_filled(row.person, one).strip() or one.get("rel", ""),
            stance=row.stance,
        )


_SLOT = re.compile(r"\{([\w|]+)\}")


def _filled(template: str, values: Mapping[str, str]) -> str:
    """`{a|b}` is the first of them that has words."""
    return _SLOT.sub(lambda m: next((values[n] for n in m[1].split("|") if values.get(n)), ""), template)


def _tidy_key(key: str) -> str:
    return re.sub(r"[:/ ]+(?=\.|$)", "", re.sub(r"\s+", " ", key.casefold()))


def _each(values: Mapping[str, Value]) -> Iterator[dict[str, str]]:
    several = next((name for name, value in values.items() if isinstance(value, list)), None)
    if several is None:
        yield {name: str(value) for name, value in values.items()}
        return
    for item in values[several] or ():
        yield from _each({**values, several: item})


def _expiry(row: Row, ends: date | None, now: datetime) -> int | None:
    if row.planned and ends is not None:
        last = ends + GRACE
    elif row.days is not None:
        last = now.date() + timedelta(days=row.days)
    else:
        return None
    return round(datetime.combine(last, time.max, tzinfo=now.tzinfo).timestamp() * 1000)


def distinct(found: Iterable[FoundFact]) -> list[FoundFact]:
    """Each thing once, in the order it was said; "has a sister" is left out beside "has a sister called Mina"."""
    by_key: dict[str, FoundFact] = {}
    for fact in found:
        held = by_key.get(fact.key)
        if held is None or fact.confidence > held.confidence:
            by_key[fact.key] = fact
    kept = [f for f in by_key.values() if f.stance != "is" or not any(is_part(f.key, other) for other in by_key)]
    by_statement = {fact.statement: fact for fact in sorted(kept, key=lambda f: f.confidence)}
    return sorted(by_statement.values(), key=lambda f: f.evidence)


def is_part(key: str, other: str) -> bool:
    """Whether `other` tells more of the same: "owner.sister" → "owner.sister:mina", "owner.pet:dog" → "…dog/rex"."""
    return other.startswith((f"{key}:", f"{key}/"))
