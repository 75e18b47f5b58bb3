"""What someone said, as a cue to remember by: the words to look for, who is named, which days are meant. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from companion.memory.stemming import folded, is_hangul, stem, words

Period = tuple[datetime, datetime]
"""From the first moment up to, and without, the last; local time."""

_STOP = frozenset(
    stem(word)
    for word in (
        "a an the is are was were be been being am do does did doing done have has had having i you he she it we they "
        "me him her us them my mine your yours his hers its our ours their theirs this that these those what which who "
        "whom whose when where why how of in on at to for from with by about as into and or but if then than so too "
        "very can could will would should may might must not no nor s t d ll m o re ve any some all each most more "
        "other such only own same just there here up down out over under again once ever kind type sort mention tell "
        "told say said according many much long often name call like get got go went remember please yes okay oh well "
        "really 나 내 너 네 저 제 우리 그 이 뭐 무엇 언제 어디 누구 누가 왜 어떻게 어떤 무슨 "
        "얼마나 몇 것 거 좀 그리고 그런데 있어 없어 있었어 기억나 기억해 알아 뭐야 뭐였지 말했어 했더라 "
        "어디였지 언제였지 누구였지 그때 지난번"
    ).split()
)
_OF_ANY_DAY = frozenset(
    map(stem, "talk talked talking chat discuss discussed happen happened 얘기 이야기 대화 일".split())
)
"""Where nothing else is asked of a day, these ask for all of it: "what did we talk about yesterday?"."""

_DATE_WORD = re.compile(
    r"\d+(?:st|nd|rd|th|년|월|일|주|주일|달|개월)?에?|january|february|march|april|may|june|july|august|september|october"
    r"|november|december|(?:mon|tues|wednes|thurs|fri|satur|sun)day|today|yesterday|last|ago|days?|weeks?|weekend|months?"
    r"|years?|morning|(?:오늘|어제|그저께|그제|엊그제|지난|이번|저번|작년|지난해)(?:주|주말|달|해)?에?|[월화수목금토일]요일에?|전에?"
)


@dataclass(frozen=True, slots=True)
class Cue:
    """What someone said, as something to remember by.

    `text`: without names of speakers, for the embedding model. `words`: what to look for, and `terms`: their stems, in
    the same order. `people`: those of the known speakers who are named. `periods`: the days that are meant.
    """

    text: str
    words: tuple[str, ...]
    terms: tuple[str, ...]
    people: frozenset[str] = frozenset()
    periods: tuple[Period, ...] = ()


def read_cue(text: str, people: Collection[str] = (), periods: Sequence[Period] = ()) -> Cue:
    """Take apart what was said.

    `people`: the names under which others' turns are kept. `periods`: the days that `text` names; the words that name
    them are then none to look for.
    """
    named = frozenset(name for name in people if name and _names(name, text))
    plain = text
    for name in named:
        plain = re.sub(rf"\b{re.escape(name)}(?:['’]s)?(?![a-z])", "", plain, flags=re.IGNORECASE)
    wanted: dict[str, str] = {}
    for word in words(plain):
        if (len(word) > 1 or is_hangul(word)) and not (periods and _DATE_WORD.fullmatch(word)):
            wanted.setdefault(stem(word), word)
    wanted = {term: word for term, word in wanted.items() if term not in _STOP}
    if periods and wanted.keys() <= _OF_ANY_DAY:
        wanted = {}
    return Cue(" ".join(plain.split()) or text, tuple(wanted.values()), tuple(wanted), named, tuple(periods))


def _names(name: str, text: str) -> bool:
    """Whether `text` names the speaker; Korean particles may follow ("민아가")."""
    return re.search(rf"(?<!\w){re.escape(name)}(?![a-z])", text, re.IGNORECASE) is not None


def held(cue: Cue, text: str) -> frozenset[str]:
    """The terms of the cue that `text` holds.

    A Korean term of two syllables counts as the beginning of a word, a longer one anywhere (스피커 in 블루투스스피커).
    """
    if not cue.terms:
        return frozenset()
    low = folded(text)
    likely = set(_beginnings(cue.terms).findall(low))
    found = {stem(word) for word in likely}.intersection(cue.terms)
    for term in filter(is_hangul, cue.terms):
        if term in low if len(term) > 2 else len(term) == 2 and any(word.startswith(term) for word in likely):
            found.add(term)
    return frozenset(found)


@lru_cache(maxsize=8)
def _beginnings(terms: tuple[str, ...]) -> re.Pattern[str]:
    """Words that may have one of the stems: a stem is a beginning of its words but for its last letter (studi, file).

    To look at these only is five times as fast as to stem every word.
    """
    starts = {term if is_hangul(term) or len(term) < 3 else term[:-1] for term in terms}
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(starts)))})[^\W_]*")


def rarity(cue: Cue, frequency: Mapping[str, int], total: int) -> dict[str, float]:
    """What each term tells, in nats: BM25's idf, and 1 since in a young memory every word is frequent.

    `frequency`: how many of the `total` texts hold it. A term that was never said tells most of all: that what is asked
    for may not be there.
    """
    return {
        term: 1 + math.log1p((total - min(frequency.get(term, 0), total) + 0.5) / (frequency.get(term, 0) + 0.5))
        for term in cue.terms
    }


def match_query(cue: Cue, frequency: Mapping[str, int], budget: int = 5_000) -> str:
    """What to ask of FTS5 (`porter unicode61`): the rarest terms that together occur in at most `budget` texts.

    Scoring takes FTS5 about a microsecond and a half a text: 5,000 keep it near 10 ms at any size of the store. The
    rarest known term is always asked for. Empty where no term was ever said.
    """
    known = [(frequency[t], t, word) for t, word in zip(cue.terms, cue.words, strict=True) if frequency.get(t, 0)]
    chosen: list[str] = []
    visited = 0
    for count, term, word in sorted(known):
        visited += count
        if chosen and visited > budget:
            break
        chosen.append(full_text(term, word))
    return " OR ".join(chosen)


def full_text(term: str, word: str) -> str:
    """How to ask FTS5 for a term: Korean by its stem as a beginning, English by the word, which FTS5 stems itself.

    A stem may have a stem of its own: lighthouse, lighthous, lighthou.
    """
    return f'"{term}" *' if is_hangul(term) else f'"{word}"'
