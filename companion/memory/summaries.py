"""Summaries of stretches of conversation, each with the episodes it was made from: when one of them is forgotten or
corrected, the summary goes with it."""

from __future__ import annotations

from dataclasses import dataclass

from companion.memory.errors import StoreError
from companion.memory.store import Row, Store


@dataclass(frozen=True, slots=True)
class Summary:
    """A text about [`starts`, `ends`) (milliseconds since 1970, UTC), made from the episodes `sources`."""

    starts: int
    ends: int
    text: str
    language: str
    sources: tuple[int, ...]
    id: int = 0


def save(store: Store, summary: Summary) -> int:
    """Keep a summary with its provenance; gives its id.

    Raises:
        StoreError: it names no source, or one that is not there.
    """
    if not summary.sources:
        raise StoreError("a summary must name the episodes it was made from")
    with store.transaction():
        row = store.execute(
            "INSERT INTO summaries (starts, ends, text, language) VALUES (?, ?, ?, ?)",
            (summary.starts, summary.ends, summary.text, summary.language),
        )
        store.execute_many(
            "INSERT INTO summary_sources (summary, episode) VALUES (?, ?)",
            [(row.lastrowid, episode) for episode in summary.sources],
        )
    return int(row.lastrowid)


def get(store: Store, summary: int) -> Summary:
    """One summary.

    Raises:
        StoreError: there is none with this id.
    """
    rows = store.query(f"SELECT {_COLUMNS} FROM summaries WHERE id = ?", (summary,))
    if not rows:
        raise StoreError(f"there is no summary {summary}")
    return _summary(store, rows[0])


def between(store: Store, start: int, end: int) -> list[Summary]:
    """The summaries that touch [`start`, `end`), oldest first."""
    sql = f"SELECT {_COLUMNS} FROM summaries WHERE ends > ? AND starts < ? ORDER BY starts, id"
    return [_summary(store, row) for row in store.query(sql, (start, end))]


_COLUMNS = "id, starts, ends, text, language"


def _summary(store: Store, row: Row) -> Summary:
    id_, starts, ends, text, language = row
    rows = store.query("SELECT episode FROM summary_sources WHERE summary = ? ORDER BY episode", (id_,))
    return Summary(starts, ends, text, language, tuple(episode for (episode,) in rows), id_)
