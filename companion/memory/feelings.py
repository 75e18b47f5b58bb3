"""How the owner felt, over time: a table of its own, so that it can be erased while the words stay, and kept apart from
facts, so that a mood is never taken for one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from companion.memory.errors import StoreError
from companion.memory.store import Row, Store

Modality = Literal["voice", "words", "both"]

_COLUMNS = "id, episode, at, valence, arousal, emotion, modality, confidence"


@dataclass(frozen=True, slots=True)
class Feeling:
    """A moment. `valence` and `arousal` −1…1, `confidence` 0…1, `at` in milliseconds since 1970, UTC."""

    at: int
    valence: float
    arousal: float
    modality: Modality
    confidence: float
    emotion: str = ""
    episode: int | None = None
    id: int = 0


@dataclass(frozen=True, slots=True)
class Mood:
    """The mean of `n` feelings, weighted by their confidence; `start` is where the span begins."""

    start: int
    valence: float
    arousal: float
    n: int


def save(store: Store, feeling: Feeling, episode: int | None = None) -> int:
    """Keep a feeling, with the episode it was heard in, if any; gives its id."""
    return int(
        store.execute(
            "INSERT INTO feelings (episode, at, valence, arousal, emotion, modality, confidence)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                episode if episode is not None else feeling.episode,
                feeling.at,
                feeling.valence,
                feeling.arousal,
                feeling.emotion,
                feeling.modality,
                feeling.confidence,
            ),
        ).lastrowid
    )


def get(store: Store, feeling: int) -> Feeling:
    """One feeling.

    Raises:
        StoreError: there is none with this id.
    """
    rows = store.query(f"SELECT {_COLUMNS} FROM feelings WHERE id = ?", (feeling,))
    if not rows:
        raise StoreError(f"there is no feeling {feeling}")
    return _feeling(rows[0])


def between(store: Store, start: int, end: int) -> list[Feeling]:
    """The feelings of [`start`, `end`), oldest first."""
    return [
        _feeling(row)
        for row in store.query(
            f"SELECT {_COLUMNS} FROM feelings WHERE at >= ? AND at < ? ORDER BY at, id", (start, end)
        )
    ]


def timeline(store: Store, start: int, end: int, step: int, offset: int = 0) -> list[Mood]:
    """The mood of every span of `step` milliseconds in [`start`, `end`) that has one.

    Spans begin at multiples of `step` in local time; `offset` is local time minus UTC in milliseconds.
    """
    rows = store.query(
        "SELECT (at + :offset) / :step * :step - :offset AS span, sum(valence * confidence), sum(arousal * confidence),"
        " sum(confidence), count(*) FROM feelings WHERE at >= :start AND at < :end AND confidence > 0"
        " GROUP BY span ORDER BY span",
        {"step": step, "offset": offset, "start": start, "end": end},
    )
    return [Mood(span, valence / weight, arousal / weight, n) for span, valence, arousal, weight, n in rows]


def _feeling(row: Row) -> Feeling:
    id_, episode, at, valence, arousal, emotion, modality, confidence = row
    return Feeling(at, valence, arousal, modality, confidence, emotion, episode, id_)
