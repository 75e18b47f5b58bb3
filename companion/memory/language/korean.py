"""Korean: which clauses of what was said may be believed, and what the patterns of `patterns/ko.toml` find in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any

from companion.memory.language import hangul, moments_ko
from companion.memory.language.found import FoundFact, Row, alternatives, compiled, distinct, facts_of, load
from companion.memory.language.korean_slots import READER, WORDS
from companion.memory.language.numbers import NUMBER_KO
from companion.memory.language.sentences import Sentence, lowered, sentences, struck_out

_QUOTED = re.compile(r"[\"“„«「『'‘][^\"“”„«»「」『』'‘’]*[\"”»」』'’]")
_CLAUSE_END = re.compile(
    r"(?:[,;:]|(?<=[고구데만서까든요다어아해야죠지네며면음임여워와써러려])(?<!보다)(?<!마다)(?=\s))\s*"
)
_PLAIN_ENDING = re.compile(r"(?:[어아해야여워와요지죠네래]|[가-힣]에요)$")
_BACKGROUND = re.compile(r"(?:[는은인]데|거든|지만|라서|[가-힣]서|니까|고)$")
_ANYBODY = frozenset("친구 친한 동료 상사 선배 후배 이웃 선생님 직장 부장님 팀장님 사장님 첫째 둘째 셋째".split())
_MINE = re.compile(r"(?:제|내|저의|나의|우리|저희)\s")
_MIN_REST = 3  # letters that must follow a background clause in a question: "강아지 키우는데 | 산책은…?"


def extract(said: str, now: datetime) -> list[FoundFact]:
    """The facts in what was said in Korean, in its order."""
    low = _prepared(said)
    found: list[FoundFact] = []
    whole: set[tuple[int, int]] = set()  # of two clauses that end together, the one that began first is whole
    for sentence in sentences(low):
        for number, row, match in _matches(sentence, low):
            if (number, match.end()) not in whole and _stated(match, row, sentence, low):
                facts = list(facts_of(match, row, said, now, READER))
                found += facts
                whole |= {(number, match.end())} if facts else set()
    return distinct(found)


# --- what may be believed --------------------------------------------------------------------------------------------


def _prepared(said: str) -> str:
    """Small letters, quotations struck out; nothing at all where it is all play."""
    low = struck_out(lowered(said), _QUOTED)
    return "" if _guard("utterance").search(low) else low


def _last_start(sentence: Sentence, low: str) -> int:
    """The last place in the sentence at which a clause to be believed may begin; -1: none may."""
    text = low[sentence.start : sentence.end]
    if _guard("sentence").search(text.rstrip()):
        return -1
    uncertain = _guard("onward").search(text)
    return sentence.start + (uncertain.start() - 1 if uncertain else len(text))


def _is_question(sentence: Sentence, low: str) -> bool:
    return sentence.asked or bool(_question().search(low[sentence.start : sentence.end].rstrip()))


def _stated(match: re.Match[str], row: Row, sentence: Sentence, low: str) -> bool:
    """Whether the owner states it of themselves (or, where the row names its subject, of that)."""
    of_me = bool(match["me"]) or bool(_MINE.match(match[0]))
    named = row.subject == "named"
    if (row.subject == "me" and not match["me"]) or _not_after().match(low, match.end(), sentence.end):
        return False
    if named and _nobody_in_particular(match):
        return False
    about = "me" if named or of_me else _last_subject(low[: match.start()])
    rest = low[match.end() : sentence.end].strip(" ,")
    if about == "other":
        return False
    if _is_question(sentence, low):
        return bool(_BACKGROUND.search(match[0])) and len(rest) >= _MIN_REST and about == "me"
    return about == "me" or sentence.closed or bool(rest) or not _PLAIN_ENDING.search(match[0].rstrip())


def _nobody_in_particular(match: re.Match[str]) -> bool:
    """ "A friend" without a name: nothing to keep of them."""
    groups = match.groupdict()
    relation = (groups.get("rel") or "").split()
    return bool(relation) and relation[0] in _ANYBODY and not (groups.get("relname") or groups.get("name"))


def _last_subject(before: str) -> str:
    """Whom the last clause with a subject was about: `me`, `other`, or nobody."""
    others = [m.end() for m in _others().finditer(before)]
    me = [m.end() for m in _me().finditer(before)]
    if not others and not me:
        return ""
    return "other" if others and (not me or others[-1] > me[-1]) else "me"


# --- where the patterns match ----------------------------------------------------------------------------------------


def _matches(sentence: Sentence, low: str) -> Iterator[tuple[int, Row, re.Match[str]]]:
    last = _last_start(sentence, low)
    text = low[: sentence.end]
    starts = [sentence.start, *(m.end() for m in _CLAUSE_END.finditer(low, sentence.start, sentence.end))]
    filler = _filler()
    starts = sorted({m.end() for at in starts if at <= last and (m := filler.match(text, at))})
    for number, row in enumerate(_rows()):
        yield from ((number, row, m) for start in starts if (m := row.regex.match(low, start, sentence.end)))


# --- the table, read once --------------------------------------------------------------------------------------------


@cache
def _table() -> dict[str, Any]:
    return load("ko.toml")


@cache
def _rows() -> tuple[Row, ...]:
    table, guards = _table(), _table()["guards"]
    macros = {f"{name}_words": alternatives(listed) for name, listed in _LISTS.items()}
    macros |= {"number": NUMBER_KO, "WHEN": moments_ko.WHEN, "이다": hangul.NOUN_IS}
    macros |= {"있다": hangul.THERE_IS, "없다": hangul.THERE_IS_NOT}
    for kind in ("verbs", "adjectives"):
        for verb, (stem, infinitive) in table[kind].items():
            macros[verb] = hangul.present(stem, infinitive, adjective=kind == "adjectives")
            macros[f"{verb}+"] = hangul.past(infinitive)
            macros[f"{verb}^"] = hangul.honorific(stem)
    before = rf"(?P<me>{guards['my']})?(?:{guards['adverb']}\s+)*"
    return compiled(table, macros, r"\s*", before=before, after=r"(?![가-힣a-z0-9])")


_LISTS = {
    "family": WORDS["relations"],
    "telling": WORDS["telling"],
    "pet": WORDS["pets"],
    "condition": WORDS["conditions"],
    "illness": WORDS["illnesses"],
    "faith": WORDS["faiths"],
    "sexuality": WORDS["sexualities"],
    "politics": WORDS["politics"],
    "nationality": WORDS["nationalities"],
    "trait": WORDS["traits"],
    "mbti": WORDS["mbti"],
    "language": WORDS["languages"],
    "event": WORDS["events"],
    "fear": WORDS["fears"],
    "food": WORDS["foods"],
    "drink": WORDS["drinks"],
    "allergen": WORDS["allergens"],
    "played": WORDS["played"],
    "sport": WORDS["sports"],
    "place": WORDS["places"],
}


@cache
def _guard(name: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in _table()["guards"][name]))


@cache
def _question() -> re.Pattern[str]:
    return re.compile(_table()["guards"]["question"])


@cache
def _filler() -> re.Pattern[str]:
    return re.compile(rf"\s*(?:{_table()['guards']['filler']}[\s,.]+)*")


@cache
def _not_after() -> re.Pattern[str]:
    return re.compile(rf"\s*(?:{_table()['guards']['not_after']})")


@cache
def _me() -> re.Pattern[str]:
    return re.compile(rf"(?<![가-힣]){_table()['guards']['me']}")


@cache
def _others() -> re.Pattern[str]:
    people = rf"{alternatives(WORDS['relations'])}(?:들)?(?:[이가은는도]|께서는?)(?=\s)"
    return re.compile(rf"(?<![가-힣])(?:{_table()['guards']['others']}|{people})")
