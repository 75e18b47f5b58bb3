"""Sums up days that are over, one at a time, in minutes when nobody waits: the owner's own most telling sentences.

A summary that went with one of its episodes is made anew from what is left of the day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta

from companion.memory import candidates, cues, digest, summaries
from companion.memory.cues import Cue
from companion.memory.dates import EVER, local
from companion.memory.digest import Turn
from companion.memory.store import Store
from companion.memory.summaries import Summary

CUT = " … "
"""Between two sentences of a summary: something was left out."""


class Diary:
    """The summaries of one open store. State: the days that are still to be summed up."""

    def __init__(self, store: Store, unfit: Callable[[str], bool] = lambda said: False) -> None:
        """`unfit`: words that no summary should read back to the owner; the turn they stand in is left out."""
        self._store = store
        self._unfit = unfit
        self._seen = (-1, -1)
        self._days: list[tuple[int, int]] = []

    def write(self, now: int) -> bool:
        """Sum up the latest day before that of `now` which is not yet; whether there was one to look at."""
        today, _ = day_of(now)
        if self._seen != (len(self._store.erased), today):
            self._seen = (len(self._store.erased), today)
            written = {day_of(starts) for (starts,) in self._store.query("SELECT starts FROM summaries")}
            self._days = [day for day in _days(self._store, today) if day not in written]
        if not self._days:
            return False
        if summary := _summed_up(self._store, *self._days.pop(), self._unfit):
            summaries.save(self._store, summary)
        return True


def day_of(moment: int) -> tuple[int, int]:
    """The day of a moment on the owner's clock, as its first moment and that of the next day (milliseconds, UTC)."""
    first = local(moment).replace(hour=0, minute=0, second=0, microsecond=0)
    return round(first.timestamp() * 1000), round((first + timedelta(days=1)).timestamp() * 1000)


def _days(store: Store, before: int) -> Iterator[tuple[int, int]]:
    """The days on which something was said, oldest first: one look into the index a day, however many turns it has."""
    after = EVER[0]
    while True:
        ((first,),) = store.query(
            "SELECT min(started) FROM episodes WHERE started >= ? AND started < ?", (after, before)
        )
        if first is None:
            return
        day = day_of(first)
        yield day
        after = day[1]


def _summed_up(store: Store, start: int, end: int, unfit: Callable[[str], bool]) -> Summary | None:
    """The summary of [`start`, `end`); None where too little was said."""
    rows = store.query(
        "SELECT e.id, e.said, e.language,"
        " coalesce((SELECT max(abs(f.valence) * f.confidence) FROM feelings f WHERE f.episode = e.id), 0)"
        " FROM episodes e WHERE e.started >= ? AND e.started < ? AND e.person = '' ORDER BY e.started, e.id",
        (start, end),
    )
    turns = [Turn(id_, said, felt) for id_, said, _, felt in rows if not unfit(said)]
    among = digest.telling(turns)
    if len(among) < digest.LEAST:
        return None
    terms = tuple({term for sentence in among for term in sentence.terms})
    cue = Cue("", (), terms)
    ((total,),) = store.query("SELECT count(*) FROM episodes")
    chosen = digest.choose(among, cues.rarity(cue, candidates.frequencies(store, cue), total))
    ((language, _),) = Counter(language for _, _, language, _ in rows).most_common(1)
    sources = tuple(sorted({sentence.episode for sentence in chosen}))
    return Summary(start, end, CUT.join(sentence.text for sentence in chosen), language, sources)
