"""The memory as a folder: keyslots, database and lock, and what an owner does with the keys.

::

    memory/                    mode 0700
      keyslots                 the header: how to open, and which database is today's
      memory-<store>.db        the database, with -wal and -shm while it is open
      lock                     held by the one process that writes

The header names the database, so replacing the header is the one atomic step of a `rotate`: before it the old pair
counts, after it the new one. What an interrupted step left behind is swept at the next opening.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from companion.memory import keys, keyslots
from companion.memory.errors import NoStore, StoreError, StoreExists
from companion.memory.files import WriterLock, clear_errors, make_folder, sync_folder
from companion.memory.keyslots import Header, Secret
from companion.memory.store import Store, create, open_store

_HEADER = "keyslots"
_LOCK = "lock"
_LEFTOVER = re.compile(r"memory-[0-9a-f]{16}\.db(-wal|-shm)?|keyslots\.part")


def header_path(folder: Path) -> Path:
    """Where the header of the memory in `folder` is."""
    return folder / _HEADER


def database_path(folder: Path, store: str) -> Path:
    """Where the database called `store` is."""
    return folder / f"memory-{store}.db"


def database_files(path: Path) -> tuple[Path, ...]:
    """The database at `path` and what SQLite keeps beside it."""
    return path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")


class Vault:
    """An open memory. Make one by `create_vault` or `open_vault`; a context manager that closes it."""

    def __init__(
        self, folder: Path, header: Header, data_key: bytearray, store: Store, lock: WriterLock | None
    ) -> None:
        self.folder = folder
        self.header = header
        self.store = store
        self._data_key = data_key
        self._lock = lock

    def __enter__(self) -> Vault:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def read_only(self) -> bool:
        """Whether the vault was opened without the writer's lock."""
        return self._lock is None

    def add(self, secret: Secret, cost: keys.Argon2Cost | None = None) -> str:
        """One more way in; gives the new slot's id."""
        slot = keyslots.new_slot(secret, cost)
        self.write_header(self.header.adding(slot))
        return slot.id

    def remove(self, slot: str) -> None:
        """Close one way in for good.

        Raises:
            StoreError: there is no such slot, or only the keyring would be left.
        """
        if slot not in {s.id for s in self.header.slots}:
            raise StoreError(f"there is no keyslot {slot}")
        self.write_header(self.header.without(slot))

    def change(self, secret: Secret, cost: keys.Argon2Cost | None = None) -> None:
        """Replace every slot of the secret's kind by one for `secret`: a new passphrase, a newly printed recovery key.

        The old ones stay until the new one has opened the store from what is on the disk: interrupted at any moment,
        the memory opens with the old or the new.
        """
        old = [slot.id for slot in self.header.of_kind(secret.kind)]
        self.add(secret, cost)
        header, data_key = keyslots.unlock(header_path(self.folder), secret)
        with contextlib.closing(open_store(self.store.path, data_key, read_only=True)):
            keys.wipe(data_key)
        self.write_header(header.without(*old))

    def write_header(self, header: Header) -> None:
        """Put `header` on the disk, the data key sealed afresh into its slots."""
        self._writable()
        keyslots.write(header_path(self.folder), header, self._data_key)
        self.header = header

    def replace_store(self, header: Header, data_key: bytearray, store: Store) -> None:
        """Change over to another database that holds the memory from now on; the old one and its key are destroyed.

        `header` names the new database. Writing it is the step that counts.
        """
        self._writable()
        keyslots.write(header_path(self.folder), header, data_key)
        old, old_key = self.store, self._data_key
        store.erased = [*old.erased, frozenset()]
        self.header, self._data_key, self.store = header, data_key, store
        keys.wipe(old_key)
        old.close()
        _remove(database_files(old.path))
        sync_folder(self.folder)

    def close(self) -> None:
        """Close the database, forget the data key, let the next process in."""
        try:
            self.store.close()
        finally:
            keys.wipe(self._data_key)
            if self._lock is not None:
                self._lock.release()

    def _writable(self) -> None:
        if self.read_only:
            raise StoreError("the memory was opened for reading only")


def create_vault(folder: Path, secrets: Sequence[Secret], cost: keys.Argon2Cost | None = None) -> Vault:
    """A new memory in `folder`, opened; `secrets` are the ways in, at least one that is not the keyring.

    Raises:
        StoreExists: there is one already.
        StoreError: no sure way in, or the folder cannot be written.
    """
    if all(secret.kind == "keyring" for secret in secrets):
        raise StoreError("the keyring alone is no sure way in: choose a passphrase or a key file too")
    make_folder(folder)
    lock = WriterLock(folder / _LOCK)
    try:
        if header_path(folder).exists():
            raise StoreExists(f"there is a memory in {folder} already: open it, or move it away first")
        _set_aside(folder)  # a database without its header: from a creation cut short, or the header was lost
        header = keyslots.new_header()
        for secret in secrets:
            header = header.adding(keyslots.new_slot(secret, cost))
        data_key = keys.new_data_key()
        path = database_path(folder, header.store)
        store = create(path, data_key)
        try:
            keyslots.write(header_path(folder), header, data_key)
        except BaseException:
            store.close()
            _remove(database_files(path))
            raise
    except BaseException:
        lock.release()
        raise
    return Vault(folder, header, data_key, store, lock)


def open_vault(folder: Path, secret: Secret, *, read_only: bool = False) -> Vault:
    """Open the memory in `folder`.

    `read_only` needs no lock: the owner may look while Companion runs.

    Raises:
        NoStore: there is none.
        WrongPassphrase, DamagedHeader, DamagedPage, NewerSchema, StoreLocked, ReadOnly, DiskFull: as they say.
    """
    keyslots.read(header_path(folder))  # tells a missing or damaged header before a second of Argon2, or a lock file
    lock = None if read_only else WriterLock(folder / _LOCK)
    try:
        header, data_key = keyslots.unlock(header_path(folder), secret)
        store = open_store(database_path(folder, header.store), data_key, read_only=read_only)
    except BaseException:
        if lock is not None:
            lock.release()
        raise
    if lock is not None:
        _sweep(folder, header)
    return Vault(folder, header, data_key, store, lock)


def ways_in(folder: Path) -> tuple[str, ...]:
    """The kinds of keyslot that the memory in `folder` has, without opening it; empty where there is no memory."""
    try:
        return tuple(dict.fromkeys(slot.kind for slot in keyslots.read(header_path(folder)).slots))
    except NoStore:
        return ()


def set_aside(folder: Path) -> Path | None:
    """Move a damaged memory out of the way, whole, and give its new place; None where there is nothing to move.

    Nothing is ever deleted by this.
    """
    lock = WriterLock(folder / _LOCK)
    try:
        return _set_aside(folder)
    finally:
        lock.release()


def destroy(folder: Path) -> tuple[int, int]:
    """Delete the memory in `folder`, keyslots first: without them what may be left of the database is noise.

    Gives the numbers of keyslots and of files that were destroyed. Needs no key: whoever can delete files can do this.
    """
    lock = WriterLock(folder / _LOCK)
    try:
        slots = _count_slots(folder)
        files = [path for path in _own_files(folder) if path.name != _HEADER]
        with clear_errors(folder):
            header_path(folder).unlink(missing_ok=True)
            header_path(folder).with_name(_HEADER + ".part").unlink(missing_ok=True)
            sync_folder(folder)
            _remove(files)
            (folder / _LOCK).unlink(missing_ok=True)
            sync_folder(folder)
    finally:
        lock.release()
    return slots, len(files)


def _set_aside(folder: Path) -> Path | None:
    files = list(_own_files(folder))
    if not files:
        return None
    aside = folder.with_name(f"{folder.name}-damaged-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}")
    make_folder(aside)
    with clear_errors(folder):
        for path in files:
            path.replace(aside / path.name)
    sync_folder(aside)
    sync_folder(folder)
    return aside


def _count_slots(folder: Path) -> int:
    try:
        return len(keyslots.read(header_path(folder)).slots)
    except StoreError:
        return 0


def _own_files(folder: Path) -> Iterator[Path]:
    """Every file that this module makes, but the lock, and copies of the header that the owner may have laid beside."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith(_HEADER) or (path.name.startswith("memory-") and ".db" in path.name):
            yield path


def _sweep(folder: Path, header: Header) -> None:
    """Remove what an interrupted step left: a database that the header does not name, a header half written."""
    kept = database_files(database_path(folder, header.store))
    _remove([path for path in _own_files(folder) if _LEFTOVER.fullmatch(path.name) and path not in kept])


def _remove(paths: Sequence[Path]) -> None:
    for path in paths:
        with clear_errors(path):
            path.unlink(missing_ok=True)
