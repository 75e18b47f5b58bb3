"""Summaries of stretches of conversation, each with the episodes it was made from: when one of them is forgotten or
corrected, the summary goes with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from companion.memory.errors import StoreError
from companion.memory.store import Store


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


def between(store: Store, start: int, end: int) -> list[Summary]:
    """The summaries that touch [`start`, `end`), oldest first."""
    return [
        Summary(starts, ends, text, language, _sources(store, id_), id_)
        for id_, starts, ends, text, language in store.query(
            "SELECT id, starts, ends, text, language FROM summaries WHERE ends > ? AND starts < ? ORDER BY starts, id",
            (start, end),
        )
    ]


def _sources(store: Store, summary: int) -> tuple[int, ...]:
    rows: Sequence[tuple[int]] = store.query(
        "SELECT episode FROM summary_sources WHERE summary = ? ORDER BY episode", (summary,)
    )
    return tuple(episode for (episode,) in rows)
