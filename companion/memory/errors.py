"""What can go wrong with the memory, told apart. Every message is one line for the owner: what happened, what to do.

No message holds a key, a passphrase or a word that was said.
"""

# ruff: noqa: N818 (the names say what happened, and are read in `except` lines)

from __future__ import annotations

from companion.errors import CompanionError


class StoreError(CompanionError):
    """Anything the memory cannot do. The subclasses say which."""


class NoStore(StoreError):
    """There is no memory in this folder yet."""


class StoreExists(StoreError):
    """There is a memory in this folder already; it is never overwritten."""


class WrongPassphrase(StoreError):
    """No keyslot opens with what was given: passphrase, key file, recovery key or keyring entry."""


class DamagedHeader(StoreError):
    """The header file with the keyslots is damaged or was tampered with."""


class DamagedPage(StoreError):
    """The database fails its authentication or its structure is broken. `pages`: the page numbers, if known."""

    def __init__(self, message: str, pages: tuple[int, ...] = ()) -> None:
        super().__init__(message)
        self.pages = pages


class NewerSchema(StoreError):
    """Written by a newer Companion. The only way on is to update; deleting is never offered."""


class StoreLocked(StoreError):
    """Another process holds the memory open for writing."""


class ReadOnly(StoreError):
    """The folder or its medium does not let us write."""


class DiskFull(StoreError):
    """No room left. Nothing that was acknowledged is lost; the write that failed left no trace."""


class UnsafeStore(StoreError):
    """SQLCipher is not what the memory relies on (no encryption, no HMAC, no secure delete…): refused."""


class RuleBroken(StoreError):
    """What was to be stored breaks a rule of the schema (a range, a reference): nothing was stored."""


class KeyringUnavailable(StoreError):
    """The operating system has no keyring that protects its entries."""


class BadKey(StoreError):
    """A key file or a recovery key is not one, or has a typing error."""


class BadArchive(StoreError):
    """An export cannot be read: wrong passphrase, cut short, damaged, hostile or from a newer version."""
