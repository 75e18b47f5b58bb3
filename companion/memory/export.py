"""Taking the memory away: everything kept, felt and inferred, as an `age` file that any age program opens with the key.

Inside is a ZIP (`companion.memory.archive`) with a page that shows it in a browser, without Companion or a network.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from companion.memory import archive
from companion.memory.errors import BadKey, StoreError
from companion.memory.files import write_atomically
from companion.memory.store import Store

_PLACE_OF_DATA = "/*DATA*/"


def collect(store: Store, now: int) -> archive.Tables:
    """Everything in the store as records, less what has expired at `now` and what can be computed again."""
    tables: archive.Tables = {}
    for table, columns in archive.COLUMNS.items():
        names = [name for name in columns if name != "sources"]
        where = "WHERE expires IS NULL OR expires > :now" if table == "facts" else ""
        parameters = {"now": now} if where else {}
        rows = store.query(f"SELECT {', '.join(names)} FROM {table} {where} ORDER BY 1", parameters)
        tables[table] = [_record(columns, dict(zip(names, row, strict=True))) for row in rows]
    sources: dict[int, list[int]] = {}
    for summary, episode in store.query("SELECT summary, episode FROM summary_sources ORDER BY summary, episode"):
        sources.setdefault(summary, []).append(episode)
    for record in tables["summaries"]:
        record["sources"] = sources[record["id"]]
    return tables


def export(
    store: Store,
    path: Path,
    now: int,
    *,
    passphrase: bytearray | None = None,
    recipients: Sequence[str] = (),
    plain: bool = False,
) -> dict[str, int]:
    """Write an export to `path`, whole or not at all; gives the number of records by table.

    Exactly one of `passphrase`, `recipients` (`age1…`) and `plain` says how it is protected; `plain` is a bare ZIP that
    anyone can read: ask its owner first.

    Raises:
        StoreError: the file exists, cannot be written, or it is not said how to protect it.
        BadKey: a recipient is not one.
    """
    if (passphrase is not None) + bool(recipients) + plain != 1:
        raise StoreError("say how to protect the export: a passphrase or a recipient")
    if path.exists():
        raise StoreError(f"{path} exists already: choose another name")
    tables = collect(store, now)
    data = archive.pack(tables, page(tables), now)
    if not plain:
        data = _encrypt(data, passphrase, recipients)
    write_atomically(path, data)
    return {table: len(records) for table, records in tables.items()}


def page(tables: archive.Tables) -> str:
    """The page to read an export in: one HTML file that holds the data and asks nothing of any network."""
    template = resources.files("companion.memory").joinpath("viewer.html").read_text(encoding="utf-8")
    shown = {table: tables[table] for table in ("episodes", "feelings", "facts", "summaries", "profile")}
    data = json.dumps(shown, ensure_ascii=False).replace("<", "\\u003c")  # no `</script>` can end the data early
    return template.replace(_PLACE_OF_DATA, data)


def _encrypt(data: bytes, passphrase: bytearray | None, recipients: Sequence[str]) -> bytes:
    import pyrage

    if passphrase is not None:
        if not passphrase:
            raise StoreError("an empty passphrase protects nothing: choose one")
        return bytes(pyrage.passphrase.encrypt(data, passphrase.decode()))
    try:
        keys = [pyrage.x25519.Recipient.from_str(recipient) for recipient in recipients]
    except pyrage.RecipientError as error:
        raise BadKey("this is not a recipient of age: it begins with age1") from error
    return bytes(pyrage.encrypt(data, keys))


def _record(columns: dict[str, str], row: dict[str, Any]) -> dict[str, Any]:
    for name, kind in columns.items():
        if kind == "boolean":
            row[name] = bool(row[name])
        elif kind == "any":
            row[name] = json.loads(row[name])
    return row
