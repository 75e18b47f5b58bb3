"""The store and its folder: protected or not opened at all, one writer, damage detected and kept."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from sqlcipher3 import dbapi2 as sqlcipher

from companion.memory import keys, keyslots, schema, store, vault
from companion.memory.errors import (
    DamagedHeader,
    DamagedPage,
    DiskFull,
    NewerSchema,
    NoStore,
    StoreError,
    StoreExists,
    StoreLocked,
    UnsafeStore,
    WrongPassphrase,
)
from companion.memory.keyslots import Secret
from tests.memory_tools import CHEAP, PAGE, decrypt_everything, digest, passphrase

KEY = b"\x07" * 32


def make(path: Path) -> store.Store:
    return store.create(path, bytearray(KEY))


def reopen(path: Path, **options: bool) -> store.Store:
    return store.open_store(path, bytearray(KEY), **options)


def add_episode(made: store.Store, said: str = "hello", session: int = 1) -> int:
    with made.transaction():
        made.execute("INSERT OR IGNORE INTO sessions (id, started, language) VALUES (?, 0, 'en')", (session,))
        return made.execute(
            "INSERT INTO episodes (session, turn, started, said, language) VALUES (?, 1, 0, ?, 'en')", (session, said)
        ).lastrowid


# --- protection ------------------------------------------------------------------------------------------------------


def test_what_is_stored_is_encrypted_and_can_be_read_only_with_the_key(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    made = make(path)
    add_episode(made, "a sentence nobody else shall read")
    made.truncate_wal()
    raw = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"sentence" not in raw
    assert not raw.startswith(b"SQLite format 3")
    assert b"a sentence nobody else shall read" in decrypt_everything(path, KEY)
    made.close()
    with pytest.raises(DamagedPage):  # this layer is given the verified key: what does not decrypt is damaged
        store.open_store(path, bytearray(32))


def test_every_file_is_private(tmp_path: Path) -> None:
    made = make(tmp_path / "m.db")
    add_episode(made)
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}
    assert len(list(tmp_path.iterdir())) == 3  # database, WAL, shared memory


@pytest.mark.parametrize(
    "pragma",
    ["secure_delete = FAST", "secure_delete = OFF", "temp_store = FILE", "synchronous = NORMAL", "foreign_keys = OFF"],
)
def test_a_store_without_one_of_its_protections_is_refused(tmp_path: Path, pragma: str) -> None:
    made = make(tmp_path / "m.db")
    store.require_protection(made._connection)
    made.execute(f"PRAGMA {pragma}")
    with pytest.raises(UnsafeStore, match=pragma.split(maxsplit=1)[0]):
        store.require_protection(made._connection)


def test_a_plain_sqlite_is_refused() -> None:
    import sqlite3

    with pytest.raises(UnsafeStore, match="no encryption"):
        store.require_protection(sqlite3.connect(":memory:"))


def test_full_text_that_does_not_delete_securely_is_refused(tmp_path: Path) -> None:
    made = make(tmp_path / "m.db")
    made.execute("INSERT INTO fact_words (fact_words, rank) VALUES ('secure-delete', 0)")
    made.close()
    with pytest.raises(UnsafeStore, match="fact_words"):
        reopen(tmp_path / "m.db")


def test_sqlcipher_writes_nothing_to_stderr_when_a_page_is_damaged(tmp_path: Path, capfd) -> None:
    make(tmp_path / "m.db").close()
    flip(tmp_path / "m.db", 0, 500)
    with pytest.raises(DamagedPage):
        reopen(tmp_path / "m.db")
    assert capfd.readouterr().err == ""


# --- damage ----------------------------------------------------------------------------------------------------------


def flip(path: Path, page: int, bit: int) -> None:
    data = bytearray(path.read_bytes())
    data[page * PAGE + bit // 8] ^= 1 << bit % 8
    path.write_bytes(data)


def test_one_flipped_bit_in_any_page_is_always_detected(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    made = make(path)
    for number in range(300):
        add_episode(made, f"episode {number} " + "of some length " * 20)
    made.close()
    good = path.read_bytes()
    chance = random.Random(3)
    for page in range(len(good) // PAGE):
        path.write_bytes(good)
        flip(path, page, chance.randrange(PAGE * 8))
        with pytest.raises(DamagedPage):
            damaged = reopen(path)
            try:
                damaged.check()
            finally:
                damaged.close()
    path.write_bytes(good)
    reopen(path).check()


def test_the_number_of_a_damaged_page_is_told(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    made = make(path)
    add_episode(made, "long " * 5000)
    made.close()
    pages = path.stat().st_size // PAGE
    flip(path, pages - 1, 77)
    opened = reopen(path)
    with pytest.raises(DamagedPage) as caught:
        opened.check()
    assert caught.value.pages == (pages,)


def test_a_store_cut_short_is_never_opened_as_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    made = make(path)
    add_episode(made, "long " * 2000)
    made.close()
    good = path.read_bytes()
    for length in range(0, len(good), 512):
        path.write_bytes(good[:length])
        with pytest.raises(DamagedPage):
            opened = reopen(path)
            try:
                opened.check()
            finally:
                opened.close()
    path.unlink()
    with pytest.raises(DamagedPage):
        reopen(path)


def test_a_broken_full_text_index_is_mended_from_what_it_indexes(tmp_path: Path) -> None:
    made = make(tmp_path / "m.db")
    add_episode(made, "the lighthouse")
    made.execute("INSERT INTO episode_words (episode_words) VALUES ('delete-all')")
    with pytest.raises(StoreError):
        made.check()
    made.rebuild_full_text()
    made.check()
    assert made.query("SELECT rowid FROM episode_words WHERE episode_words MATCH 'lighthouse'") == [(1,)]


# --- schema ----------------------------------------------------------------------------------------------------------

STORES = Path(__file__).parent / "data" / "stores"


@pytest.mark.parametrize("old", range(1, len(schema.MIGRATIONS) + 1))
def test_a_stored_file_of_every_version_opens_and_keeps_its_content(tmp_path: Path, old: int) -> None:
    path = tmp_path / "m.db"
    path.write_bytes((STORES / f"v{old}.db").read_bytes())
    opened = reopen(path)
    assert schema.version(opened._connection) == len(schema.MIGRATIONS)
    assert opened.query("SELECT said FROM episodes ORDER BY id") == [("I moved to Busan",), ("부산으로 이사했어요",)]
    assert opened.query("SELECT count(*) FROM feelings") == [(1,)]
    assert opened.query("SELECT rowid FROM episode_words WHERE episode_words MATCH 'moving'") == [(1,)]
    assert opened.query("SELECT rowid FROM episode_grams WHERE episode_grams MATCH '이사했'") == [(2,)]
    opened.check()


def test_a_store_of_the_future_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    made = make(tmp_path / "m.db")
    made.execute(f"PRAGMA user_version = {len(schema.MIGRATIONS) + 1}")
    made.close()
    before = digest(tmp_path)
    with pytest.raises(NewerSchema, match="update Companion"):
        reopen(tmp_path / "m.db")
    assert digest(tmp_path) == before


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    made = make(tmp_path / "m.db")
    broken = (*schema.MIGRATIONS, "CREATE TABLE half (x); INSERT INTO nowhere VALUES (1);")
    with pytest.raises(sqlcipher.Error):
        schema.migrate(made._connection, broken)
    assert schema.version(made._connection) == len(schema.MIGRATIONS)
    assert made.query("SELECT name FROM sqlite_master WHERE name = 'half'") == []


# --- the folder ------------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A memory with one episode."""
    made = vault.create_vault(tmp_path / "memory", [passphrase()], CHEAP)
    add_episode(made.store)
    made.close()
    return tmp_path / "memory"


def test_a_memory_opens_with_its_passphrase_and_no_other(folder: Path) -> None:
    with vault.open_vault(folder, passphrase()) as opened:
        assert opened.store.query("SELECT said FROM episodes") == [("hello",)]
    with pytest.raises(WrongPassphrase):
        vault.open_vault(folder, passphrase("wrong"))
    assert folder.stat().st_mode & 0o777 == 0o700


def test_where_there_is_no_memory_the_owner_is_told_to_set_up(tmp_path: Path) -> None:
    with pytest.raises(NoStore, match="setup"):
        vault.open_vault(tmp_path, passphrase())
    assert list(tmp_path.iterdir()) == []
    assert vault.ways_in(tmp_path) == ()


def test_a_memory_is_never_overwritten_by_a_new_one(folder: Path) -> None:
    before = digest(folder)
    with pytest.raises(StoreExists):
        vault.create_vault(folder, [passphrase()], CHEAP)
    assert digest(folder) == before


def test_a_database_whose_header_was_lost_is_set_aside_by_a_new_memory(folder: Path) -> None:
    vault.header_path(folder).unlink()
    (database,) = folder.glob("memory-*.db")
    content = database.read_bytes()
    vault.create_vault(folder, [passphrase()], CHEAP).close()
    (aside,) = folder.parent.glob("memory-damaged-*")
    assert (aside / database.name).read_bytes() == content


def test_a_second_writer_gets_a_clear_line_and_a_reader_may_look(folder: Path) -> None:
    with vault.open_vault(folder, passphrase()):
        with pytest.raises(StoreLocked, match=rf"process {os.getpid()}\): stop it first"):
            vault.open_vault(folder, passphrase())
        with vault.open_vault(folder, passphrase(), read_only=True) as reader:
            assert reader.store.query("SELECT said FROM episodes") == [("hello",)]
            with pytest.raises(StoreError):
                add_episode(reader.store)
            with pytest.raises(StoreError, match="reading only"):
                reader.add(passphrase("another"), CHEAP)


def test_the_lock_dies_with_its_holder(folder: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from companion.memory.files import WriterLock\n"
        "lock = WriterLock(Path(sys.argv[1])); print('held', flush=True); os.kill(os.getpid(), 9)"
    )
    held = subprocess.run([sys.executable, "-c", code, str(folder / "lock")], capture_output=True, check=False)
    assert held.stdout == b"held\n"
    vault.open_vault(folder, passphrase()).close()


def test_a_new_passphrase_opens_and_the_old_one_no_longer_does(folder: Path) -> None:
    with vault.open_vault(folder, passphrase()) as opened:
        opened.change(passphrase("new"), CHEAP)
    with pytest.raises(WrongPassphrase):
        vault.open_vault(folder, passphrase())
    vault.open_vault(folder, passphrase("new")).close()


def test_the_old_passphrase_stays_until_the_new_one_has_opened_the_store(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = vault.open_vault(folder, passphrase())

    def refuse(*_: object, **__: object) -> None:
        raise DamagedHeader("what is on the disk does not open")

    with monkeypatch.context() as patch:
        patch.setattr(keyslots, "unlock", refuse)
        with pytest.raises(DamagedHeader):
            opened.change(passphrase("new"), CHEAP)
    opened.close()
    vault.open_vault(folder, passphrase()).close()
    vault.open_vault(folder, passphrase("new")).close()


def test_a_recovery_key_and_a_key_file_open_too_and_can_be_taken_back(folder: Path) -> None:
    recovery = keys.new_recovery_key()
    with vault.open_vault(folder, passphrase()) as opened:
        slot = opened.add(Secret("recovery", keys.recovery_bytes(recovery)))
    assert vault.ways_in(folder) == ("passphrase", "recovery")
    with vault.open_vault(folder, Secret("recovery", keys.recovery_bytes(recovery))) as opened:
        opened.remove(slot)
        with pytest.raises(StoreError, match="no keyslot"):
            opened.remove(slot)
    with pytest.raises(WrongPassphrase):
        vault.open_vault(folder, Secret("recovery", keys.recovery_bytes(recovery)))


def test_a_damaged_memory_is_set_aside_whole(folder: Path) -> None:
    (database,) = folder.glob("memory-*.db")
    flip(database, 0, 999)
    before = digest(folder)
    with pytest.raises(DamagedPage):
        vault.open_vault(folder, passphrase())
    aside = vault.set_aside(folder)
    assert aside is not None
    assert digest(aside) == {name: value for name, value in before.items() if name != "lock"}
    assert vault.ways_in(folder) == ()


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to give up its rights")
def test_a_medium_that_may_not_be_written_is_named(folder: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; sys.path.insert(0, sys.argv[1])\n"
        "from tests.memory_tools import passphrase; from companion.memory import vault, errors; os.setuid(65534)\n"
        "try: vault.open_vault(Path('.'), passphrase())\n"
        "except errors.ReadOnly: print('read-only')"
    )
    folder.chmod(0o755)
    for file in folder.iterdir():
        file.chmod(0o644)
    here = str(Path(__file__).parents[1])
    ran = subprocess.run([sys.executable, "-c", code, here], cwd=folder, capture_output=True, check=False)
    assert ran.stdout == b"read-only\n", ran.stderr


def test_wiping_destroys_the_keyslots_and_every_file(folder: Path) -> None:
    assert vault.destroy(folder) == (1, 1)
    assert list(folder.iterdir()) == []


def test_a_full_disk_is_named_and_loses_nothing_acknowledged(tmp_path: Path) -> None:
    code = (
        "import sys, resource; from pathlib import Path; sys.path.insert(0, sys.argv[2])\n"
        "from tests.test_memory_store import make, add_episode; from companion.memory.errors import DiskFull\n"
        "made = make(Path(sys.argv[1]))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))\n"
        "try:\n"
        "    while True: print(add_episode(made, 'long ' * 500), flush=True)\n"
        "except DiskFull: print('full')"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "m.db"), str(Path(__file__).parents[1])],
        capture_output=True,
        check=False,
        text=True,
    )
    *saved, last = ran.stdout.split()
    assert last == "full", ran.stderr
    opened = reopen(tmp_path / "m.db")
    assert opened.query("SELECT count(*) FROM episodes") == [(int(saved[-1]),)]
    opened.check()


def test_no_room_for_the_header_leaves_the_old_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = vault.header_path(folder).read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with vault.open_vault(folder, passphrase()) as opened, monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(DiskFull):
            opened.change(passphrase("new"), CHEAP)
    assert vault.header_path(folder).read_bytes() == before
    assert not list(folder.glob("*.part"))


def test_no_error_message_holds_a_word_that_was_stored(tmp_path: Path) -> None:
    made = make(tmp_path / "m.db")
    with pytest.raises(StoreError) as caught:
        made.execute(
            "INSERT INTO feelings (at, valence, arousal, modality, confidence) VALUES (0, 'sentinel', 0, 0, 0)"
        )
    assert "sentinel" not in str(caught.value)
    assert caught.value.__cause__ is None
