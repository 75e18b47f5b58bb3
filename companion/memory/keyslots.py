"""The header file: every way to open the store, each a keyslot that seals the same data key.

Four lines of ASCII::

    companion keyslots 1        title and version
    {"home": …, "slots": …}     canonical JSON
    <64 hex>                    HMAC-SHA256 of the lines above, key derived from the data key
    <64 hex>                    SHA-256 of the lines above

The checksum needs no key: it tells damage from a wrong passphrase (as KDBX 4 does). The HMAC shows that nobody without
the data key changed, added or took away a slot.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

from companion.memory import keys
from companion.memory.errors import DamagedHeader, NewerSchema, NoStore, StoreError, WrongPassphrase
from companion.memory.files import clear_errors, write_atomically

SlotKind = Literal["passphrase", "key-file", "recovery", "keyring"]

_TITLE = b"companion keyslots "
_VERSION = 1
_DAMAGED = "the file with the keys ({path}) is damaged: put a backup of it back; the memory itself is untouched"


@dataclass(slots=True)
class Secret:
    """What an owner opens the store with. Wiped by whoever made it."""

    kind: SlotKind
    value: bytearray = field(repr=False)

    def wipe(self) -> None:
        """Overwrite the value."""
        keys.wipe(self.value)


@dataclass(frozen=True, slots=True)
class Slot:
    """One way in. `cost` only for passphrases. `public` is the X25519 key that the data key is sealed to."""

    id: str
    kind: SlotKind
    salt: bytes
    cost: keys.Argon2Cost | None
    public: bytes
    ephemeral: bytes = b""
    sealed: bytes = b""


@dataclass(frozen=True, slots=True)
class Header:
    """`home` names the owner's memory for good (the keyring entry bears it), `store` the database file of today."""

    home: str
    store: str
    slots: tuple[Slot, ...] = ()

    def of_kind(self, kind: SlotKind) -> tuple[Slot, ...]:
        """The slots of one kind."""
        return tuple(slot for slot in self.slots if slot.kind == kind)

    def without(self, *ids: str) -> Header:
        """This header less some slots.

        Raises:
            StoreError: only the keyring would be left. Keyrings get lost: they are never the only way in.
        """
        left = tuple(slot for slot in self.slots if slot.id not in ids)
        if all(slot.kind == "keyring" for slot in left):
            raise StoreError("this is the last sure way into the memory: add another one first")
        return replace(self, slots=left)

    def adding(self, slot: Slot) -> Header:
        """This header with one more slot."""
        return replace(self, slots=(*self.slots, slot))


def new_header() -> Header:
    """A header without slots, for a new memory."""
    return Header(home=secrets.token_hex(8), store=secrets.token_hex(8))


def new_slot(secret: Secret, cost: keys.Argon2Cost | None = None) -> Slot:
    """A slot that `secret` opens. `cost` (passphrases only) defaults to what this machine does in a second.

    Raises:
        StoreError: the passphrase is empty.
    """
    if not secret.value:
        raise StoreError("an empty passphrase protects nothing: choose one")
    cost = (cost or keys.calibrate()) if secret.kind == "passphrase" else None
    salt = secrets.token_bytes(keys.SALT_BYTES)
    private = _private_key(secret, salt, cost)
    slot = Slot(secrets.token_hex(4), secret.kind, salt, cost, keys.public_key(private))
    keys.wipe(private)
    return slot


def encode(header: Header, data_key: bytearray) -> bytes:
    """The header as bytes, `data_key` sealed afresh into every slot."""
    slots = []
    for slot in header.slots:
        ephemeral, sealed = keys.seal(data_key, slot.public, _context(header, slot))
        slots.append(_slot_json(slot) | {"ephemeral": ephemeral.hex(), "sealed": sealed.hex()})
    body = (
        _TITLE + b"%d\n" % _VERSION + _canonical({"home": header.home, "store": header.store, "slots": slots}) + b"\n"
    )
    signed = body + _mac(body, data_key) + b"\n"
    return signed + _checksum(signed) + b"\n"


def write(path: Path, header: Header, data_key: bytearray) -> None:
    """Put `header` in the place of the one at `path`, atomically."""
    write_atomically(path, encode(header, data_key))


def read(path: Path) -> Header:
    """The header at `path`, its checksum verified; the HMAC is not, until `unlock`.

    Raises:
        NoStore: there is none.
        DamagedHeader: damaged, or it asks for an absurd Argon2 cost.
        NewerSchema: written by a newer Companion.
    """
    return _parse(_load(path), path)


def unlock(path: Path, secret: Secret) -> tuple[Header, bytearray]:
    """The verified header and the data key.

    Raises:
        WrongPassphrase: no slot of that kind opens.
        NoStore, DamagedHeader, NewerSchema: as in `read`; also where the HMAC is wrong.
    """
    data = _load(path)
    header = _parse(data, path)
    for slot in header.of_kind(secret.kind):
        private = _private_key(secret, slot.salt, slot.cost)
        data_key = keys.open_seal(slot.sealed, slot.ephemeral, private, _context(header, slot))
        keys.wipe(private)
        if data_key is None:
            continue
        body, mac, _ = _split(data)
        if not hmac.compare_digest(mac, _mac(body, data_key)):
            keys.wipe(data_key)
            raise DamagedHeader(_DAMAGED.format(path=path))
        return header, data_key
    raise WrongPassphrase(_WRONG[secret.kind])


_WRONG: dict[SlotKind, str] = {
    "passphrase": "wrong passphrase: try again, or use the recovery key",
    "key-file": "this key file does not open this memory: try the passphrase or the recovery key",
    "recovery": "this recovery key does not open this memory: is it from before another one was printed?",
    "keyring": "the system's keyring has no key for this memory: use the passphrase or the recovery key",
}


def _private_key(secret: Secret, salt: bytes, cost: keys.Argon2Cost | None) -> bytearray:
    if cost is not None:
        return keys.stretch(secret.value, salt, cost)
    return keys.expand(secret.value, salt, b"companion keyslot " + secret.kind.encode())


def _load(path: Path) -> bytes:
    with clear_errors(path):
        try:
            return path.read_bytes()
        except FileNotFoundError:
            raise NoStore(f"there is no memory in {path.parent} yet: run `companion setup`") from None


def _split(data: bytes) -> tuple[bytes, bytes, bytes]:
    """Body (title and JSON), MAC and checksum; the last two are lines of 65 bytes."""
    return data[:-130], data[-130:-66], data[-65:-1]


def _parse(data: bytes, path: Path) -> Header:
    damaged = DamagedHeader(_DAMAGED.format(path=path))
    body, _, checksum = _split(data)
    if len(data) <= 130 or data[-1:] != b"\n" or _checksum(data[:-65]) != checksum:
        raise damaged
    title, _, text = body.partition(b"\n")
    if title != _TITLE + b"%d" % _VERSION:
        if title.startswith(_TITLE):
            raise NewerSchema("this memory was written by a newer Companion: update Companion to open it")
        raise damaged
    try:
        fields = json.loads(text)
        header = Header(fields["home"], fields["store"], tuple(_slot_from(entry) for entry in fields["slots"]))
    except (ValueError, KeyError, TypeError) as error:
        raise damaged from error
    return header


def _slot_from(entry: dict[str, Any]) -> Slot:
    cost = keys.Argon2Cost(**entry["cost"]) if entry["cost"] else None
    if entry["kind"] not in get_args(SlotKind) or (cost is None) == (entry["kind"] == "passphrase"):
        raise ValueError("unknown kind of slot")
    if cost is not None and not keys.affordable(cost):
        raise ValueError("absurd Argon2 cost")
    unhex: Callable[[str], bytes] = bytes.fromhex
    return Slot(
        id=entry["id"],
        kind=entry["kind"],
        salt=unhex(entry["salt"]),
        cost=cost,
        public=unhex(entry["public"]),
        ephemeral=unhex(entry["ephemeral"]),
        sealed=unhex(entry["sealed"]),
    )


def _slot_json(slot: Slot) -> dict[str, Any]:
    """What a slot says of itself, in the clear; all of it is authenticated."""
    cost = slot.cost
    return {
        "id": slot.id,
        "kind": slot.kind,
        "salt": slot.salt.hex(),
        "cost": cost and {"iterations": cost.iterations, "lanes": cost.lanes, "memory_kib": cost.memory_kib},
        "public": slot.public.hex(),
    }


def _context(header: Header, slot: Slot) -> bytes:
    return _canonical({"version": _VERSION, "home": header.home, "store": header.store, "slot": _slot_json(slot)})


def _canonical(value: dict[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def _mac(body: bytes, data_key: bytearray) -> bytes:
    key = keys.expand(data_key, b"", b"companion keyslots header")
    digest = hmac.new(key, body, hashlib.sha256).hexdigest()
    keys.wipe(key)
    return digest.encode()


def _checksum(signed: bytes) -> bytes:
    return hashlib.sha256(signed).hexdigest().encode()
