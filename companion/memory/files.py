"""Files that are whole or not there: atomic writes, the writer's lock, the modes."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from companion.memory.errors import DiskFull, ReadOnly, StoreError, StoreLocked

FOLDER_MODE = 0o700
FILE_MODE = 0o600


@contextlib.contextmanager
def clear_errors(path: Path) -> Iterator[None]:
    """Turn an `OSError` on `path` into the one line that an owner can act on."""
    try:
        yield
    except OSError as error:
        raise from_os_error(error, path) from error


def from_os_error(error: OSError, path: Path) -> StoreError:
    """`DiskFull`, `ReadOnly` or a plain `StoreError` for an error of the operating system."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return DiskFull(f"no room left to write {path}: free some space and try again")
    if error.errno in {errno.EROFS, errno.EACCES, errno.EPERM}:
        return ReadOnly(f"{path} may not be written: check the owner and the mode of its folder, or remount the disk")
    return StoreError(f"cannot use {path}: {error.strerror or error}")


def make_folder(folder: Path) -> None:
    """Create `folder` for its owner alone; tighten it where it exists."""
    with clear_errors(folder):
        folder.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
        if folder.stat().st_mode & 0o077:
            folder.chmod(FOLDER_MODE)


def create_empty(path: Path) -> None:
    """Create `path` with mode 0600; it must not exist."""
    with clear_errors(path):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE))


def write_atomically(path: Path, data: bytes) -> None:
    """Replace `path` by `data`, whole or not at all, and durable when this returns.

    Temporary file in the same folder, fsync, rename, fsync of the folder.
    """
    part = path.with_name(path.name + ".part")
    with clear_errors(path):
        part.unlink(missing_ok=True)
        try:
            descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except OSError:
            part.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


def sync_file(path: Path) -> None:
    """Wait until what was written to `path` is on the medium."""
    with clear_errors(path):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Make renames and deletions in `folder` durable."""
    sync_file(folder)


class WriterLock:
    """Only one process writes. The kernel drops the lock when its holder dies, however it dies."""

    def __init__(self, path: Path) -> None:
        """Take the lock.

        Raises:
            StoreLocked: another process has it; the message names it.
        """
        with clear_errors(path):
            self._descriptor = os.open(path, os.O_CREAT | os.O_RDWR, FILE_MODE)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._descriptor, 20, 0).decode("ascii", "replace").strip()
            os.close(self._descriptor)
            name = f"process {holder}" if holder else "another process"
            raise StoreLocked(
                f"Companion is already running with this memory ({name}): stop it first, or choose another --home"
            ) from error
        with contextlib.suppress(OSError):  # the number is for the message above: a full disk must not stop an opening
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Let the next process in. Releasing twice does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
