"""Export and import: everything comes out, everything goes back in, and nothing hostile does."""

from __future__ import annotations

import hashlib
import io
import json
import random
import zipfile
from pathlib import Path
from typing import Any

import pyrage
import pytest

from companion.memory import archive, episodes, export, facts, feelings, forget, importing, profile, store, summaries
from companion.memory.episodes import Episode
from companion.memory.errors import BadArchive, BadKey, StoreError
from companion.memory.facts import Fact
from companion.memory.feelings import Feeling
from companion.memory.store import Store
from companion.memory.summaries import Summary

IDENTITY = pyrage.x25519.Identity.generate()
RECIPIENT = str(IDENTITY.to_public())
DAY = 86_400_000


def fresh(folder: Path, name: str) -> Store:
    return store.create(folder / f"{name}.db", bytearray(32))


@pytest.fixture
def full(tmp_path: Path) -> Store:
    """A memory with something in every table."""
    made = fresh(tmp_path, "full")
    session = episodes.begin_session(made, DAY, "en", "starter")
    for turn, said in enumerate(["I moved to Busan", "부산은 좋아요 </script><b>", "I was in Rome this week"]):
        felt = [Feeling(DAY * (turn + 1), turn / 4, -0.25, "voice", 0.5, "joy")]
        episodes.save(made, Episode(session, turn, DAY * (turn + 1), said, "en", "I see.", topic="home"), felt)
    facts.save(made, Fact("lives in Busan", 1, (2, 16), valid_from=DAY, key="owner.lives_in"))
    facts.save(made, Fact("likes Busan", 2, (0, 3), valid_from=DAY, kind="inferred", confidence=0.5, sensitive=True))
    facts.save(made, Fact("is in Rome", 3, (0, 13), valid_from=DAY, expires=5 * DAY))
    feelings.save(made, Feeling(DAY * 5, 0.5, 0.5, "words", 1.0))
    summaries.save(made, Summary(DAY, 2 * DAY, "They moved.", "en", (1, 2)))
    profile.put(made, "pitch", {"mean": 120.5}, now=DAY)
    forget.forget(made, forget.Plan(feelings=frozenset({1})), now=DAY)
    return made


def write(made: Store, path: Path, now: int = 0) -> Path:
    export.export(made, path, now, recipients=[RECIPIENT])
    return path


def read(path: Path) -> archive.Tables:
    return importing.read(path, identity=str(IDENTITY))


def test_what_is_exported_and_imported_is_exported_again_the_same(full: Store, tmp_path: Path) -> None:
    tables = read(write(full, tmp_path / "a.age"))
    again = fresh(tmp_path, "again")
    new = importing.restore(again, tables)
    assert new == {table: len(records) for table, records in tables.items()}
    anew = read(write(again, tmp_path / "b.age"))
    without_ids = [
        {table: [{k: v for k, v in r.items() if k != "id"} for r in records] for table, records in t.items()}
        for t in (tables, anew)
    ]
    assert without_ids[0]["facts"] == without_ids[1]["facts"]
    assert without_ids[0] == without_ids[1]
    again.check()


def test_everything_inferred_comes_out_and_nothing_expired_does(full: Store, tmp_path: Path) -> None:
    tables = read(write(full, tmp_path / "a.age", now=5 * DAY))
    assert [f["statement"] for f in tables["facts"]] == ["lives in Busan", "likes Busan"]
    assert [f["kind"] for f in tables["facts"]] == ["said", "inferred"]
    assert len(tables["feelings"]) == 3
    assert tables["profile"] == [{"key": "pitch", "value": {"mean": 120.5}, "updated": DAY}]


def test_an_export_is_an_age_file_without_a_word_in_the_clear(full: Store, tmp_path: Path) -> None:
    path = write(full, tmp_path / "a.age")
    data = path.read_bytes()
    assert data.startswith(b"age-encryption.org/v1\n-> X25519 ")
    assert b"Busan" not in data
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(BadArchive, match="does not open"):
        importing.read(path, identity=str(pyrage.x25519.Identity.generate()))
    with pytest.raises(BadArchive, match="is encrypted"):
        importing.read(path)
    with pytest.raises(BadArchive, match="does not open"):
        importing.read(path, identity="AGE-SECRET-KEY-1NONSENSE")


@pytest.mark.slow
def test_an_export_opens_with_its_passphrase_and_no_other(full: Store, tmp_path: Path) -> None:
    export.export(full, tmp_path / "a.age", 0, passphrase=bytearray("암호 one".encode()))
    with pytest.raises(BadArchive, match="wrong passphrase"):
        importing.read(tmp_path / "a.age", passphrase=bytearray(b"another"))
    assert len(importing.read(tmp_path / "a.age", passphrase=bytearray("암호 one".encode()))["episodes"]) == 3


def test_an_export_must_be_protected_or_asked_for_in_the_clear(full: Store, tmp_path: Path) -> None:
    path = tmp_path / "a"
    for options in ({}, {"plain": True, "recipients": [RECIPIENT]}):
        with pytest.raises(StoreError, match="protect"):
            export.export(full, path, 0, **options)
    with pytest.raises(BadKey):
        export.export(full, path, 0, recipients=["age1nonsense"])
    with pytest.raises(StoreError, match="empty"):
        export.export(full, path, 0, passphrase=bytearray())
    assert not path.exists()
    export.export(full, path, 0, plain=True)
    assert len(importing.read(path)["episodes"]) == 3
    with pytest.raises(StoreError, match="exists already"):
        export.export(full, path, 0, plain=True)


def test_the_page_holds_the_data_and_asks_nothing_of_any_network(full: Store) -> None:
    page = export.page(export.collect(full, 0))
    assert "부산은 좋아요" in page
    assert "</script><b>" not in page
    assert page.count("<script") == page.count("</script>") == 2
    assert "default-src 'none'" in page
    assert not [word for word in ("http://", "https://", "src=", "@import", "url(") if word in page.replace(SVG, "")]


SVG = "http://www.w3.org/2000/svg"  # a namespace's name, not an address


# --- merging ---------------------------------------------------------------------------------------------------------


def test_an_import_into_a_memory_that_lives_needs_to_be_a_merge(full: Store, tmp_path: Path) -> None:
    tables = export.collect(full, 0)
    with pytest.raises(StoreError, match="--merge"):
        importing.restore(full, tables)


def test_merging_the_same_export_twice_doubles_nothing(full: Store) -> None:
    before = export.collect(full, 0)
    new = importing.restore(full, before, merge=True)
    assert set(new.values()) == {0}
    assert export.collect(full, 0) == before


def test_a_merge_keeps_both_pasts_and_the_later_truth(full: Store, tmp_path: Path) -> None:
    other = fresh(tmp_path, "other")
    session = episodes.begin_session(other, 9 * DAY, "en")
    id_ = episodes.save(other, Episode(session, 1, 9 * DAY, "I live in Seoul now", "en"))
    facts.save(other, Fact("lives in Seoul", id_, (0, 15), valid_from=9 * DAY, key="owner.lives_in"))
    profile.put(other, "pitch", {"mean": 99.0}, now=0)
    importing.restore(other, export.collect(full, 0), merge=True)
    assert [f.statement for f in facts.known(other, 10 * DAY) if f.key] == ["lives in Seoul"]
    assert facts.known(other, 2 * DAY)[0].statement == "lives in Busan"
    assert profile.get(other, "pitch") == {"mean": 120.5}
    assert facts.why(other, 2) == "moved to Busan"
    other.check()


# --- what is not let in ----------------------------------------------------------------------------------------------


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return out.getvalue()


def tampered(full: Store, change: Any) -> bytes:
    """A plain archive whose files `change` altered, with a manifest that fits."""
    with zipfile.ZipFile(io.BytesIO(archive.pack(export.collect(full, 0), "", 0))) as packed:
        files = {name: packed.read(name) for name in packed.namelist()}
    manifest = json.loads(files.pop("manifest.json"))
    change(files, manifest)
    manifest["sha256"] = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    return zipped(files | {"manifest.json": json.dumps(manifest).encode()})


def alter(table: str, field: str, value: Any) -> Any:
    """Put `value` into a field of a table's first record."""

    def change(files: dict[str, bytes], _: dict[str, Any]) -> None:
        first, *rest = files[f"{table}.jsonl"].splitlines()
        record = json.loads(first) | {field: value}
        files[f"{table}.jsonl"] = b"\n".join([json.dumps(record).encode(), *rest])

    return change


HOSTILE = {
    "a path that climbs": lambda files, _: files.update({"../../evil": b"x"}),
    "an absolute path": lambda files, _: files.update({"/etc/passwd": b"x"}),
    "a file too many": lambda files, _: files.update({"run.sh": b"x"}),
    "a file too few": lambda files, _: files.pop("facts.jsonl"),
    "a newer version": lambda _, manifest: manifest.update(version=2),
    "another format": lambda _, manifest: manifest.update(format="zip"),
    "no json": lambda files, _: files.update({"facts.jsonl": b"{"}),
    "deep nesting": lambda files, _: files.update({"profile.jsonl": b"[" * 100_000}),
    "a field too many": alter("facts", "owner", "x"),
    "a text for a number": alter("feelings", "valence", "high"),
    "a number for a flag": alter("episodes", "interrupted", 1),
    "a flag for a number": alter("episodes", "turn", True),
    "a number too big": alter("episodes", "started", 2**63),
    "an episode of no session": alter("episodes", "session", 99),
    "a feeling of no episode": alter("feelings", "episode", 99),
    "a feeling out of range": alter("feelings", "arousal", 7.5),
    "a feeling that is no number": alter("feelings", "arousal", float("nan")),
    "an unknown kind of fact": alter("facts", "kind", "rumour"),
    "a fact without evidence": alter("facts", "evidence_end", 9999),
    "a summary of nothing": alter("summaries", "sources", []),
    "half a character": alter("episodes", "said", "\ud800"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_is_hostile_or_broken_is_refused_with_nothing_half_done(full: Store, tmp_path: Path, what: str) -> None:
    path = tmp_path / "bad.zip"
    path.write_bytes(tampered(full, HOSTILE[what]))
    into = fresh(tmp_path, "into")
    episodes.begin_session(into, 7, "en")
    before = export.collect(into, 0)
    with pytest.raises(BadArchive):
        importing.restore(into, importing.read(path))
    assert export.collect(into, 0) == before


def test_a_bomb_is_stopped_while_it_goes_off(tmp_path: Path) -> None:
    bomb = zipped({"episodes.jsonl": b"0" * 50_000_000})
    assert len(bomb) < 100_000
    with pytest.raises(BadArchive, match="far bigger"):
        archive.unpack(bomb, max_file=1_000_000)
    many = zipped({f"{table}.jsonl": b"0" * 900_000 for table in archive.COLUMNS})
    with pytest.raises(BadArchive, match="far bigger"):
        archive.unpack(many, max_file=1_000_000, max_total=3_000_000)


def test_a_bomb_that_lies_about_its_size_is_stopped_too() -> None:
    data = bytearray(zipped({"episodes.jsonl": b"0" * 5_000_000}))
    for at in (22, data.rindex(b"PK\x01\x02") + 24):  # the stated size, in the local and in the central header
        data[at : at + 4] = (100).to_bytes(4, "little")
    with pytest.raises(BadArchive):
        archive.unpack(bytes(data), max_file=1_000_000)


def test_two_files_of_one_name_are_refused(full: Store) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as packed:
            packed.writestr("facts.jsonl", b"")
            packed.writestr("facts.jsonl", b"")
    with pytest.raises(BadArchive, match="does not belong"):
        archive.unpack(out.getvalue())


def test_an_export_cut_short_or_changed_anywhere_is_refused(full: Store, tmp_path: Path) -> None:
    path = write(full, tmp_path / "a.age")
    good = path.read_bytes()
    chance = random.Random(5)
    for _ in range(60):
        path.write_bytes(good[: chance.randrange(len(good))])
        with pytest.raises(BadArchive):
            read(path)
        flipped = bytearray(good)
        flipped[chance.randrange(len(good))] ^= 1 << chance.randrange(8)
        path.write_bytes(flipped)
        with pytest.raises(BadArchive):
            read(path)


def test_a_plain_export_changed_anywhere_is_refused_or_the_same(full: Store, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    export.export(full, path, 0, plain=True)
    good, tables = path.read_bytes(), importing.read(path)
    chance = random.Random(6)
    for _ in range(300):
        flipped = bytearray(good)
        flipped[chance.randrange(len(good))] ^= 1 << chance.randrange(8)
        path.write_bytes(flipped)
        try:
            assert importing.read(path) == tables  # a flag or a date of the ZIP itself: no content
        except BadArchive:
            continue


def test_a_file_that_is_too_big_is_not_even_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "MAX_EXPORT", 10)
    (tmp_path / "a").write_bytes(b"0" * 11)
    with pytest.raises(BadArchive, match="bigger than"):
        importing.read(tmp_path / "a")
    with pytest.raises(StoreError):
        importing.read(tmp_path / "nothing")
