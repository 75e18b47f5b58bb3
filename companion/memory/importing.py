"""Bringing an export back: whole into an empty memory, or merged into one that lives. All of it or none of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from companion.memory import archive
from companion.memory.errors import BadArchive, RuleBroken, StoreError
from companion.memory.files import clear_errors
from companion.memory.store import Store

MAX_EXPORT = 512 * 1024**2
"""Bytes of an export file that are read at all: a memory of a million episodes takes less."""

_AGE = b"age-encryption.org/v1\n"

_Record = dict[str, Any]


def is_protected(path: Path) -> bool:
    """Whether the file at `path` is encrypted; False where it cannot be read at all."""
    try:
        with path.open("rb") as file:
            return file.read(len(_AGE)) == _AGE
    except OSError:
        return False


def read(path: Path, *, passphrase: bytearray | None = None, identity: str | None = None) -> archive.Tables:
    """The tables of an export file. `identity` is an `AGE-SECRET-KEY-1…`; a plain export needs neither.

    Raises:
        BadArchive: wrong key, damaged, cut short, hostile, or from another version.
        StoreError: it cannot be read.
    """
    with clear_errors(path):
        if path.stat().st_size > MAX_EXPORT:
            raise BadArchive(f"{path} is bigger than an export can be: it is not imported")
        data = path.read_bytes()
    if data.startswith(_AGE):
        data = _decrypt(data, passphrase, identity)
    return archive.unpack(data)


def restore(store: Store, tables: archive.Tables, *, merge: bool = False) -> dict[str, int]:
    """Put `tables` into the store in one transaction; gives the number of new records by table.

    Without `merge` the store must be empty. With it, what is there already (the same words at the same time) is not
    doubled, of two facts about the same thing the later one is true, and the newer of two profile values stays.

    Raises:
        StoreError: the store is not empty and `merge` was not asked for.
        BadArchive: the records do not fit together; the store is as it was.
    """
    if not merge and store.query("SELECT 1 FROM episodes LIMIT 1"):
        raise StoreError("the memory is not empty: import with --merge, or into another --home")
    try:
        with store.transaction():
            return _Import(store).run(tables)
    except (KeyError, UnicodeEncodeError, RuleBroken) as error:
        raise BadArchive("the export is damaged: its records do not fit together; nothing was imported") from error


def _decrypt(data: bytes, passphrase: bytearray | None, identity: str | None) -> bytes:
    import pyrage

    try:
        if identity is not None:
            return bytes(pyrage.decrypt(data, [pyrage.x25519.Identity.from_str(identity.strip())]))
        if passphrase is not None:
            return bytes(pyrage.passphrase.decrypt(data, passphrase.decode()))
    except (pyrage.DecryptError, pyrage.IdentityError, UnicodeDecodeError) as error:
        raise BadArchive("the export does not open: wrong passphrase or key, or it is damaged or cut short") from error
    raise BadArchive("this export is encrypted: give its passphrase or the age key it was made for")


class _Import:
    """One import. Ids are given anew; the maps lead from the export's ids to the store's."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._episodes: dict[int, int] = {}
        self._new: dict[str, int] = dict.fromkeys(archive.COLUMNS, 0)

    def run(self, tables: archive.Tables) -> dict[str, int]:
        self._sessions_and_episodes(tables)
        for record in tables["feelings"]:
            episode = record["episode"]
            values = record | {"episode": None if episode is None else self._episodes[episode]}
            self._insert("feelings", values, same=("episode", "at", "modality", "valence", "arousal"))
        for record in tables["facts"]:
            self._fact(record)
        self._close_contradictions()
        for record in tables["summaries"]:
            self._summary(record)
        for record in tables["profile"]:
            self._profile(record)
        for record in tables["receipts"]:
            values = record | {"detail": json.dumps(record["detail"])}
            self._insert("receipts", values, same=("at", "act", "detail"))
        return self._new

    def _sessions_and_episodes(self, tables: archive.Tables) -> None:
        begun = {record["id"]: record for record in tables["sessions"]}
        sessions: dict[int, int] = {}
        for record in tables["episodes"]:
            old = record["session"]
            if old not in sessions:
                sessions[old] = self._insert("sessions", begun[old], same=("started", "language", "profile"))
            values = record | {"session": sessions[old]}
            self._episodes[record["id"]] = self._insert("episodes", values, same=("started", "said", "person", "turn"))

    def _fact(self, record: _Record) -> None:
        episode = self._episodes[record["episode"]]
        ((length,),) = self._store.query("SELECT length(said) FROM episodes WHERE id = ?", (episode,))
        if record["evidence_end"] > length:
            raise BadArchive("the export is damaged: a fact has no evidence; nothing was imported")
        same = ("statement", "episode", "evidence_start", "evidence_end")
        self._insert("facts", record | {"episode": episode}, same=same)

    def _close_contradictions(self) -> None:
        """Of several open facts with one key, the one that began last stays open."""
        self._store.execute(
            "UPDATE facts SET valid_to = (SELECT max(later.valid_from) FROM facts AS later WHERE later.key = facts.key"
            " AND later.kind <> 'inferred') WHERE key <> '' AND valid_to IS NULL AND kind <> 'inferred' AND EXISTS"
            " (SELECT 1 FROM facts AS later WHERE later.key = facts.key AND later.kind <> 'inferred'"
            " AND (later.valid_from, later.id) > (facts.valid_from, facts.id))"
        )

    def _summary(self, record: _Record) -> None:
        before = self._new["summaries"]
        values = {name: value for name, value in record.items() if name != "sources"}
        summary = self._insert("summaries", values, same=("starts", "ends", "text"))
        if self._new["summaries"] > before:
            if not record["sources"]:
                raise BadArchive("the export is damaged: a summary has no source; nothing was imported")
            rows = [(summary, self._episodes[episode]) for episode in record["sources"]]
            self._store.execute_many("INSERT INTO summary_sources (summary, episode) VALUES (?, ?)", rows)

    def _profile(self, record: _Record) -> None:
        changed = self._store.execute(
            "INSERT INTO profile (key, value, updated) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE"
            " SET value = excluded.value, updated = excluded.updated WHERE excluded.updated > profile.updated",
            (record["key"], json.dumps(record["value"], ensure_ascii=False), record["updated"]),
        )
        self._new["profile"] += changed.rowcount

    def _insert(self, table: str, record: _Record, same: tuple[str, ...]) -> int:
        """Insert a record unless one is there that equals it in the columns `same`; gives the id of either."""
        where = " AND ".join(f"{column} IS :{column}" for column in same)
        found = self._store.query(f"SELECT id FROM {table} WHERE {where} LIMIT 1", {c: record[c] for c in same})
        if found:
            return int(found[0][0])
        values = {name: value for name, value in record.items() if name != "id"}
        marks = ", ".join(f":{name}" for name in values)
        row = self._store.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", values)
        self._new[table] += 1
        return int(row.lastrowid)
