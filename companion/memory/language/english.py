"""English: which clauses of what was said may be believed, and what the patterns of `patterns/en.toml` find in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache

from companion.memory.language import moments_en
from companion.memory.language.english_slots import READER, WORDS
from companion.memory.language.found import FoundFact, Row, alternatives, compiled, distinct, facts_of, load
from companion.memory.language.numbers import NUMBER_EN
from companion.memory.language.sentences import Sentence, lowered, sentences, struck_out

_QUOTED = re.compile(r"[\"“„«][^\"“”„«»]*[\"”»]")
_UNDER_CONDITION = re.compile(r"[\s,]*\b(?:if|unless)\b")
_NEAR = 3  # words back that a "the" makes "… i like" its relative clause: "the nice girl | i like"


def extract(said: str, now: datetime) -> list[FoundFact]:
    """The facts in what was said in English, in its order."""
    low = _prepared(said)
    marked = _marked(low)
    return distinct(
        fact
        for sentence in sentences(low)
        for row, match in _matches(sentence, low, marked)
        if not _UNDER_CONDITION.match(low, match.end(), sentence.end)
        for fact in facts_of(match, row, said, now, READER)
    )


# --- what may be believed --------------------------------------------------------------------------------------------


def _prepared(said: str) -> str:
    """Small letters, quotations and asides struck out; nothing at all where it is all play."""
    low = lowered(said)
    if _guard("utterance").search(low):
        return ""
    return struck_out(struck_out(low, _QUOTED), _guard("aside"), ",")


def _last_start(sentence: Sentence, low: str) -> int:
    """The last place in the sentence at which a clause to be believed may begin; -1: none may."""
    text = low[sentence.start : sentence.end]
    if _guard("sentence").search(text.rstrip()):
        return -1
    asked = [m.start() for m in _guard("question").finditer(text)]
    asked += [at for at in _clause_starts(text) if _guard("asking").match(text, at)]
    if sentence.asked and not asked:
        return -1
    uncertain = _guard("onward").search(text)
    last = min([*asked, *([uncertain.start()] if uncertain else []), len(text)])
    if sentence.asked and last == 0:
        return -1
    return sentence.start + last


def _clause_starts(text: str) -> list[int]:
    """Where a clause may begin: at the start, after a comma or a joining word, before a new "i …"; fillers skipped."""
    starts = {0, *(m.end() for m in _joint().finditer(text))}
    starts |= {m.start() for m in _run_on().finditer(text) if _begins_a_sentence(text[: m.start()].split())}
    filler = _filler()
    return sorted(starts | {m.end() for at in starts if (m := filler.match(text, at))})


def _begins_a_sentence(before: list[str]) -> bool:
    """Whether an "i" after these words begins anew: not in "the girl i like", "i think i am"."""
    guards = _table()["guards"]
    return (
        bool(before)
        and before[-1] not in guards["no_run_on_after"].split()
        and not (set(before[-_NEAR:]) & set(guards["definite"].split()))
    )


# --- where the patterns match ----------------------------------------------------------------------------------------


def _matches(sentence: Sentence, low: str, marked: str) -> Iterator[tuple[Row, re.Match[str]]]:
    last = _last_start(sentence, low)
    if last < 0:
        return
    end = last if sentence.asked else sentence.end
    starts = [s for at in _clause_starts(low[sentence.start : sentence.end]) if (s := sentence.start + at) <= last]
    for row in _rows():
        if row.anywhere:
            yield from ((row, match) for match in row.regex.finditer(marked, sentence.start, last))
        else:
            yield from ((row, m) for start in starts if (m := row.regex.match(marked, start, end)))


def _marked(low: str) -> str:
    """`low` with the space before each word saying what the word may do in a slot: see the head of the table."""
    marks = _marks()
    marked = re.sub(r"\s(?=([\w']+))", lambda m: marks.get(m[1], " "), low)
    marked = _phrases("inside_phrases").sub(lambda m: re.sub(r"\s", "\x1e", m[0]), marked)
    return _phrases("end_phrases").sub(lambda m: "\x1f" + m[0][1:], marked)


# --- the table, read once --------------------------------------------------------------------------------------------


@cache
def _table():  # type: ignore[no-untyped-def]
    return load("en.toml")


@cache
def _rows() -> tuple[Row, ...]:
    macros = {name: alternatives(WORDS[name]) for name in ("relations", "relations_many", "languages")}
    macros["pet_words"] = alternatives(WORDS["pets"])
    return compiled(_table(), {**macros, "number": NUMBER_EN, "WHEN": moments_en.WHEN}, r"\s+")


@cache
def _guard(name: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in _table()["guards"][name]))


@cache
def _filler() -> re.Pattern[str]:
    return re.compile(rf"\s*(?:{_table()['guards']['filler']}(?![\w'-])[\s,.]*)*")


@cache
def _joint() -> re.Pattern[str]:
    return re.compile(rf"(?:[,;:—–]|\s-\s|\b{_table()['guards']['joint']}(?![\w'-]))[\s,]*")


@cache
def _run_on() -> re.Pattern[str]:
    return re.compile(rf"(?<=\s){_table()['guards']['run_on']}")


@cache
def _marks() -> dict[str, str]:
    spaces = _table()["spaces"]
    lists = (("ends", "\x1f"), ("small", "\x1e"), ("kills", "\x1d"))
    return {word: mark for name, mark in lists for word in spaces[name].split()}


@cache
def _phrases(name: str) -> re.Pattern[str]:
    phrases = _table()["spaces"][name].replace(" ", r"\s+")
    more = rf"|{moments_en.WHEN}".replace(" ?", r"\s*").replace(" ", r"\s+") if name == "end_phrases" else ""
    return re.compile(rf"\s(?:{phrases}{more})(?![\w'-])")
