"""How much was talked, day by day: for the owner to see, and for nobody to praise, count on or remind of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from companion.memory.store import Store

TURN_MS: Final = 60_000
"""Longest time that one turn counts for: whoever comes back after an hour has not talked for an hour."""

LAST_MS: Final = 15_000
"""What the last turn of a talk counts for, as nothing follows it that would tell how long it was."""


@dataclass(frozen=True, slots=True)
class Day:
    """A day with talk in it. `start`: its first moment (milliseconds since 1970, UTC); `minutes`: about so many."""

    start: int
    turns: int
    minutes: float


def by_day(store: Store, start: int, end: int, offset: int = 0) -> list[Day]:
    """The days with talk in [`start`, `end`), oldest first. `offset`: local time minus UTC in milliseconds.

    Only what is remembered counts: what was off the record or is forgotten is not here.
    """
    rows = store.query(
        "SELECT (started + :offset) / :day * :day - :offset AS span, count(*), sum(took) FROM ("
        " SELECT started, min(:most, coalesce("
        "  lead(started) OVER (PARTITION BY session ORDER BY started, id) - started, :last)) AS took FROM episodes"
        ") WHERE started >= :start AND started < :end GROUP BY span ORDER BY span",
        {"offset": offset, "day": 86_400_000, "most": TURN_MS, "last": LAST_MS, "start": start, "end": end},
    )
    return [Day(span, turns, took / 60_000) for span, turns, took in rows]
