"""Episodes: what was said and what was heard of the answer, turn by turn, and the sessions they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from companion.memory import feelings
from companion.memory.errors import StoreError
from companion.memory.feelings import Feeling
from companion.memory.store import Row, Store

_COLUMNS = "id, session, turn, started, said, answered, interrupted, language, person, topic"


@dataclass(frozen=True, slots=True)
class Episode:
    """One turn. Times are milliseconds since 1970, UTC.

    `said` are the owner's words, or those of `person` where somebody else spoke; `answered` only what was **heard** of
    the reply. `id` is given by the store.
    """

    session: int
    turn: int
    started: int
    said: str
    language: str
    answered: str = ""
    interrupted: bool = False
    person: str = ""
    topic: str = ""
    id: int = 0


def begin_session(store: Store, started: int, language: str, profile: str = "") -> int:
    """Note that a conversation begins; gives its id."""
    return int(
        store.execute(
            "INSERT INTO sessions (started, language, profile) VALUES (?, ?, ?)", (started, language, profile)
        ).lastrowid
    )


def save(store: Store, episode: Episode, felt: Sequence[Feeling] = ()) -> int:
    """Keep an episode and how its owner felt, both or neither; durable when this returns. Gives the episode's id."""
    with store.transaction():
        row = store.execute(
            "INSERT INTO episodes (session, turn, started, said, answered, interrupted, language, person, topic)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                episode.session,
                episode.turn,
                episode.started,
                episode.said,
                episode.answered,
                int(episode.interrupted),
                episode.language,
                episode.person,
                episode.topic,
            ),
        )
        for feeling in felt:
            feelings.save(store, feeling, episode=row.lastrowid)
    return int(row.lastrowid)


def get(store: Store, episode: int) -> Episode:
    """One episode.

    Raises:
        StoreError: there is none with this id.
    """
    rows = store.query(f"SELECT {_COLUMNS} FROM episodes WHERE id = ?", (episode,))
    if not rows:
        raise StoreError(f"there is no episode {episode}")
    return _episode(rows[0])


def by_ids(store: Store, ids: Sequence[int]) -> list[Episode]:
    """The episodes that are still there of `ids`, in the order of their ids."""
    marks = ",".join("?" * len(ids))
    return [
        _episode(row) for row in store.query(f"SELECT {_COLUMNS} FROM episodes WHERE id IN ({marks}) ORDER BY id", ids)
    ]


def latest(store: Store, limit: int = 50, *, before: int | None = None) -> list[Episode]:
    """The last `limit` episodes, newest first; `before` (an id) pages back."""
    return [
        _episode(row)
        for row in store.query(
            f"SELECT {_COLUMNS} FROM episodes WHERE :before IS NULL OR id < :before ORDER BY id DESC LIMIT :limit",
            {"before": before, "limit": limit},
        )
    ]


def between(store: Store, start: int, end: int) -> list[Episode]:
    """The episodes that began in [`start`, `end`), oldest first."""
    return [
        _episode(row)
        for row in store.query(
            f"SELECT {_COLUMNS} FROM episodes WHERE started >= ? AND started < ? ORDER BY started, id", (start, end)
        )
    ]


def correct(store: Store, episode: int, said: str) -> None:
    """Put right what was misheard. Facts, summaries and the embedding made from the wrong words go.

    Raises:
        StoreError: there is no such episode.
    """
    get(store, episode)
    with store.transaction():
        store.execute("UPDATE episodes SET said = ? WHERE id = ?", (said, episode))
    store.erased.append(frozenset({episode}))
    store.truncate_wal()


def _episode(row: Row) -> Episode:
    id_, session, turn, started, said, answered, interrupted, language, person, topic = row
    return Episode(session, turn, started, said, language, answered, bool(interrupted), person, topic, id_)
