"""Unpacking a zip or tar of a model."""

from __future__ import annotations

import shutil
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from companion.catalog.errors import SourceError


def unpack(archive: Path, folder: Path) -> list[Path]:
    """Unpack the plain files of `archive` into `folder`, without their one top folder; returns where they are now.

    Raises:
        SourceError: the archive is damaged, or holds a file that has no place in `folder`.
        OSError: `folder` cannot be written.
    """
    unpacked: list[Path] = []
    try:
        for name, content in _plain_files(archive):
            inner = PurePosixPath(name).parts[1:]
            if not inner or ".." in inner:
                raise SourceError(f"the archive holds {name!r}, which has no place in a model's folder")
            target = folder.joinpath(*inner)
            target.parent.mkdir(parents=True, exist_ok=True)
            with content, target.open("wb") as file:
                shutil.copyfileobj(content, file)
            unpacked.append(target)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError):
        raise SourceError("the archive is damaged") from None
    return unpacked


def _plain_files(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Name and content of every file; no folders, links or devices."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as bundle:
            for entry in bundle.infolist():
                if not entry.is_dir():
                    yield entry.filename, bundle.open(entry)
    else:
        with tarfile.open(archive) as tar:
            for member in tar:
                if member.isfile() and (content := tar.extractfile(member)):
                    yield member.name, content
