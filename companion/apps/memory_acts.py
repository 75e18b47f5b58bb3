"""What the owner does to the memory: each act asks before it destroys, and leaves a receipt without content."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.prompt import Prompt

from companion.apps import dates
from companion.apps.json_output import print_json
from companion.apps.memory_tables import counted, moment, receipt_text
from companion.apps.memory_views import Places, parse_id, preview
from companion.apps.unlock import (
    Unlock,
    ask_new_passphrase,
    create_memory,
    exists,
    given_secret,
    memory_folder,
    open_memory,
)
from companion.errors import CompanionError
from companion.memory import episodes, facts, importing, keys, system_keyring
from companion.memory import export as exporting
from companion.memory import forget as forgetting
from companion.memory import rotate as rotating
from companion.memory import wipe as wiping
from companion.memory.forget import Plan, Receipt
from companion.memory.keyslots import Secret
from companion.memory.store import Store


@dataclass(frozen=True, slots=True)
class Chosen:
    """What to forget, as the command line says it. False where it says nothing."""

    ids: tuple[str, ...] = ()
    text: str | None = None
    topic: str | None = None
    person: str | None = None
    start: str | None = None
    end: str | None = None
    feelings: bool = False

    def __bool__(self) -> bool:
        return bool(self.ids or self.text or self.topic or self.person or self.start or self.end)

    def plan(self, store: Store) -> Plan:
        """Everything that any of the choices names."""
        plans = []
        if self.ids:
            plans.append(forgetting.by_ids(store, self.ids))
        if self.text:
            plans.append(forgetting.by_text(store, self.text))
        if self.topic:
            plans.append(forgetting.by_topic(store, self.topic))
        if self.person:
            plans.append(forgetting.by_person(store, self.person))
        if self.start or self.end:
            choose = forgetting.feelings_only if self.feelings else forgetting.by_period
            plans.append(choose(store, *dates.period(self.start, self.end)))
        return forgetting.union(plans)


def edit(places: Places, item: str, text: str) -> None:
    """Put one thing right."""
    kind, number = parse_id(item)
    if kind not in "ef":
        raise CompanionError(f"{item}: only episodes (e1) and facts (f1) can be edited")
    if not text.strip():
        raise CompanionError("there are no words to put in its place; to take it away: companion memory forget")
    with open_memory(places.home, places.unlock) as memory:
        if kind == "f":
            facts.edit(memory.store, number, statement=text.strip())
        else:
            episodes.correct(memory.store, number, text.strip())
    Console().print(f"{item} is put right.")


def forget(places: Places, chosen: Chosen, *, deep: bool, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Say what would go, ask, let it go, give the receipt."""
    console = Console(highlight=False)
    with open_memory(places.home, places.unlock, read_only=dry_run) as memory:
        plan = chosen.plan(memory.store)
        if dry_run or not plan:
            _say_plan(console, memory.store, plan, as_json, dry_run=dry_run)
            return
        if not yes:
            _say_plan(console, memory.store, plan, as_json=False, dry_run=True)
            _confirm("forget", "Nothing was forgotten.")
        now = dates.now()
        done = rotating.forget_deeply(memory, plan, now) if deep else (forgetting.forget(memory.store, plan, now),)
    _say_receipts(console, done, as_json)


def export(
    places: Places,
    output: Path,
    passphrase_file: Path | None,
    recipients: tuple[str, ...],
    plain: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Write the age file, or, after a typed word, a bare ZIP."""
    if (passphrase_file is not None) + bool(recipients) + plain > 1:
        raise CompanionError("one protection at a time: --export-passphrase-file, --recipient or --plain")
    if plain and not yes:
        Console().print("Anyone who gets this file can read everything in it.")
        _confirm("plain", "Nothing was exported.")
    secret = None
    if not plain and not recipients:
        secret = given_secret(Unlock(passphrase_file)) if passphrase_file else ask_new_passphrase()
    try:
        with open_memory(places.home, places.unlock, read_only=True) as memory:
            passphrase = secret.value if secret else None
            counts = exporting.export(
                memory.store, output, dates.now(), passphrase=passphrase, recipients=recipients, plain=plain
            )
    finally:
        if secret:
            secret.wipe()
    if as_json:
        print_json({"file": str(output), "records": counts, "protected": not plain})
    else:
        told = counted(counts) or "nothing"
        opened = "Unpack it" if plain else "Open it with age"
        Console(highlight=False).print(f"{output}: {told}. {opened}, then read index.html in a browser.")


def import_(
    places: Places, file: Path, merge: bool, passphrase_file: Path | None, identity_file: Path | None, as_json: bool
) -> None:
    """Bring an export back, all of it or none of it."""
    secret = given_secret(Unlock(passphrase_file)) if passphrase_file else None
    identity = _identity(identity_file) if identity_file else None
    if secret is None and identity is None and sys.stdin.isatty() and importing.is_protected(file):
        secret = Secret("passphrase", keys.passphrase_bytes(Prompt.ask("passphrase of the export", password=True)))
    try:
        tables = importing.read(file, passphrase=secret.value if secret else None, identity=identity)
    finally:
        if secret:
            secret.wipe()
    make = places.unlock.given and not exists(places.home)  # an import may be the first thing in a new home
    with (create_memory if make else open_memory)(places.home, places.unlock) as memory:
        counts = importing.restore(memory.store, tables, merge=merge)
    if as_json:
        print_json({"imported": counts})
    else:
        Console(highlight=False).print(f"Brought back: {counted(counts) or 'nothing that was not there already'}.")


def wipe(places: Places, yes: bool, as_json: bool) -> None:
    """The end of the memory."""
    if not yes:
        Console().print("This destroys everything that is remembered, for good. No passphrase brings it back.")
        _confirm("wipe", "Nothing was destroyed.")
    folder = memory_folder(places.home)
    if not folder.exists():
        raise CompanionError(f"there is no memory in {places.home}")
    _say_receipts(Console(highlight=False), (wiping.wipe(folder, dates.now()),), as_json)


def passphrase(
    places: Places, new_passphrase_file: Path | None, recovery: bool, keyring: bool, new_key_file: Path | None
) -> None:
    """Another way in; by default a new passphrase for the old one."""
    console = Console(highlight=False)
    with open_memory(places.home, places.unlock) as memory:
        if recovery:
            written = keys.new_recovery_key()
            secret = Secret("recovery", keys.recovery_bytes(written))
            done = f"Write this down and keep it away from this computer: {written}"
        elif keyring:
            secret, done = (
                system_keyring.create(memory.header.home),
                "The system's keyring opens the memory from now on.",
            )
        elif new_key_file:
            keys.write_key_file(new_key_file)
            secret, done = Secret("key-file", keys.read_key_file(new_key_file)), f"{new_key_file} opens the memory."
        else:
            given = given_secret(Unlock(new_passphrase_file)) if new_passphrase_file else None
            secret = given or ask_new_passphrase()
            done = "The passphrase is changed. If the old one was known to somebody: companion memory rotate"
        try:
            memory.change(secret)
        finally:
            secret.wipe()
    console.print(done)


def rotate(places: Places, as_json: bool) -> None:
    """A new data key."""
    with open_memory(places.home, places.unlock) as memory:
        receipt = rotating.rotate(memory, dates.now())
    _say_receipts(Console(highlight=False), (receipt,), as_json)


def _say_plan(console: Console, store: Store, plan: Plan, as_json: bool, *, dry_run: bool) -> None:
    if as_json:
        ids = {name: sorted(values, key=str) for name, values in asdict(plan).items() if values}
        print_json({"dry_run": dry_run, "counts": plan.counts(), "ids": ids})
        return
    if not plan:
        console.print("Nothing is remembered of that.")
        return
    console.print(f"This would go: {counted(plan.counts())}.")
    for episode in preview(store, plan.episodes):
        console.print(f"  e{episode.id}  {moment(episode.started)}  {episode.said}", style="dim")


def _say_receipts(console: Console, receipts: tuple[Receipt, ...], as_json: bool) -> None:
    records = [asdict(receipt) for receipt in receipts]
    if as_json:
        print_json({"receipts": records})
        return
    for record in records:
        console.print(receipt_text(record))


def _confirm(word: str, otherwise: str) -> None:
    """A typed word; anything else ends the command.

    Raises:
        CompanionError: another word, or nobody to ask.
    """
    if not sys.stdin.isatty():
        raise CompanionError(f"{otherwise} In a script, say --yes")
    if Prompt.ask(f"Type “{word}” to go on") != word:
        raise CompanionError(otherwise)


def _identity(file: Path) -> str:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CompanionError(f"cannot read the identity in {file}") from error
    return next((line.strip() for line in lines if line.startswith("AGE-SECRET-KEY-1")), "")
