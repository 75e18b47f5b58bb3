"""Facts: what the owner's own words prove, from when to when it was true, and how sure it is.

A fact points at the words that prove it (an episode and a span of what was said); it holds no copy of them. A
contradiction closes the old fact's validity and keeps both.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from companion.memory.errors import StoreError
from companion.memory.store import Row, Store

Kind = Literal["said", "inferred", "confirmed"]
"""`said`: in so many words. `inferred`: concluded, asked about before use. `confirmed`: the owner agreed to it."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something true of the owner's world. Times in milliseconds since 1970, UTC; `confidence` 0…1.

    `evidence`: start and end (exclusive) in characters of the episode's `said`. `key` says what the fact is about
    ("owner.lives_in"): of the facts with one key, one is true at a time; empty: it contradicts nothing.
    `sensitive`: health, belief, sex, money… not to be brought up unasked. `expires`: not recalled from then on.
    """

    statement: str
    episode: int
    evidence: tuple[int, int]
    valid_from: int
    key: str = ""
    kind: Kind = "said"
    confidence: float = 1.0
    valid_to: int | None = None
    sensitive: bool = False
    expires: int | None = None
    person: str = ""
    topic: str = ""
    id: int = 0


_COLUMNS = (
    "id, statement, key, episode, evidence_start, evidence_end, kind, confidence, valid_from, valid_to, sensitive,"
    " expires, person, topic"
)


def evidence_in(said: str, words: str) -> tuple[int, int] | None:
    """Where `words` stand in `said`, letter for letter but for case; None where they do not: then nothing is proven."""
    start = said.find(words)
    if start < 0:
        start = said.lower().find(words.lower()) if len(said.lower()) == len(said) else -1
    return (start, start + len(words)) if words and start >= 0 else None


def save(store: Store, fact: Fact) -> int:
    """Keep a fact and close the one it contradicts: the same key, still true. Gives its id.

    Raises:
        StoreError: the evidence is not in what the owner said, or somebody else said it.
    """
    with store.transaction():
        _require_evidence(store, fact)
        if fact.key and fact.kind != "inferred":  # what is only inferred overturns nothing
            store.execute(
                "UPDATE facts SET valid_to = max(valid_from, :from)"
                " WHERE key = :key AND valid_to IS NULL AND kind <> 'inferred'",
                {"key": fact.key, "from": fact.valid_from},
            )
        return _insert(store, fact)


def supersede(store: Store, old: int, new: Fact) -> int:
    """Close `old` at the moment `new` begins to be true and keep both. Gives the new fact's id.

    Raises:
        StoreError: no such fact, or no evidence for the new one.
    """
    get(store, old)
    with store.transaction():
        store.execute("UPDATE facts SET valid_to = max(valid_from, ?) WHERE id = ?", (new.valid_from, old))
        return save(store, new)


def confirm(store: Store, fact: int, *, instead_of: int | None = None) -> None:
    """The owner agreed: from now on it may be used as true, and it closes what it contradicts, `instead_of` too.

    Raises:
        StoreError: there is no such fact.
    """
    held = get(store, fact)
    with store.transaction():
        if held.key:
            store.execute(
                "UPDATE facts SET valid_to = max(valid_from, :from)"
                " WHERE key = :key AND valid_to IS NULL AND id <> :id AND kind <> 'inferred'",
                {"key": held.key, "from": held.valid_from, "id": fact},
            )
        store.execute(
            "UPDATE facts SET valid_to = max(valid_from, ?) WHERE id = ? AND valid_to IS NULL",
            (held.valid_from, instead_of),
        )
        store.execute("UPDATE facts SET kind = 'confirmed', confidence = 1 WHERE id = ?", (fact,))


def edit(store: Store, fact: int, **changes: Any) -> Fact:
    """Change fields of a fact by the owner's own hand; a changed statement counts as confirmed. Gives the new fact.

    Raises:
        StoreError: no such fact, or a field that cannot be edited.
    """
    held = get(store, fact)
    editable = {f.name for f in fields(Fact)} - {"id", "episode", "evidence", "kind"}
    if unknown := set(changes) - editable:
        raise StoreError(f"a fact's {', '.join(sorted(unknown))} cannot be edited")
    if "statement" in changes:
        changes |= {"kind": "confirmed", "confidence": 1.0}
    with store.transaction():
        for name, value in changes.items():
            store.execute(f"UPDATE facts SET {name} = ? WHERE id = ?", (value, fact))
    store.truncate_wal()  # the old words go from the disk now, not some day
    return replace(held, **changes)


def get(store: Store, fact: int) -> Fact:
    """One fact.

    Raises:
        StoreError: there is none with this id.
    """
    rows = store.query(f"SELECT {_COLUMNS} FROM facts WHERE id = ?", (fact,))
    if not rows:
        raise StoreError(f"there is no fact {fact}")
    return _fact(rows[0])


def known(store: Store, now: int, *, person: str | None = None, history: bool = False) -> list[Fact]:
    """What is true at `now` and has not expired, oldest first; `history` adds what was true before."""
    return [
        _fact(row)
        for row in store.query(
            f"SELECT {_COLUMNS} FROM facts WHERE (expires IS NULL OR expires > :now)"
            " AND (:history OR valid_from <= :now AND (valid_to IS NULL OR valid_to > :now))"
            " AND (:person IS NULL OR person = :person COLLATE NOCASE) ORDER BY id",
            {"now": now, "person": person, "history": history},
        )
    ]


def about(key: str) -> str:
    """What a fact is about, whatever its name: "owner.pet:dog/rex" → "owner.pet:dog", "owner.sister:mina" likewise."""
    return key.rpartition("/" if "/" in key else ":")[0] or key


def why(store: Store, fact: int) -> str:
    """The owner's exact words that prove the fact.

    Raises:
        StoreError: there is no such fact.
    """
    held = get(store, fact)
    ((said,),) = store.query("SELECT said FROM episodes WHERE id = ?", (held.episode,))
    return str(said[slice(*held.evidence)])


def _require_evidence(store: Store, fact: Fact) -> None:
    rows = store.query("SELECT length(said), person FROM episodes WHERE id = ?", (fact.episode,))
    if not rows:
        raise StoreError(f"there is no episode {fact.episode} to prove the fact")
    ((length, person),) = rows
    start, end = fact.evidence
    if person or not 0 <= start < end <= length:
        raise StoreError("a fact needs the owner's own words as its evidence")


def _insert(store: Store, fact: Fact) -> int:
    return int(
        store.execute(
            "INSERT INTO facts (statement, key, episode, evidence_start, evidence_end, kind, confidence, valid_from,"
            " valid_to, sensitive, expires, person, topic) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                fact.statement,
                fact.key,
                fact.episode,
                *fact.evidence,
                fact.kind,
                fact.confidence,
                fact.valid_from,
                fact.valid_to,
                int(fact.sensitive),
                fact.expires,
                fact.person,
                fact.topic,
            ),
        ).lastrowid
    )


def _fact(row: Row) -> Fact:
    id_, statement, key, episode, start, end, kind, confidence, begins, ends, sensitive, expires, person, topic = row
    return Fact(
        statement,
        episode,
        (start, end),
        begins,
        key,
        kind,
        confidence,
        ends,
        bool(sensitive),
        expires,
        person,
        topic,
        id_,
    )
