"""The database: one SQLCipher file, opened with the data key, refused where it is not what the memory relies on.

All access goes through one connection and one lock, so any thread may call. Errors of SQLite leave here translated into
those of `companion.memory.errors`.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sqlcipher3 import dbapi2 as sqlcipher

from companion.memory import keys, schema
from companion.memory.errors import (
    DamagedPage,
    DiskFull,
    NewerSchema,
    ReadOnly,
    RuleBroken,
    StoreError,
    StoreExists,
    StoreLocked,
    UnsafeStore,
)
from companion.memory.files import create_empty, sync_folder

Row = tuple[Any, ...]

_CACHE_KIB = 32 * 1024  # decrypted pages kept in memory: a search at 100,000 episodes stays within it

_REQUIRED: dict[str, str] = {
    "cipher_use_hmac": "1",
    "secure_delete": "1",  # not FAST (2), which leaves traces on freelist pages
    "temp_store": "2",  # memory: no plain temporary file
    "journal_mode": "wal",
    "synchronous": "2",  # FULL: what is acknowledged survives a power cut
    "foreign_keys": "1",  # the cascades of `forget` hang on it
}

# SQLite's primary result codes (the low byte of an extended one): https://www.sqlite.org/rescode.html
_BUSY, _READONLY, _IOERR, _CORRUPT, _FULL, _CANTOPEN, _CONSTRAINT, _NOTADB = 5, 8, 10, 11, 13, 14, 19, 26


class Checkpoint(NamedTuple):
    """The result row of `wal_checkpoint`: `busy` 1 where a reader held it up, then frames in the WAL and moved."""

    busy: int
    frames: int
    moved: int

    @property
    def complete(self) -> bool:
        """Whether nothing is left in the WAL."""
        return self.busy == 0 and self.frames == self.moved


class Store:
    """An open database. Make one by `create` or `open_store`."""

    def __init__(self, path: Path, connection: Any) -> None:
        self.path = path
        self.erased: list[frozenset[int]] = []
        """Every erasure since the store was opened, as the episodes it took or changed: whoever keeps copies in memory
        drops theirs when it grows."""
        self._connection = connection
        self._lock = threading.RLock()
        self._depth = 0

    def query(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> list[Row]:
        """Run one statement and fetch all its rows."""
        with self._lock, _translated(self.path):
            return list(self._connection.execute(sql, parameters))

    def execute(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> Any:
        """Run one statement; gives its cursor (`lastrowid`, `rowcount`)."""
        with self._lock, _translated(self.path):
            return self._connection.execute(sql, parameters)

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement for every row."""
        with self._lock, _translated(self.path):
            self._connection.executemany(sql, rows)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or none of it; durable when the outermost block ends."""
        with self._lock, _translated(self.path):
            if self._depth == 0:
                self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
                if self._depth == 1:
                    self._connection.execute("COMMIT")
            except BaseException:
                if self._depth == 1 and self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            finally:
                self._depth -= 1

    def truncate_wal(self) -> Checkpoint:
        """Move the WAL into the database and cut it to nothing: deleted content stays readable in it until then."""
        return Checkpoint(*self.query("PRAGMA wal_checkpoint(TRUNCATE)")[0])

    def check(self) -> None:
        """Authenticate every page, then check the structure, the references and the full-text tables.

        Raises:
            DamagedPage: with the numbers of the pages whose HMAC is wrong.
        """
        self.truncate_wal()  # `cipher_integrity_check` reads the database file alone
        broken = [row[0] for row in self.query("PRAGMA cipher_integrity_check")]
        if broken:
            raise _damaged(self.path, tuple(int(text.split()[-1]) for text in broken if text.split()[-1].isdigit()))
        if self.query("PRAGMA integrity_check") != [("ok",)] or self.query("PRAGMA foreign_key_check"):
            raise _damaged(self.path)
        for table in schema.FULL_TEXT:
            self.execute(f"INSERT INTO {table} ({table}, rank) VALUES ('integrity-check', 1)")

    def rebuild_full_text(self) -> None:
        """Make the full-text tables anew from what they index: they are derived and never worth a refusal to start."""
        with self.transaction():
            for table in schema.FULL_TEXT:
                self.execute(f"INSERT INTO {table} ({table}) VALUES ('rebuild')")

    def close(self) -> None:
        """Close the database; the last connection moves the WAL into it."""
        with self._lock, _translated(self.path):
            self._connection.close()


def create(path: Path, data_key: bytearray) -> Store:
    """A new, empty store.

    Raises:
        StoreExists: there is a file already.
        StoreError: any other trouble.
    """
    if path.exists():
        raise StoreExists(f"there is a memory at {path} already")
    create_empty(path)
    try:
        store = Store(path, _connect(path, data_key, read_only=False))
        with _translated(path):
            schema.migrate(store._connection)
            _require_secure_full_text(store._connection)
        sync_folder(path.parent)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return store


def open_store(path: Path, data_key: bytearray, *, read_only: bool = False) -> Store:
    """The store at `path`; `data_key` is the verified one, so whatever does not decrypt is damaged.

    A read-only store may be open while another process writes; it cannot migrate.

    Raises:
        DamagedPage: missing, cut short, or page 1 does not authenticate.
        NewerSchema: from a newer Companion.
        UnsafeStore: SQLCipher lacks a protection.
        StoreLocked, ReadOnly, DiskFull: as they say.
    """
    if not path.exists() or path.stat().st_size == 0:  # SQLite would take an empty file for a new database
        raise _damaged(path)
    connection = _connect(path, data_key, read_only=read_only)
    try:
        with _translated(path):
            found = schema.version(connection)
            if found == 0:
                raise _damaged(path)
            if read_only and found < len(schema.MIGRATIONS):
                raise NewerSchema("this memory must be brought up to date first: start Companion once")
            schema.migrate(connection)
            _require_secure_full_text(connection)
            if read_only:
                connection.execute("PRAGMA query_only = ON")
    except BaseException:
        connection.close()
        raise
    return Store(path, connection)


def _connect(path: Path, data_key: bytearray, *, read_only: bool) -> Any:
    with _translated(path):
        connection = sqlcipher.connect(str(path), isolation_level=None, check_same_thread=False, timeout=5.0)
    try:
        raw = bytearray(b"x'" + data_key.hex().encode() + b"'")  # the form that skips SQLCipher's own key derivation
        connection.set_key(raw)
        keys.wipe(raw)
        with _translated(path):
            connection.execute("PRAGMA cipher_log_level = NONE")  # it writes to stderr otherwise
            connection.execute("SELECT count(*) FROM sqlite_master")  # the first read: wrong key or damage shows here
            if not read_only:
                connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute(f"PRAGMA cache_size = {-_CACHE_KIB}")
        require_protection(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def require_protection(connection: Any) -> None:
    """Assert at run time what the memory relies on.

    Raises:
        UnsafeStore: naming the setting that is not as it must be.
    """
    if not connection.execute("PRAGMA cipher_version").fetchone():
        raise UnsafeStore("this SQLite has no encryption: install sqlcipher3 from its own package")
    for name, wanted in _REQUIRED.items():
        row = connection.execute(f"PRAGMA {name}").fetchone()
        if row is None or str(row[0]) != wanted:
            raise UnsafeStore(f"SQLCipher's {name} is not {wanted}: the memory is not opened without it")


def _require_secure_full_text(connection: Any) -> None:
    for table in schema.FULL_TEXT:
        if connection.execute(f"SELECT v FROM {table}_config WHERE k = 'secure-delete'").fetchone() != (1,):
            raise UnsafeStore(f"full-text table {table} does not delete securely: the memory is not opened without it")


def _damaged(path: Path, pages: tuple[int, ...] = ()) -> DamagedPage:
    where = f" (page {', '.join(map(str, pages[:5]))})" if pages else ""
    return DamagedPage(f"the memory {path.name} is damaged{where}: it was left as it is; restore an export", pages)


@contextlib.contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlcipher.Error as error:
        raise translate(error, path) from None  # SQLite's own text may quote what was stored


def translate(error: Any, path: Path) -> StoreError:
    """What a SQLite error means for the owner."""
    code = getattr(error, "sqlite_errorcode", 0) or 0
    kinds: dict[int, StoreError] = {
        _BUSY: StoreLocked("another program is using the memory: try again when it is done"),
        _READONLY: ReadOnly(f"{path} may not be written: check its owner and mode, or remount the disk"),
        _CANTOPEN: ReadOnly(f"{path} cannot be opened: check its owner and mode, and those of its folder"),
        _FULL: DiskFull("no room left on the disk: free some space; what was saved before is safe"),
        _IOERR: DiskFull("the disk refuses to read or write, most likely it is full: what was saved before is safe"),
        _CORRUPT: _damaged(path),
        _CONSTRAINT: RuleBroken("the memory does not take this: a value is out of range or refers to nothing"),
        _NOTADB: _damaged(path),
    }
    name = getattr(error, "sqlite_errorname", None) or type(error).__name__
    return kinds.get(code & 0xFF, StoreError(f"the memory cannot do this ({name})"))
