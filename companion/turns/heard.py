"""What of a reply was heard, when it was cut off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SpokenClause:
    """A clause and the number of samples it took, at the voice's rate.

    `of_itself`: it says what the companion is, and is no part of the talk. `silent`: samples at its end in which
    nothing sounds. `loudest`: the amplitude of its loudest sample.
    """

    text: str
    samples: int
    of_itself: bool = False
    silent: int = 0
    loudest: float = 0.0


def heard(clauses: Sequence[SpokenClause], played: int) -> str:
    """The words of `clauses` that sounded within the first `played` samples; of a clause without sound, none did.

    Whole clauses that were played, then of the one that was cut as many whole words as its share of the samples that
    sound. Words are taken to be as long as they have letters: cut in the middle of a word, the number of whole ones
    before it is right 58 times in 100, one too small 38 times, one too large 4 times (`tools.bench_heard`). No dots are
    added: a model that reads them in its history writes them.
    """
    return " ".join(words for _, words in _sounded(clauses, played)).strip()


def heard_of_talk(clauses: Sequence[SpokenClause], played: int) -> str:
    """The same without what the companion said of itself: a model that reads it in its history says it again."""
    return " ".join(words for clause, words in _sounded(clauses, played) if not clause.of_itself).strip()


def _sounded(clauses: Sequence[SpokenClause], played: int) -> list[tuple[SpokenClause, str]]:
    """What was heard of each of `clauses` that was heard at all."""
    words: list[tuple[SpokenClause, str]] = []
    for clause in clauses:
        if not clause.samples:
            continue
        if played <= 0:
            break
        sounding = clause.samples - clause.silent
        if played >= sounding:
            words.append((clause, clause.text))
            played -= clause.samples
            continue
        letters = len(clause.text) * played / sounding
        begun = clause.text[: int(letters)]
        whole = clause.text if len(begun) == len(clause.text) else begun.rpartition(" ")[0]
        if whole:
            words.append((clause, whole))
        break
    return words
