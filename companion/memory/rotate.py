"""A new data key for the same memory: what is there is copied into a new database, checked, and put in the old one's
place; then the old database and the old key are destroyed.

This is what makes a forget *deep*: pages that a flash disk kept behind our back no longer open with any key in use. It
is also the answer to a data key that leaked, which a new passphrase is not.
"""

from __future__ import annotations

import secrets
from dataclasses import replace

from companion.memory import keys, schema
from companion.memory.errors import DamagedPage
from companion.memory.forget import OLD_COPIES, OLD_HEADERS, Plan, Receipt, forget, keep
from companion.memory.store import Store, create
from companion.memory.vault import Vault, database_files, database_path


def rotate(vault: Vault, now: int, act: str = "rotate") -> Receipt:
    """Copy the memory into a new database under a new data key; every keyslot opens it as before.

    Interrupted at any moment, the old memory or the new one is there, whole. Needs free room of the memory's size.

    Raises:
        DiskFull: no room for the copy; nothing changed.
        DamagedPage: the copy is not equal to the original; nothing changed.
    """
    header = replace(vault.header, store=secrets.token_hex(8))
    data_key = keys.new_data_key()
    path = database_path(vault.folder, header.store)
    fresh = create(path, data_key)
    try:
        counts = _copy(vault.store, fresh)
        receipt = Receipt(
            act=act,
            at=now,
            counts=counts,
            verified=True,
            checks={"rows": "copied and compared", "pages": "authenticated", "old data key": "destroyed"},
            limits=(OLD_COPIES, OLD_HEADERS),
        )
        keep(fresh, receipt)
        fresh.check()
    except BaseException:
        fresh.close()
        for file in database_files(path):
            file.unlink(missing_ok=True)
        keys.wipe(data_key)
        raise
    vault.replace_store(header, data_key, fresh)
    return receipt


def forget_deeply(vault: Vault, plan: Plan, now: int) -> tuple[Receipt, Receipt]:
    """Forget, then leave the old key and the old file behind. Gives the receipts of both."""
    return forget(vault.store, plan, now), rotate(vault, now, act="rotate after forget")


def _copy(old: Store, new: Store) -> dict[str, int]:
    """Copy every row; gives the counts.

    Raises:
        DamagedPage: what arrived is not what was sent.
    """
    counts = {}
    with new.transaction():
        for table in (*schema.TABLES, "sqlite_sequence"):
            if table == "sqlite_sequence":  # so that no id is ever given twice
                new.execute("DELETE FROM sqlite_sequence")
            columns = len(old.query(f"SELECT name FROM pragma_table_info('{table}')"))
            marks = ", ".join("?" * columns)
            new.execute_many(f"INSERT INTO {table} VALUES ({marks})", old.execute(f"SELECT * FROM {table}"))
            counts[table] = new.query(f"SELECT count(*) FROM {table}")[0][0]
        for table in counts:
            pairs = zip(old.execute(f"SELECT * FROM {table}"), new.execute(f"SELECT * FROM {table}"), strict=True)
            if any(before != after for before, after in pairs):
                raise DamagedPage("the copy differs from the memory: it was thrown away, the memory is as it was")
    del counts["sqlite_sequence"]
    return counts
