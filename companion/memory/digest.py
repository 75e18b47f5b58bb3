"""The sentences that tell most of a day: chosen from the owner's own, never written, so that nothing in them is
invented. Pure.

A sentence tells much where its words are rare in the whole memory and came up often that day, as in SumBasic (Nenkova
and Vanderwende, 2005) with BM25's idf in the place of plain frequency. What a chosen sentence said counts half for the
next. Of LoCoMo's turns a quarter is what some question asks for later; of those that these sentences are taken from,
0.46 (704 sentences of ten people).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from companion.memory.cues import read_cue
from companion.memory.language.sentences import sentences

MOST = 3
"""Sentences of a day: what one takes in by ear."""

LEAST = 4
"""Sentences that say something which a day must have to be summed up at all."""

_WORDS = range(2, 16)
"""Distinct words, apart from grammar, of a sentence that says something and stays on one matter."""

_SAID_BEFORE = 0.5
"""What a word counts for that a chosen sentence holds already; between 0 and 0.7 LoCoMo knows no difference."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One of the owner's turns. `felt`: strength of the feeling, 0…1."""

    episode: int
    said: str
    felt: float = 0.0


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a turn, letter for letter, with the stems that it is made of and what they are multiplied by."""

    episode: int
    text: str
    terms: frozenset[str]
    weight: float


def telling(turns: Sequence[Turn]) -> list[Sentence]:
    """The sentences that say something, in their order: no questions, nothing said twice."""
    found: dict[str, Sentence] = {}
    for turn in turns:
        for part in sentences(turn.said):
            text = turn.said[part.start : part.end].strip()
            terms = frozenset(read_cue(text).terms)
            if part.asked or text.endswith("?") or len(terms) not in _WORDS:
                continue
            found.setdefault(text.lower(), Sentence(turn.episode, text, terms, 1 + turn.felt))
    return list(found.values())


def choose(among: Sequence[Sentence], rarity: Mapping[str, float], most: int = MOST) -> list[Sentence]:
    """At most `most` of the sentences, in their order. `rarity`: what each term tells, in nats (`cues.rarity`)."""
    often = Counter(term for sentence in among for term in sentence.terms)
    worth = {term: rarity.get(term, 0.0) * math.sqrt(count) for term, count in often.items()}
    left = list(among)
    chosen: list[Sentence] = []
    while left and len(chosen) < most:
        best = max(left, key=lambda sentence: _tells(sentence, worth))
        if not _tells(best, worth):
            break
        left.remove(best)
        chosen.append(best)
        worth |= {term: worth[term] * _SAID_BEFORE for term in best.terms}
    return [sentence for sentence in among if sentence in chosen]


def _tells(sentence: Sentence, worth: Mapping[str, float]) -> float:
    """The worth of its words; by the root of their number, for a long sentence holds more of them without trying."""
    return sentence.weight * sum(worth[term] for term in sentence.terms) / math.sqrt(len(sentence.terms))
