"""Forgetting: nothing that was made from what is forgotten stays, in no table, index, page or file."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from companion.memory import episodes, facts, feelings, forget, profile, rotate, summaries, vault, wipe
from companion.memory import store as stores
from companion.memory.episodes import Episode
from companion.memory.errors import DamagedPage, NoStore, StoreError, WrongPassphrase
from companion.memory.facts import Fact
from companion.memory.feelings import Feeling
from companion.memory.forget import Plan
from companion.memory.keyslots import Secret
from companion.memory.store import Store
from companion.memory.summaries import Summary
from companion.memory.vault import Vault
from tests.memory_tools import CHEAP, decrypt_everything, digest, passphrase

SENTINEL = "zanzibarine lighthouse"
KO_SENTINEL = "잔지바르등대지기"
NOTHING = Plan().counts()


def embed(store: Store, episode: int) -> None:
    vector = np.full(384, episode % 100, np.int8).tobytes()
    store.execute("INSERT INTO embeddings (episode, model, vector) VALUES (?, 'test', ?)", (episode, vector))


def remember(store: Store, said: str, started: int = 0, **fields) -> int:
    session = episodes.begin_session(store, started, "en")
    felt = Feeling(started, 0.1, 0.1, "words", 0.5)
    id_ = episodes.save(store, Episode(session, 1, started, said, "en", **fields), [felt])
    facts.save(store, Fact(f"about: {said}", id_, (0, len(said)), valid_from=started))
    summaries.save(store, Summary(started, started + 1, f"They said: {said}", "en", (id_,)))
    embed(store, id_)
    return id_


@pytest.fixture
def opened(tmp_path: Path) -> Vault:
    made = vault.create_vault(tmp_path / "memory", [passphrase()], CHEAP)
    remember(made.store, "the weather is fine", 1000)
    remember(made.store, f"my secret is the {SENTINEL}", 2000)
    remember(made.store, f"비밀은 {KO_SENTINEL}야", 3000)
    profile.put(made.store, "helped", f"talking of the {SENTINEL}", 0)
    return made


def rows(store: Store) -> dict[str, int]:
    tables = ("episodes", "facts", "feelings", "summaries", "summary_sources", "embeddings", "profile")
    return {table: store.query(f"SELECT count(*) FROM {table}")[0][0] for table in tables}


def test_where_only_the_reply_holds_the_words_the_owners_own_words_stay(opened: Vault) -> None:
    asked = remember(opened.store, "what do you think of it?", 4000, answered=f"You love the {SENTINEL}.")
    plan = forget.by_text(opened.store, SENTINEL)
    assert plan.replies == {asked}
    receipt = forget.forget(opened.store, plan, now=9)
    assert (receipt.verified, receipt.counts["replies"]) == (True, 1)
    left = episodes.get(opened.store, asked)
    assert (left.said, left.answered) == ("what do you think of it?", "")
    assert opened.store.query("SELECT 1 FROM embeddings WHERE episode = ?", (asked,)) == []
    assert opened.store.query("SELECT rowid FROM episode_words WHERE episode_words MATCH 'zanzibarine'") == []
    assert facts.known(opened.store, 5000)[-1].episode == asked
    assert not forget.by_text(opened.store, SENTINEL)


# --- choosing --------------------------------------------------------------------------------------------------------


def test_a_dry_run_shows_everything_that_would_go_and_changes_nothing(opened: Vault) -> None:
    before = rows(opened.store)
    plan = forget.by_text(opened.store, SENTINEL)
    assert plan.counts() == NOTHING | {"episodes": 1, "facts": 1, "feelings": 1, "summaries": 1, "profile": 1}
    assert rows(opened.store) == before


def test_what_a_forget_takes_is_what_the_dry_run_showed(opened: Vault) -> None:
    before = rows(opened.store)
    plan = forget.by_text(opened.store, SENTINEL)
    forget.forget(opened.store, plan, now=9)
    after = rows(opened.store)
    assert {table: before[table] - after[table] for table in plan.counts().keys() & before} == {
        table: count for table, count in plan.counts().items() if table in before
    }
    assert after["embeddings"] == after["summary_sources"] == 2


@pytest.mark.parametrize(
    ("name", "said", "goes"),
    [
        ("Ann", "Ann called", True),
        ("ann", "it was ANN's idea", True),
        ("Ann", "Anna called, we are planning", False),
        ("민수", "민수가 전화했어", True),
        ("민수", "수민이가 전화했어", False),
        ("New York", "we flew to new  york", True),
        ("민수", "민수가 왔어", True),
    ],
)
def test_a_person_is_forgotten_by_name_and_not_by_accident(tmp_path: Path, name: str, said: str, goes: bool) -> None:
    store = stores.create(tmp_path / "m.db", bytearray(32))
    remember(store, said)
    assert (len(forget.by_person(store, name).episodes) == 1) is goes


def test_a_person_is_forgotten_with_what_they_said_and_a_topic_with_its_label(tmp_path: Path) -> None:
    store = stores.create(tmp_path / "m.db", bytearray(32))
    session = episodes.begin_session(store, 0, "en")
    by_ann = episodes.save(store, Episode(session, 1, 0, "good morning", "en", person="Ann"))
    at_work = episodes.save(store, Episode(session, 2, 0, "again until nine", "en", topic="work"))
    assert forget.by_person(store, "ann").episodes == {by_ann}
    assert forget.by_topic(store, "Work").episodes == {at_work}


def test_a_period_takes_what_was_said_and_felt_in_it(opened: Vault) -> None:
    feelings.save(opened.store, Feeling(2500, 0.0, 0.0, "voice", 1.0))
    plan = forget.by_period(opened.store, 2000, 3000)
    assert plan.counts() == NOTHING | {"episodes": 1, "facts": 1, "feelings": 2, "summaries": 1}


def test_feelings_alone_can_go_while_the_words_stay(opened: Vault) -> None:
    forget.forget(opened.store, forget.feelings_only(opened.store, 0, 10_000), now=9)
    assert rows(opened.store)["feelings"] == 0
    assert rows(opened.store)["episodes"] == rows(opened.store)["facts"] == 3


def test_things_are_forgotten_by_their_ids(opened: Vault) -> None:
    assert forget.by_ids(opened.store, ["2"]) == forget.by_ids(opened.store, ["e2"])
    assert forget.by_ids(opened.store, ["f1", "m2", "s3"]).counts() == NOTHING | {
        "facts": 1,
        "feelings": 1,
        "summaries": 1,
    }
    for name in ("e99", "x1", "", "1; DROP TABLE episodes"):
        with pytest.raises(StoreError, match="nothing called"):
            forget.by_ids(opened.store, [name])


def test_expired_facts_can_be_let_go(opened: Vault) -> None:
    facts.edit(opened.store, 1, expires=50)
    assert forget.expired(opened.store, 49) == Plan()
    assert forget.expired(opened.store, 50).facts == {1}


def test_nothing_to_look_for_forgets_nothing(opened: Vault) -> None:
    with pytest.raises(StoreError, match="nothing to look for"):
        forget.by_text(opened.store, "  ")


# --- the cascade, whatever the history -------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(
    links=st.lists(st.lists(st.integers(1, 6), min_size=1, max_size=4, unique=True), max_size=8),
    gone=st.sets(st.integers(1, 6), min_size=1),
)
def test_no_derived_row_ever_cites_a_forgotten_episode(
    tmp_path_factory: pytest.TempPathFactory, links: list[list[int]], gone: set[int]
) -> None:
    store = stores.create(tmp_path_factory.mktemp("history") / "m.db", bytearray(32))
    session = episodes.begin_session(store, 0, "en")
    for n in range(6):
        id_ = episodes.save(store, Episode(session, n, n, f"turn {n}", "en"), [Feeling(n, 0.0, 0.0, "voice", 1.0)])
        embed(store, id_)
    for sources in links:
        summaries.save(store, Summary(0, 9, "text", "en", tuple(sources)))
        facts.save(store, Fact("fact", sources[0], (0, 4), valid_from=0))
    receipt = forget.forget(store, forget.by_ids(store, [f"e{id_}" for id_ in gone]), now=1)
    assert receipt.verified
    left = {s.sources for s in summaries.between(store, 0, 9)}
    assert left == {tuple(sorted(sources)) for sources in links if not gone & set(sources)}
    for table in ("facts", "feelings", "embeddings"):
        assert not gone & {episode for (episode,) in store.query(f"SELECT episode FROM {table}")}
    store.check()
    store.close()


# --- erasure, down to the page ---------------------------------------------------------------------------------------


def traces(opened: Vault) -> bytes:
    """All pages in the clear, without the spaces and case that an index changes."""
    return decrypt_everything(opened.store.path, bytes(opened._data_key)).lower()


def fragments(sentinel: str) -> list[bytes]:
    """What could give a sentinel away: each of its words, stemmed as the index does."""
    return [word[:9].encode() for word in sentinel.split()]


def churn(opened: Vault) -> None:
    """Fill and empty pages around the sentinel, so that it moves, splits and lands on the freelist."""
    for n in range(60):
        remember(opened.store, f"filler {n} {SENTINEL if n % 7 == 0 else 'nothing'} {KO_SENTINEL * (n % 5 == 0)}" * 8)


def test_a_forgotten_phrase_is_in_no_row_index_page_or_file(opened: Vault) -> None:
    churn(opened)
    assert all(fragment in traces(opened) for fragment in fragments(SENTINEL) + fragments(KO_SENTINEL))
    for sentinel in (SENTINEL, KO_SENTINEL):
        receipt = forget.forget(opened.store, forget.by_text(opened.store, sentinel), now=9)
        assert receipt.verified
    left = traces(opened)
    assert not [fragment for fragment in fragments(SENTINEL) + fragments(KO_SENTINEL) if fragment in left]
    for start in range(len(KO_SENTINEL) - 2):  # nor any trigram of it
        assert KO_SENTINEL[start : start + 3].encode() not in left
    opened.store.check()


def test_the_same_search_finds_the_phrase_where_secure_delete_is_off(opened: Vault) -> None:
    churn(opened)
    opened.store.execute("PRAGMA secure_delete = OFF")
    forget.forget(opened.store, forget.by_text(opened.store, SENTINEL), now=9)
    assert any(fragment in traces(opened) for fragment in fragments(SENTINEL))


def test_the_same_search_finds_the_phrase_where_full_text_deletes_insecurely(opened: Vault) -> None:
    churn(opened)
    opened.store.execute("INSERT INTO episode_words (episode_words, rank) VALUES ('secure-delete', 0)")
    forget.forget(opened.store, forget.by_text(opened.store, SENTINEL), now=9)
    assert any(fragment in traces(opened) for fragment in fragments(SENTINEL))


def test_the_same_search_finds_the_phrase_while_the_log_is_not_cut(
    opened: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Store, "truncate_wal", lambda _: stores.Checkpoint(0, 0, 0))
    forget.forget(opened.store, forget.by_text(opened.store, SENTINEL), now=9)
    assert any(fragment in traces(opened) for fragment in fragments(SENTINEL))


def test_a_reader_that_holds_the_log_up_shows_in_the_receipt(opened: Vault) -> None:
    opened.store._connection.execute("PRAGMA busy_timeout = 10")
    with vault.open_vault(opened.folder, passphrase(), read_only=True) as reader:
        reader.store.execute("BEGIN")
        reader.store.query("SELECT * FROM episodes")
        receipt = forget.forget(opened.store, forget.by_text(opened.store, SENTINEL), now=9)
    assert not receipt.verified
    assert "reader" in receipt.checks["write-ahead log"]


def test_a_receipt_holds_no_content(opened: Vault) -> None:
    given_receipt = forget.forget(opened.store, forget.by_text(opened.store, SENTINEL), now=9)
    assert forget.receipts(opened.store) == [given_receipt]
    text = json.dumps(opened.store.query("SELECT * FROM receipts"))
    assert not [word for word in (*SENTINEL.split(), "secret") if word in text]
    assert given_receipt.limits


# --- deep ------------------------------------------------------------------------------------------------------------


def test_a_deep_forget_leaves_nothing_that_the_old_key_opens(opened: Vault) -> None:
    old_key, old_path = bytes(opened._data_key), opened.store.path
    plan = forget.by_text(opened.store, SENTINEL)
    first, second = rotate.forget_deeply(opened, plan, now=9)
    assert first.verified and second.verified
    assert not old_path.exists()
    assert bytes(opened._data_key) != old_key
    with pytest.raises(DamagedPage):
        stores.open_store(opened.store.path, bytearray(old_key))
    assert not [fragment for fragment in fragments(SENTINEL) if fragment in traces(opened)]
    assert opened.store.query("SELECT count(*) FROM episodes") == [(2,)]


def test_a_rotate_keeps_every_row_and_every_way_in(opened: Vault) -> None:
    from companion.memory import keys

    recovery = keys.new_recovery_key()
    opened.add(Secret("recovery", keys.recovery_bytes(recovery)))
    before = {table: opened.store.query(f"SELECT * FROM {table}") for table in rows(opened.store)}
    rotate.rotate(opened, now=9)
    assert {table: opened.store.query(f"SELECT * FROM {table}") for table in before} == before
    opened.store.check()
    opened.close()
    for secret in (passphrase(), Secret("recovery", keys.recovery_bytes(recovery))):
        with vault.open_vault(opened.folder, secret) as again:
            assert rows(again.store)["episodes"] == 3
    with pytest.raises(WrongPassphrase):
        vault.open_vault(opened.folder, passphrase("wrong"))
    assert len(list(opened.folder.glob("memory-*.db"))) == 1


def test_ids_are_never_given_twice_not_even_after_a_rotate(opened: Vault) -> None:
    forget.forget(opened.store, forget.by_ids(opened.store, ["e3"]), now=9)
    rotate.rotate(opened, now=9)
    assert remember(opened.store, "something new") == 4


def test_a_rotate_that_fails_changes_nothing(opened: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(_: Store) -> None:
        raise DamagedPage("a bad sector")

    with monkeypatch.context() as patch:
        patch.setattr(Store, "check", damaged)
        with pytest.raises(DamagedPage):
            rotate.rotate(opened, now=9)
    assert rows(opened.store)["episodes"] == 3
    assert len(list(opened.folder.glob("memory-*"))) == 3  # the database, its WAL, its shared memory
    opened.close()
    vault.open_vault(opened.folder, passphrase()).close()


def test_what_an_interrupted_rotate_left_is_swept_at_the_next_opening(opened: Vault) -> None:
    opened.close()
    left = opened.folder / "memory-0123456789abcdef.db"
    left.write_bytes(b"half a copy")
    with vault.open_vault(opened.folder, passphrase(), read_only=True):
        assert left.exists()  # a reader cleans nothing up
    vault.open_vault(opened.folder, passphrase()).close()
    assert not left.exists()


def test_a_backup_of_the_header_is_left_alone_until_the_wipe(opened: Vault) -> None:
    opened.close()
    backup = opened.folder / "keyslots.backup"
    backup.write_bytes((opened.folder / "keyslots").read_bytes())
    vault.open_vault(opened.folder, passphrase()).close()
    assert backup.exists()
    wipe.wipe(opened.folder, now=9)
    assert not backup.exists()


# --- the end ---------------------------------------------------------------------------------------------------------


def test_a_wipe_leaves_no_file_and_nothing_to_open(opened: Vault) -> None:
    opened.close()
    aside = opened.folder.with_name("memory-damaged-20260101-000000-000000")
    aside.mkdir()
    for name in digest(opened.folder):
        (aside / name).write_bytes((opened.folder / name).read_bytes())
    receipt = wipe.wipe(opened.folder, now=9)
    assert receipt.verified
    assert receipt.counts["keyslots"] == 2
    assert digest(opened.folder.parent) == {}
    with pytest.raises(NoStore):
        vault.open_vault(opened.folder, passphrase())


def test_a_wipe_takes_the_keyring_entry_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from companion.memory import system_keyring
    from tests.test_memory_keys import FakeKeyring

    backend = FakeKeyring(priority=5)
    monkeypatch.setattr("keyring.get_keyring", lambda: backend)
    made = vault.create_vault(tmp_path / "memory", [passphrase()], CHEAP)
    made.add(system_keyring.create(made.header.home))
    made.close()
    vault.open_vault(tmp_path / "memory", system_keyring.load(made.header.home)).close()
    assert wipe.wipe(tmp_path / "memory", now=9).counts["keyring entries"] == 1
    assert backend.entries == {}


def test_random_forgetting_never_breaks_the_store(opened: Vault) -> None:
    chance = random.Random(1)
    churn(opened)
    while ids := [id_ for (id_,) in opened.store.query("SELECT id FROM episodes")]:
        chosen = chance.sample(ids, min(len(ids), 9))
        assert forget.forget(opened.store, forget.by_ids(opened.store, [f"e{i}" for i in chosen]), now=9).verified
    assert set(rows(opened.store).values()) <= {0, 1}  # the profile mentions no episode
    opened.store.check()
