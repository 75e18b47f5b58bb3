"""What the tests of the memory share: cheap keys, a store to write to, and a decryptor that needs no SQLCipher."""

from __future__ import annotations

import hashlib
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from companion.memory.keys import Argon2Cost, passphrase_bytes
from companion.memory.keyslots import Secret

CHEAP = Argon2Cost(iterations=1, lanes=1, memory_kib=8)
PAGE = 4096
RESERVED = 80  # at the end of a page: 16 bytes IV, 64 bytes HMAC-SHA512
WAL_HEADER, FRAME_HEADER = 32, 24


def passphrase(text: str = "correct horse") -> Secret:
    return Secret("passphrase", passphrase_bytes(text))


def decrypt_page(page: bytes, key: bytes, *, first: bool) -> bytes:
    """The plain bytes of one SQLCipher 4 page (AES-256-CBC); the first page starts with 16 bytes of salt."""
    start = 16 if first else 0
    iv = page[PAGE - RESERVED : PAGE - RESERVED + 16]
    decryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
    return decryptor.update(page[start : PAGE - RESERVED]) + decryptor.finalize()


def decrypt_everything(path: Path, key: bytes) -> bytes:
    """Every page of the database and of its WAL in the clear: freelist, stale frames and all."""
    data = path.read_bytes()
    pages = [data[i : i + PAGE] for i in range(0, len(data), PAGE)]
    plain = [decrypt_page(page, key, first=number == 0) for number, page in enumerate(pages)]
    wal = path.with_name(path.name + "-wal")
    frames = wal.read_bytes()[WAL_HEADER:] if wal.exists() else b""
    for start in range(0, len(frames), FRAME_HEADER + PAGE):
        frame = frames[start : start + FRAME_HEADER + PAGE]
        if len(frame) == FRAME_HEADER + PAGE:
            number = int.from_bytes(frame[:4], "big")
            plain.append(decrypt_page(frame[FRAME_HEADER:], key, first=number == 1))
    return b"".join(plain)


def digest(folder: Path) -> dict[str, str]:
    """Name and hash of every file below `folder`."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
