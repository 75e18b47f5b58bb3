"""Kill the memory at random, fill its disk, and see that it kept its word.

    python tools/torture.py [ITERATIONS] [SEED]

Each iteration forks a process that works on a memory (saving, passphrase change, rotate, migration, forget, export,
import) and reports every act that was acknowledged; SIGKILL comes at a random moment. Then, whatever the moment:

- the memory opens with the old passphrase or the new one;
- every page authenticates, structure, references and full text are sound;
- every acknowledged episode is there with its words and its feeling, every forgotten one is gone;
- an import is there whole or not at all, an export is whole or not there.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyrage

from companion.memory import episodes, export, forget, importing, keys, keyslots, rotate, schema, store, vault
from companion.memory.episodes import Episode
from companion.memory.errors import DiskFull, WrongPassphrase
from companion.memory.feelings import Feeling
from companion.memory.keyslots import Secret
from companion.memory.vault import Vault

CHEAP = keys.Argon2Cost(iterations=1, lanes=1, memory_kib=8)
IDENTITY = pyrage.x25519.Identity.generate()
IMPORTED = 40  # episodes in the export that is imported
NEXT_VERSION = (*schema.MIGRATIONS, "CREATE TABLE later (x); INSERT INTO later SELECT id FROM episodes;")

Report = Callable[[dict[str, object]], None]


@dataclass(slots=True)
class Known:
    """What the memory has promised so far."""

    folder: Path
    passphrase: str = "0"
    present: dict[int, str] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    maybe_gone: set[int] = field(default_factory=set)
    imports: int = 0
    counter: int = 0


def secret(text: str) -> Secret:
    """A passphrase."""
    return Secret("passphrase", keys.passphrase_bytes(text))


# --- the acts, each in a process that may die at any moment ----------------------------------------------------------


def save(opened: Vault, known: Known, report: Report) -> None:
    """Save episodes with feelings."""
    session = episodes.begin_session(opened.store, 0, "en")
    for number in range(12):
        said = f"turn {known.counter} {number} " + "and more words " * (number * 3)
        felt = Feeling(number, 0.5, 0.5, "voice", 0.5)
        id_ = episodes.save(opened.store, Episode(session, number, number, said, "en"), [felt])
        report({"saved": id_, "said": said})


def passphrase(opened: Vault, known: Known, report: Report) -> None:
    """Change the passphrase."""
    opened.change(secret(str(known.counter)), CHEAP)
    report({"passphrase": str(known.counter)})


def turn_over(opened: Vault, known: Known, report: Report) -> None:
    """Rotate."""
    rotate.rotate(opened, now=0)
    report({"rotated": True})


def let_go(opened: Vault, known: Known, report: Report) -> None:
    """Forget some episodes, sometimes deeply."""
    ids = sorted(known.maybe_gone)
    plan = forget.by_ids(opened.store, [f"e{id_}" for id_ in ids])
    forget.forget(opened.store, plan, now=0)
    report({"forgotten": ids})
    if known.counter % 2:
        rotate.rotate(opened, now=0)


def take_away(opened: Vault, known: Known, report: Report) -> None:
    """Export."""
    export.export(opened.store, known.folder.parent / "out.age", 0, recipients=[str(IDENTITY.to_public())])
    report({"exported": True})


def bring_back(opened: Vault, known: Known, report: Report) -> None:
    """Import, merging."""
    session = {"id": 1, "started": known.counter, "language": "en", "profile": ""}
    turns = [
        {"id": n + 1, "session": 1, "turn": n, "started": known.counter, "said": f"imported {known.counter} {n}"}
        | {"answered": "", "interrupted": False, "language": "en", "person": "", "topic": ""}
        for n in range(IMPORTED)
    ]
    empty: list[dict[str, object]] = []
    tables = dict.fromkeys(("feelings", "facts", "summaries", "profile", "receipts"), empty)
    importing.restore(opened.store, tables | {"sessions": [session], "episodes": turns}, merge=True)
    report({"imported": True})


def migrate(opened: Vault, known: Known, report: Report) -> None:
    """Bring the schema up to a version that does not exist yet."""
    schema.migrate(opened.store._connection, NEXT_VERSION)
    report({"migrated": True})


ACTS = (save, passphrase, turn_over, let_go, take_away, bring_back, migrate)


# --- killing, and looking after it -----------------------------------------------------------------------------------


def run_and_kill(act: Callable[[Vault, Known, Report], None], known: Known, delay: float | None) -> list[dict]:
    """Do `act` in a process and kill it after `delay` seconds (None: let it live). Gives what it acknowledged."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        with vault.open_vault(known.folder, secret(known.passphrase)) as opened:
            act(opened, known, lambda message: os.write(writer, json.dumps(message).encode() + b"\n") and None)
        os._exit(0)
    os.close(writer)
    if delay is not None:
        time.sleep(delay)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if delay is None and status != 0:
        raise AssertionError(f"{act.__name__} failed undisturbed")
    with os.fdopen(reader, "rb") as file:
        lines = file.read().split(b"\n")
    return [json.loads(line) for line in lines[:-1]]


def learn(known: Known, said: list[dict]) -> None:
    """Take note of what was acknowledged."""
    for message in said:
        if "saved" in message:
            known.present[message["saved"]] = message["said"]
        if "passphrase" in message:
            known.passphrase = message["passphrase"]
        if "forgotten" in message:
            known.gone |= set(message["forgotten"])
            known.maybe_gone.clear()
        if "imported" in message:
            known.imports += 1


def verify(known: Known, act: str) -> None:
    """See that every promise was kept.

    Raises:
        AssertionError: one was not.
    """
    with open_either(known) as opened:
        opened.store.check()
        kept = dict(opened.store.query("SELECT id, said FROM episodes"))
        felt = {episode for (episode,) in opened.store.query("SELECT episode FROM feelings")}
        for id_, said in list(known.present.items()):
            if id_ in known.gone or (id_ in known.maybe_gone and id_ not in kept):
                assert id_ not in kept, f"{act}: forgotten episode {id_} is there"
                del known.present[id_]
            else:
                assert kept.get(id_) == said, f"{act}: acknowledged episode {id_} is not there"
                assert id_ in felt, f"{act}: episode {id_} lost its feeling"
        assert len(known.maybe_gone & set(kept)) in {0, len(known.maybe_gone)}, f"{act}: half forgotten"
        known.maybe_gone.clear()
        brought = sum(said.startswith("imported ") for said in kept.values())
        assert brought % IMPORTED == 0, f"{act}: half an import"
        assert brought // IMPORTED in {known.imports, known.imports + 1}, f"{act}: an acknowledged import is not there"
        known.imports = brought // IMPORTED
        if act == "migrate":
            there = opened.store.query("SELECT name FROM sqlite_master WHERE name = 'later'")
            assert there == [], f"{act}: half a migration"
    out = known.folder.parent / "out.age"
    if out.exists():
        importing.read(out, identity=str(IDENTITY))
        out.unlink()
    left = [path.name for path in known.folder.iterdir() if path.name.endswith(".part")]
    assert not left, f"{act}: left {left}"
    assert len(list(known.folder.glob("memory-*.db"))) == 1, f"{act}: two databases"


def open_either(known: Known) -> Vault:
    """Open with the passphrase that was acknowledged, or with the one that a killed change was about to acknowledge."""
    try:
        return vault.open_vault(known.folder, secret(known.passphrase))
    except WrongPassphrase:
        known.passphrase = str(known.counter)
        return vault.open_vault(known.folder, secret(known.passphrase))


def undo_migration(known: Known) -> None:
    """A finished migration to the version of the future would be refused from now on: take it back."""
    path = next(known.folder.glob("memory-*.db"))
    _, data_key = keyslots.unlock(vault.header_path(known.folder), secret(known.passphrase))
    connection = store._connect(path, data_key, read_only=False)
    if schema.version(connection) > len(schema.MIGRATIONS):
        rows = connection.execute("SELECT (SELECT count(*) FROM later) = (SELECT count(*) FROM episodes)").fetchone()
        assert rows == (1,), "migrate: the number is new, the content is not"
        connection.executescript(f"DROP TABLE later; PRAGMA user_version = {len(schema.MIGRATIONS)};")
    connection.close()


def torture(iterations: int, seed: int, folder: Path) -> Counter[str]:
    """`iterations` kills; gives how many there were of each act, and how many came before it was done."""
    chance = random.Random(seed)
    counts: Counter[str] = Counter()
    for known in fresh_memories(folder, iterations):
        act = chance.choice(ACTS)
        if act is let_go:
            own = sorted(known.present)
            known.maybe_gone = set(chance.sample(own, min(len(own), 5)))
        known.counter += 1
        delay = chance.uniform(0, DURATION[act.__name__])
        said = run_and_kill(act, known, delay)
        learn(known, said)
        if act is migrate:
            undo_migration(known)
        verify(known, act.__name__)
        counts[act.__name__] += 1
        finished = len(said) >= (12 if act is save else 1)
        counts[f"{act.__name__} cut short"] += not finished
    return counts


def fresh_memories(folder: Path, iterations: int) -> Iterator[Known]:
    """A memory for every iteration; a new one after each forty, so that none grows too big to be quick."""
    for number in range(iterations):
        if number % 40 == 0:
            place = folder / f"memory{number}" / "memory"
            place.parent.mkdir()
            vault.create_vault(place, [secret("0")], CHEAP).close()
            known = Known(place)
            learn(known, run_and_kill(save, known, None))
        yield known


DURATION: dict[str, float] = {}
"""Seconds that each act takes undisturbed, opening included, and a little more; measured at the start."""


def measure(folder: Path) -> None:
    """Find the durations on this machine."""
    for known in fresh_memories(folder, 1):
        for act in ACTS:
            known.counter += 1
            began = time.perf_counter()
            learn(known, run_and_kill(act, known, None))
            DURATION[act.__name__] = 1.15 * (time.perf_counter() - began)
            if act is migrate:
                undo_migration(known)
            verify(known, act.__name__)


# --- the disk is full ------------------------------------------------------------------------------------------------


def fill_disk(folder: Path, step: int) -> Counter[str]:
    """Every act with no file allowed to grow past a limit, the limit rising by `step` bytes until the act succeeds."""
    counts: Counter[str] = Counter()
    for act in ACTS:
        if act is migrate:
            continue
        place = folder / f"full-{act.__name__}" / "memory"
        place.parent.mkdir()
        vault.create_vault(place, [secret("0")], CHEAP).close()
        known = Known(place)
        learn(known, run_and_kill(save, known, None))
        done, limit = False, 0
        while not done:
            known.counter += 1
            known.maybe_gone = set(sorted(known.present)[:2]) if act is let_go else set()
            said, done = run_limited(act, known, limit)
            learn(known, said)
            verify(known, act.__name__)
            counts[act.__name__] += 1
            limit += step
    return counts


def run_limited(act: Callable[[Vault, Known, Report], None], known: Known, limit: int) -> tuple[list[dict], bool]:
    """Do `act` under a file size limit; gives what it acknowledged and whether it went through.

    Raises:
        AssertionError: it failed in any other way than by `DiskFull`.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        status = 1
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
            with vault.open_vault(known.folder, secret(known.passphrase)) as opened:
                act(opened, known, lambda message: os.write(writer, json.dumps(message).encode() + b"\n") and None)
            status = 0
        except DiskFull:
            status = 7
        except BaseException as error:
            print(act.__name__, limit, repr(error), file=sys.stderr)
        os._exit(status)
    os.close(writer)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in {0, 7}, f"{act.__name__} with files limited to {limit}: neither done nor DiskFull"
    with os.fdopen(reader, "rb") as file:
        return [json.loads(line) for line in file.read().split(b"\n")[:-1]], code == 0


def main() -> None:
    """Run it and print the counts."""
    iterations, seed = (int(given) for given in (sys.argv[1:] + ["1000", "1"][len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "measure").mkdir()
        measure(folder / "measure")
        print({name: f"{seconds * 1000:.0f} ms" for name, seconds in DURATION.items()})
        print(dict(torture(iterations, seed, folder)))
        print("disk full:", dict(fill_disk(folder, step=4096)))


if __name__ == "__main__":
    main()
