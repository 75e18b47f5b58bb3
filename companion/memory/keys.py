"""Key material: the random data key, what stretches a passphrase, and the seal that wraps one in the other.

The data key (256 random bits) encrypts the store. It is *sealed* to every keyslot's X25519 public key; the slot's
private key is never stored, it is derived from the owner's secret: by Argon2id from a passphrase, by HKDF from secrets
that are random already. Sealing to a public key is what lets `rotate` wrap a new data key for a recovery key that lies
in a drawer.

Secrets are bytearrays and overwritten after use. Python and the libraries below it may hold copies that nobody can
reach (`cryptography`, "Limitations"): overwriting lowers the risk, it does not end it.
"""

from __future__ import annotations

import hashlib
import secrets
import time
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from companion.memory.errors import BadKey
from companion.memory.files import clear_errors, create_empty, write_atomically

KEY_BYTES = 32
SALT_BYTES = 16

NONCE = bytes(12)
"""All zero: every seal has a fresh ephemeral key, so no key ever meets a second nonce (as in age and HPKE)."""

RECOVERY_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O (read as 1, 1, 0 when typed) and no U."""

RECOVERY_SYMBOLS = 28  # 140 random bits
RECOVERY_CHECK = 4  # 20 bits: one typing error in a million goes unseen
_GROUP = 4


@dataclass(frozen=True, slots=True)
class Argon2Cost:
    """Argon2id parameters. `memory_kib` in KiB."""

    iterations: int
    lanes: int
    memory_kib: int


FLOOR = Argon2Cost(iterations=3, lanes=4, memory_kib=64 * 1024)
"""RFC 9106, second recommended option."""

CEILING = Argon2Cost(iterations=64, lanes=16, memory_kib=1024 * 1024)
"""A header that asks for more is refused: it would only serve to exhaust the machine (age does the same)."""


def affordable(cost: Argon2Cost) -> bool:
    """Whether parameters read from disk stay below `CEILING` and are ones that Argon2 knows (RFC 9106, 3.1)."""
    return (
        1 <= cost.iterations <= CEILING.iterations
        and 1 <= cost.lanes <= CEILING.lanes
        and 8 * cost.lanes <= cost.memory_kib <= CEILING.memory_kib
    )


def iterations_for(floor_seconds: float, target_seconds: float = 1.0) -> int:
    """Iterations that take `target_seconds`, where `FLOOR` took `floor_seconds`; never below the floor."""
    wanted = round(FLOOR.iterations * target_seconds / max(floor_seconds, 1e-3))
    return min(max(wanted, FLOOR.iterations), CEILING.iterations)


def calibrate() -> Argon2Cost:
    """A cost of about a second on this machine (KeePassXC's choice), at least `FLOOR`."""
    start = time.perf_counter()
    wipe(stretch(bytearray(b"calibration"), bytes(SALT_BYTES), FLOOR))
    return Argon2Cost(iterations_for(time.perf_counter() - start), FLOOR.lanes, FLOOR.memory_kib)


def wipe(secret: bytearray) -> None:
    """Overwrite `secret` with zeros."""
    secret[:] = bytes(len(secret))


def new_data_key() -> bytearray:
    """256 random bits."""
    return bytearray(secrets.token_bytes(KEY_BYTES))


def passphrase_bytes(text: str) -> bytearray:
    """UTF-8 of the passphrase in NFKC, so that Hangul opens the store whichever way a keyboard composes it."""
    return bytearray(unicodedata.normalize("NFKC", text).encode())


def stretch(passphrase: bytearray, salt: bytes, cost: Argon2Cost) -> bytearray:
    """Argon2id: 32 bytes from a passphrase."""
    out = bytearray(KEY_BYTES)
    Argon2id(
        salt=salt, length=KEY_BYTES, iterations=cost.iterations, lanes=cost.lanes, memory_cost=cost.memory_kib
    ).derive_into(passphrase, out)  # type: ignore[arg-type]  # takes any buffer, its stub knows only bytes
    return out


def expand(secret: bytes | bytearray, salt: bytes, purpose: bytes) -> bytearray:
    """HKDF-SHA256: 32 bytes for one purpose from a secret that is random already."""
    return bytearray(HKDF(hashes.SHA256(), KEY_BYTES, salt, purpose).derive(secret))


def public_key(private: bytearray) -> bytes:
    """The X25519 public key of `private` (32 bytes)."""
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def seal(data_key: bytearray, public: bytes, context: bytes) -> tuple[bytes, bytes]:
    """Wrap `data_key` for the holder of `public`'s private key; `context` is authenticated with it.

    Returns the ephemeral public key and the sealed key (48 bytes).
    """
    ephemeral = X25519PrivateKey.generate()
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(public))
    ephemeral_public = ephemeral.public_key().public_bytes_raw()
    key = expand(shared, ephemeral_public + public, b"companion keyslot seal")
    sealed = ChaCha20Poly1305(key).encrypt(NONCE, data_key, context)
    wipe(key)
    return ephemeral_public, sealed


def open_seal(sealed: bytes, ephemeral: bytes, private: bytearray, context: bytes) -> bytearray | None:
    """The sealed data key, or None where `private` is not the right key or anything was changed."""
    try:
        own = X25519PrivateKey.from_private_bytes(private)
        shared = own.exchange(X25519PublicKey.from_public_bytes(ephemeral))
    except ValueError:  # a point of low order: nothing that `seal` writes
        return None
    key = expand(shared, ephemeral + own.public_key().public_bytes_raw(), b"companion keyslot seal")
    try:
        return bytearray(ChaCha20Poly1305(key).decrypt(NONCE, sealed, context))
    except InvalidTag:
        return None
    finally:
        wipe(key)


# --- the recovery key: for paper -------------------------------------------------------------------------------------


def new_recovery_key() -> str:
    """A key to print: eight groups of four, the last group a checksum."""
    body = "".join(secrets.choice(RECOVERY_ALPHABET) for _ in range(RECOVERY_SYMBOLS))
    whole = body + _recovery_check(body)
    return "-".join(whole[i : i + _GROUP] for i in range(0, len(whole), _GROUP))


def recovery_bytes(text: str) -> bytearray:
    """The secret in a recovery key as typed: case, spaces and dashes do not matter, nor I, L or O for 1, 1, 0.

    Raises:
        BadKey: too short, too long, or a typing error (the checksum is wrong).
    """
    typed = text.upper().replace("I", "1").replace("L", "1").replace("O", "0")
    symbols = "".join(c for c in typed if c not in "- \t\r\n")
    body, check = symbols[:RECOVERY_SYMBOLS], symbols[RECOVERY_SYMBOLS:]
    if len(symbols) != RECOVERY_SYMBOLS + RECOVERY_CHECK or set(symbols) - set(RECOVERY_ALPHABET):
        raise BadKey("a recovery key has eight groups of four letters and digits: compare it with the paper")
    if check != _recovery_check(body):
        raise BadKey("the recovery key has a typing error: compare it with the paper")
    return bytearray(body.encode())


def _recovery_check(body: str) -> str:
    number = int.from_bytes(hashlib.sha256(b"companion recovery key" + body.encode()).digest()[:4], "big")
    return "".join(RECOVERY_ALPHABET[(number >> 5 * i) & 31] for i in range(RECOVERY_CHECK))


# --- the key file: for a second medium -------------------------------------------------------------------------------

_KEY_FILE_TITLE = "companion key file 1"


def write_key_file(path: Path) -> None:
    """Write a new random key to `path`, mode 0600; an existing file is never overwritten.

    Raises:
        StoreError: the file exists or cannot be written.
    """
    create_empty(path)
    write_atomically(path, f"{_KEY_FILE_TITLE}\n{secrets.token_hex(KEY_BYTES)}\n".encode())


def read_key_file(path: Path) -> bytearray:
    """The secret in a key file.

    Raises:
        BadKey: it is no key file of ours.
        StoreError: it cannot be read.
    """
    with clear_errors(path):
        lines = path.read_bytes()[:200].decode("ascii", "replace").split("\n")
    try:
        title, digits, _ = lines
        secret = bytearray.fromhex(digits)
    except ValueError:
        title, secret = "", bytearray()
    if title != _KEY_FILE_TITLE or len(secret) != KEY_BYTES:
        raise BadKey(f"{path} is not a key file of Companion, or it is damaged")
    return secret
