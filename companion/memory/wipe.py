"""The end of a memory: keyslots and keyring entries first, so that what is left opens with nothing; then the files."""

from __future__ import annotations

from pathlib import Path

from companion.memory import keyslots, system_keyring, vault
from companion.memory.errors import KeyringUnavailable, StoreError
from companion.memory.forget import OLD_COPIES, OLD_HEADERS, Receipt


def wipe(folder: Path, now: int) -> Receipt:
    """Destroy the memory in `folder` and those set aside beside it. It needs no key and cannot be undone.

    Raises:
        StoreLocked: Companion is running with it.
        ReadOnly: the files may not be deleted.
    """
    counts = {"keyslots": 0, "keyring entries": 0, "files": 0}
    checks = {}
    for place in _places(folder):
        try:
            counts["keyring entries"] += _destroy_keyring_entry(place)
        except KeyringUnavailable:
            checks["keyring"] = "does not answer; without the keyslots its entry opens nothing"
        slots, files = vault.destroy(place)
        counts["keyslots"] += slots
        counts["files"] += files
    left = [path for place in _places(folder) for path in place.iterdir()]
    checks["files left"] = str(len(left))
    return Receipt("wipe", now, counts, verified=not left, checks=checks, limits=(OLD_COPIES, OLD_HEADERS))


def _places(folder: Path) -> list[Path]:
    return [place for place in (folder, *folder.parent.glob(f"{folder.name}-damaged-*")) if place.is_dir()]


def _destroy_keyring_entry(place: Path) -> bool:
    try:
        header = keyslots.read(vault.header_path(place))
    except StoreError:
        return False
    return bool(header.of_kind("keyring")) and system_keyring.destroy(header.home)
