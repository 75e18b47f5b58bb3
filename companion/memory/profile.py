"""What Companion learned of its owner that is no fact in words: the voice's baseline, pause lengths, what helped."""

from __future__ import annotations

import json
from typing import Any

from companion.memory.store import Store


def put(store: Store, key: str, value: Any, now: int) -> None:
    """Keep `value` (anything JSON holds) under `key`, in the place of what was there. `now` in milliseconds, UTC."""
    with store.transaction():
        store.execute(
            "INSERT INTO profile (key, value, updated) VALUES (?, ?, ?)"
            " ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated = excluded.updated",
            (key, json.dumps(value, ensure_ascii=False), now),
        )


def get(store: Store, key: str, default: Any = None) -> Any:
    """The value under `key`, or `default`."""
    rows = store.query("SELECT value FROM profile WHERE key = ?", (key,))
    return json.loads(rows[0][0]) if rows else default


def everything(store: Store) -> dict[str, Any]:
    """The whole profile, for the owner to see."""
    return {key: json.loads(value) for key, value in store.query("SELECT key, value FROM profile ORDER BY key")}


def drop(store: Store, key: str) -> bool:
    """Unlearn one thing; whether it was there."""
    return bool(store.execute("DELETE FROM profile WHERE key = ?", (key,)).rowcount)
