"""What of a reply was heard, when it was cut off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SpokenClause:
    """A clause and the number of samples it took, at the voice's rate."""

    text: str
    samples: int


def heard(clauses: Sequence[SpokenClause], played: int) -> str:
    """The words of `clauses` that sounded within the first `played` samples.

    Whole clauses that were played, then of the one that was cut as many whole words as its share of samples. Words are
    taken to be as long as they have letters. No dots are added: a model that reads them in its history writes them.
    """
    words: list[str] = []
    for clause in clauses:
        if played >= clause.samples:
            words.append(clause.text)
            played -= clause.samples
            continue
        letters = len(clause.text) * played / clause.samples
        begun = clause.text[: int(letters)]
        whole = clause.text if len(begun) == len(clause.text) else begun.rpartition(" ")[0]
        if whole:
            words.append(whole)
        break
    return " ".join(words).strip()
