"""Forgetting: choose, look at what would go (a dry run is a `Plan` that nobody carries out), then let it go for good.

What was made from an episode goes with it: feelings, facts, summaries, the embedding, the full text. Then the WAL is
cut, because deleted rows stay readable in it, and what was to go is looked for again. The receipt holds no content.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from companion.memory.errors import StoreError
from companion.memory.store import Store

_JOINED = re.compile(r"[ᄀ-ᇿ\u3040-ヿ㄰-㆏㐀-鿿가-힣]")  # scripts that join particles to words, or use no spaces

OLD_COPIES = "exports and backups made before still hold it"
OLD_BLOCKS = (
    "old blocks of an SSD or SD card may keep encrypted pages that today's key opens: a deep forget changes the key"
)
OLD_HEADERS = "an old copy of the disk, opened with a passphrase of its time, still shows what was there then"


MOOD = "mood"
"""The name in the profile of the mood, which is made of feelings and goes with any of them."""

ANSWER = "answer."
"""How the names in the profile of answers begin that the owner judged; they go with the episodes they were given in."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a forget takes away: ids by table (keys, for the profile).

    `replies`: episodes of which only the reply goes; the owner's words in them stay.
    """

    episodes: frozenset[int] = frozenset()
    replies: frozenset[int] = frozenset()
    facts: frozenset[int] = frozenset()
    feelings: frozenset[int] = frozenset()
    summaries: frozenset[int] = frozenset()
    profile: frozenset[str] = frozenset()

    def counts(self) -> dict[str, int]:
        """How many rows of each table."""
        return {name: len(ids) for name, ids in asdict(self).items()}

    def __bool__(self) -> bool:
        return any(self.counts().values())


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof of an act that destroys, without a word of what was destroyed.

    `verified`: it was looked for afterwards and not found, and no WAL holds it. `limits`: what cannot be promised.
    """

    act: str
    at: int
    counts: dict[str, int]
    verified: bool
    checks: dict[str, str] = field(default_factory=dict)
    limits: tuple[str, ...] = ()


# --- choosing --------------------------------------------------------------------------------------------------------


def by_ids(store: Store, names: Iterable[str]) -> Plan:
    """`12` or `e12` an episode, `f3` a fact, `m4` a mood (feeling), `s2` a summary.

    Raises:
        StoreError: no such thing, or not an id.
    """
    tables = {"e": "episodes", "f": "facts", "m": "feelings", "s": "summaries"}
    chosen: dict[str, set[int]] = {table: set() for table in tables.values()}
    for name in names:
        match = re.fullmatch(r"([efms]?)(\d{1,18})", name)
        table = tables[match[1] or "e"] if match else ""
        if match is None or not store.query(f"SELECT 1 FROM {table} WHERE id = ?", (int(match[2]),)):
            raise StoreError(f"there is nothing called {name[:24]}: `companion memory list` shows the ids")
        chosen[table].add(int(match[2]))
    frozen = {table: frozenset(ids) for table, ids in chosen.items()}
    plan = Plan(
        episodes=frozen["episodes"],
        facts=frozen["facts"],
        feelings=frozen["feelings"],
        summaries=frozen["summaries"],
    )
    return _closed(store, plan)


def by_text(store: Store, words: str) -> Plan:
    """Everything whose words hold `words` (whole words, where the script has them; case does not matter).

    Where only the reply holds them, only the reply goes.

    Raises:
        StoreError: nothing to look for.
    """
    holds = finder(words)
    return _closed(
        store,
        Plan(
            episodes=_matching(store, "SELECT id, said, person, topic FROM episodes", holds),
            replies=_matching(store, "SELECT id, answered FROM episodes", holds),
            facts=_matching(store, "SELECT id, statement, person, topic FROM facts", holds),
            summaries=_matching(store, "SELECT id, text FROM summaries", holds),
            profile=_matching(store, "SELECT key, value, key FROM profile", holds),
        ),
    )


def by_person(store: Store, name: str) -> Plan:
    """Everything that names a person, what the person said, and every fact about them."""
    return by_text(store, name)


def by_topic(store: Store, topic: str) -> Plan:
    """Everything under a topic's label or that names it."""
    return by_text(store, topic)


def by_period(store: Store, start: int, end: int) -> Plan:
    """What was said, felt and summarised in [`start`, `end`) (milliseconds since 1970, UTC)."""
    period = (start, end)
    return _closed(
        store,
        Plan(
            episodes=_ids(store, "SELECT id FROM episodes WHERE started >= ? AND started < ?", period),
            feelings=_ids(store, "SELECT id FROM feelings WHERE at >= ? AND at < ?", period),
            summaries=_ids(store, "SELECT id FROM summaries WHERE ends > ? AND starts < ?", period),
        ),
    )


def feelings_only(store: Store, start: int, end: int) -> Plan:
    """The feelings of [`start`, `end`); the words stay."""
    felt = _ids(store, "SELECT id FROM feelings WHERE at >= ? AND at < ?", (start, end))
    return _closed(store, Plan(feelings=felt))


def expired(store: Store, now: int) -> Plan:
    """The facts whose time is over."""
    return Plan(facts=_ids(store, "SELECT id FROM facts WHERE expires <= ?", (now,)))


def union(plans: Iterable[Plan]) -> Plan:
    """All that any of the plans takes away."""
    plans = tuple(plans)
    return Plan(
        episodes=(gone := frozenset[int]().union(*(plan.episodes for plan in plans))),
        replies=frozenset[int]().union(*(plan.replies for plan in plans)) - gone,
        facts=frozenset[int]().union(*(plan.facts for plan in plans)),
        feelings=frozenset[int]().union(*(plan.feelings for plan in plans)),
        summaries=frozenset[int]().union(*(plan.summaries for plan in plans)),
        profile=frozenset[str]().union(*(plan.profile for plan in plans)),
    )


# --- letting go ------------------------------------------------------------------------------------------------------


_ROWS = {
    "episodes": "episodes WHERE id",
    "replies": "episodes WHERE answered <> '' AND id",
    "facts": "facts WHERE id",
    "feelings": "feelings WHERE id",
    "summaries": "summaries WHERE id",
    "profile": "profile WHERE key",
}
"""Where the ids of a plan stand."""

_ACTS = {
    "replies": (
        "UPDATE episodes SET answered = '' WHERE id = ?",
        "DELETE FROM embeddings WHERE episode = ?",  # the vector was of both
    )
}
"""What is done instead of deleting the row."""


def forget(store: Store, plan: Plan, now: int) -> Receipt:
    """Carry `plan` out and see that it is done; the receipt is also kept in the store.

    Raises:
        StoreError: the store cannot be written; nothing is forgotten then.
    """
    touched = plan.episodes | plan.replies | _felt(store, plan)
    with store.transaction():
        for kind, ids in asdict(plan).items():
            for act in _ACTS.get(kind, (f"DELETE FROM {_ROWS[kind]} = ?",)):
                store.execute_many(act, [(id_,) for id_ in ids])
        left = sum(_left(store, kind, ids) for kind, ids in asdict(plan).items())
    store.erased.append(touched)
    checkpoint = store.truncate_wal()
    receipt = Receipt(
        act="forget",
        at=now,
        counts=plan.counts(),
        verified=left == 0 and checkpoint.complete,
        checks={
            "rows left": str(left),
            "write-ahead log": "empty" if checkpoint.complete else "held up by a reader: close it and forget again",
        },
        limits=(OLD_COPIES, OLD_BLOCKS),
    )
    keep(store, receipt)
    return receipt


def keep(store: Store, receipt: Receipt) -> None:
    """Put a receipt into the store."""
    detail = {name: value for name, value in asdict(receipt).items() if name not in {"act", "at"}}
    with store.transaction():
        store.execute(
            "INSERT INTO receipts (at, act, detail) VALUES (?, ?, ?)", (receipt.at, receipt.act, json.dumps(detail))
        )


def receipts(store: Store) -> list[Receipt]:
    """Every receipt kept, oldest first."""
    kept = []
    for at, act, detail in store.query("SELECT at, act, detail FROM receipts ORDER BY id"):
        fields = json.loads(detail)
        fields["limits"] = tuple(fields["limits"])
        kept.append(Receipt(act=act, at=at, **fields))
    return kept


def _closed(store: Store, plan: Plan) -> Plan:
    """`plan` with all that was made from its episodes, so that a dry run shows everything."""
    ids = json.dumps(sorted(plan.episodes))
    inside = "IN (SELECT value FROM json_each(?))"
    felt = plan.feelings | _ids(store, f"SELECT id FROM feelings WHERE episode {inside}", (ids,))
    mood = frozenset(key for (key,) in store.query("SELECT key FROM profile WHERE key = ?", (MOOD,)) if felt)
    answered = f"SELECT answered FROM episodes WHERE id {inside}"
    judged = f"SELECT key FROM profile WHERE key LIKE ? AND json_extract(value, '$.text') IN ({answered})"
    gone = json.dumps(sorted(plan.episodes | plan.replies))
    answers = frozenset(key for (key,) in store.query(judged, (f"{ANSWER}%", gone)))
    return Plan(
        episodes=plan.episodes,
        replies=plan.replies - plan.episodes,
        facts=plan.facts | _ids(store, f"SELECT id FROM facts WHERE episode {inside}", (ids,)),
        feelings=felt,
        summaries=plan.summaries | _ids(store, f"SELECT summary FROM summary_sources WHERE episode {inside}", (ids,)),
        profile=plan.profile | mood | answers,
    )


def _felt(store: Store, plan: Plan) -> frozenset[int]:
    """The episodes whose feelings go."""
    ids = json.dumps(sorted(plan.feelings))
    sql = "SELECT DISTINCT episode FROM feelings WHERE episode IS NOT NULL AND id IN (SELECT value FROM json_each(?))"
    return _ids(store, sql, (ids,))


def _left(store: Store, kind: str, ids: Iterable[int | str]) -> int:
    sql = f"SELECT count(*) FROM {_ROWS[kind]} IN (SELECT value FROM json_each(?))"
    return int(store.query(sql, (json.dumps(sorted(ids, key=str)),))[0][0])


def _ids(store: Store, sql: str, parameters: Sequence[int | str]) -> frozenset[int]:
    return frozenset(id_ for (id_,) in store.query(sql, parameters))


def _matching(store: Store, sql: str, holds: Callable[[str], bool]) -> frozenset[Any]:
    return frozenset(id_ for id_, *texts in store.query(sql) if any(holds(text) for text in texts))


def finder(words: str) -> Callable[[str], bool]:
    """Whether a text holds `words`: as whole words, but anywhere in scripts that join particles to them."""
    wanted = unicodedata.normalize("NFC", words).casefold().strip()
    if not wanted:
        raise StoreError("nothing to look for: give a word, a name or a topic")
    pattern = r"\s+".join(re.escape(word) for word in wanted.split())
    if not _JOINED.search(wanted):
        pattern = rf"(?<!\w){pattern}(?!\w)"
    search = re.compile(pattern).search
    return lambda text: search(unicodedata.normalize("NFC", text).casefold()) is not None
