"""How an owner opens the memory: a prompt, a file, a file descriptor, a key file or the system's keyring.

Never an argument and never an environment variable: both can be read by other programs.
"""

from __future__ import annotations

import getpass
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from companion.errors import CompanionError
from companion.memory import keys, system_keyring, vault
from companion.memory.errors import KeyringUnavailable, NoStore
from companion.memory.keyslots import Secret, SlotKind, read
from companion.memory.vault import Vault, create_vault, open_vault

_LONGEST = 4096
"""Bytes of a passphrase file: more is not a passphrase but the wrong file."""


@dataclass(frozen=True, slots=True)
class Unlock:
    """What the command line says about the way in; nothing of it: the keyring, else a prompt."""

    passphrase_file: Path | None = None
    passphrase_fd: int | None = None
    key_file: Path | None = None

    @property
    def given(self) -> bool:
        """Whether the command line names a way in."""
        return self.passphrase_file is not None or self.passphrase_fd is not None or self.key_file is not None


def memory_folder(home: Path) -> Path:
    """Where the memory of `home` is."""
    return home / "memory"


def exists(home: Path) -> bool:
    """Whether `home` has a memory."""
    return vault.header_path(memory_folder(home)).exists()


def open_memory(home: Path, unlock: Unlock, *, read_only: bool = False) -> Vault:
    """Open the memory of `home`.

    Raises:
        CompanionError: there is none, the way in does not open it, or it cannot be used; the message says which.
    """
    folder = memory_folder(home)
    if not exists(home):
        raise NoStore(f"there is no memory in {home} yet: run `companion setup`")
    secret = given_secret(unlock) or _from_keyring(folder) or _asked("passphrase")
    try:
        return open_vault(folder, secret, read_only=read_only)
    finally:
        secret.wipe()


def create_memory(home: Path, unlock: Unlock) -> Vault:
    """Make the memory of `home`, opened by what the command line gives, else by a passphrase asked for twice.

    Raises:
        CompanionError: there is one already, or there is nobody to ask.
    """
    secret = given_secret(unlock, new=True) or ask_new_passphrase()
    try:
        return create_vault(memory_folder(home), [secret])
    finally:
        secret.wipe()


def given_secret(unlock: Unlock, *, new: bool = False) -> Secret | None:
    """The secret that the command line names; None where it names none. `new`: a key file is made if there is none.

    Raises:
        CompanionError: it cannot be read, or it is empty.
    """
    if unlock.key_file is not None:
        if new and not unlock.key_file.exists():
            keys.write_key_file(unlock.key_file)
        return Secret("key-file", keys.read_key_file(unlock.key_file))
    if unlock.passphrase_file is not None:
        try:
            with unlock.passphrase_file.open("rb") as file:
                return _passphrase(file.read(_LONGEST + 1), str(unlock.passphrase_file))
        except OSError as error:
            raise CompanionError(f"cannot read the passphrase in {unlock.passphrase_file}: {error.strerror}") from error
    if unlock.passphrase_fd is not None:
        try:
            with os.fdopen(unlock.passphrase_fd, "rb", closefd=False) as file:
                return _passphrase(file.read(_LONGEST + 1), f"file descriptor {unlock.passphrase_fd}")
        except OSError as error:
            raise CompanionError(f"cannot read file descriptor {unlock.passphrase_fd}: {error.strerror}") from error
    return None


def ask_new_passphrase() -> Secret:
    """A new passphrase, asked for twice.

    Raises:
        CompanionError: nobody to ask, the two differ, or it is empty.
    """
    first, second = _asked("new passphrase"), _asked("the same once more")
    if first.value != second.value:
        raise CompanionError("the two passphrases differ: nothing was changed")
    second.wipe()
    return first


def _asked(what: str) -> Secret:
    if not sys.stdin.isatty():
        raise CompanionError("the memory needs a passphrase: give --passphrase-file, --passphrase-fd or --key-file")
    return Secret("passphrase", _worth(keys.passphrase_bytes(getpass.getpass(f"{what}: ")), "what was typed"))


def _passphrase(content: bytes, where: str) -> Secret:
    if len(content) > _LONGEST:
        raise CompanionError(f"{where} is too long to be a passphrase")
    line = content.split(b"\n", 1)[0].rstrip(b"\r")
    try:
        return Secret("passphrase", _worth(keys.passphrase_bytes(line.decode("utf-8")), where))
    except UnicodeDecodeError as error:
        raise CompanionError(f"the passphrase in {where} is not text in UTF-8") from error


def _worth(passphrase: bytearray, where: str) -> bytearray:
    if not passphrase:
        raise CompanionError(f"the passphrase is empty ({where})")
    return passphrase


def _from_keyring(folder: Path) -> Secret | None:
    """The keyring's secret, where there is such a slot and the keyring answers; else another way is tried."""
    kinds: tuple[SlotKind | str, ...] = vault.ways_in(folder)
    if "keyring" not in kinds:
        return None
    try:
        return system_keyring.load(read(vault.header_path(folder)).home)
    except KeyringUnavailable:
        return None
