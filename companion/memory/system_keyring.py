"""The operating system's keyring as a keyslot's secret: convenient, and never the only way in.

A keyring that does not protect its entries (a plain file, none at all) is refused, not used silently.
"""

from __future__ import annotations

import secrets
from typing import Any

from companion.memory import keys
from companion.memory.errors import KeyringUnavailable
from companion.memory.keyslots import Secret

_SERVICE = "companion memory"

_RECOMMENDED = 1
"""`keyring`'s own scale: a backend below 1 is "suitable but not recommended" (plain or home-made encrypted files)."""


def create(home: str) -> Secret:
    """A new random secret, kept in the keyring under the name of `home`.

    Raises:
        KeyringUnavailable: there is no keyring, it is locked, or it does not protect what it holds.
    """
    value = secrets.token_hex(keys.KEY_BYTES)
    _call("set_password", home, value)
    return Secret("keyring", bytearray.fromhex(value))


def load(home: str) -> Secret:
    """The secret of `home`.

    Raises:
        KeyringUnavailable: as in `create`, or the keyring has no such entry.
    """
    value = _call("get_password", home)
    if value is None:
        raise KeyringUnavailable("the system's keyring has no key for this memory: use the passphrase")
    return Secret("keyring", bytearray.fromhex(value))


def destroy(home: str) -> bool:
    """Take the entry of `home` out of the keyring; whether there was one to take.

    Raises:
        KeyringUnavailable: as in `create`.
    """
    if _call("get_password", home) is None:
        return False
    _call("delete_password", home)
    return True


def _call(verb: str, home: str, *arguments: str) -> Any:
    import keyring
    from keyring.errors import KeyringError

    backend = keyring.get_keyring()
    if backend.priority < _RECOMMENDED:
        raise KeyringUnavailable("this system has no keyring that protects its entries: use a passphrase or a key file")
    try:
        return getattr(backend, verb)(_SERVICE, home, *arguments)
    except KeyringError as error:
        raise KeyringUnavailable("the system's keyring does not answer: unlock it, or use the passphrase") from error
