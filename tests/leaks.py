"""What the tests of leaks share: a session in a process of its own, and a search of every place it may leave words in.

Searched are the home, the temporary and the XDG folders, /dev/shm and stderr, and of every process of the session the
environment, the command line and the open files, deleted ones included.
"""

from __future__ import annotations

import base64
import os
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from companion import settings

_LARGEST = 1 << 26
"""Bytes of an open file that is read whole: a model has more."""

_AT_DEBUG = """
import logging, sys
logging.basicConfig(level=1)
from companion.apps.cli import main
main()
"""


def holds(content: bytes, words: str) -> bool:
    """Whether `content` shows `words` in UTF-8, UTF-16, hexadecimal or base64, as they are or in small letters."""
    small = content.lower()
    if words.lower().encode() in small or words.lower().encode("utf-16-le") in small:
        return True
    spellings = {words.encode(), words.lower().encode()}
    return any(
        said.hex().encode() in small or any(form in content for form in _base64_forms(said)) for said in spellings
    )


def _base64_forms(said: bytes) -> list[bytes]:
    """`said` in base64, wherever it begins within a group of three bytes; what its neighbours change is cut off."""
    found = []
    for before in range(3):
        raw = bytes(before) + said
        encoded = base64.b64encode(raw[: len(raw) // 3 * 3])
        found.append(encoded[4:] if before else encoded)
    return found


@dataclass(frozen=True, slots=True)
class Places:
    """Everything that a session may write to without being asked."""

    root: Path

    @property
    def home(self) -> Path:
        return self.root / "user" / "companion"

    @property
    def stderr(self) -> Path:
        return self.root / "stderr"

    def environment(self) -> dict[str, str]:
        """An environment in which every folder of the user is one of ours."""
        folders = {
            "HOME": "user",
            "TMPDIR": "tmp",
            "XDG_RUNTIME_DIR": "runtime",
            "XDG_CACHE_HOME": "cache",
            "XDG_DATA_HOME": "data",
            "XDG_CONFIG_HOME": "config",
            "XDG_STATE_HOME": "state",
        }
        made = {name: self.root / folder for name, folder in folders.items()}
        for folder in made.values():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "LD_LIBRARY_PATH")}
        return kept | {name: str(folder) for name, folder in made.items()}

    def files(self) -> list[Path]:
        """Every file that is there, shared memory too."""
        return [path for folder in (self.root, Path("/dev/shm")) for path in folder.rglob("*") if path.is_file()]


def start(
    places: Places, *arguments: str, at_debug: bool = False, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """Run `companion` in a session of its own, its standard input and output in pipes. `at_debug`: every logger on."""
    program = ["-c", _AT_DEBUG] if at_debug else ["-m", "companion"]
    places.root.mkdir(parents=True, exist_ok=True)
    with places.stderr.open("ab") as errors:
        return subprocess.Popen(
            [sys.executable, *program, "--models", str(settings.default_models()), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            bufsize=1,
            env={**places.environment(), **(environment or {})},
            cwd=places.root,
            start_new_session=True,
        )


def left(places: Places, secrets: Sequence[str], session: int | None = None) -> list[str]:
    """Where any of `secrets` is found: files by content and name, and, while it runs, the processes of `session`.

    Of the files that a process holds open those that have a name elsewhere are left out: somebody asked for them.
    """
    contents: Iterator[tuple[str, bytes]] = ((str(path), _read(path)) for path in places.files())
    found = [name for name, content in contents if any(holds(content + name.encode(), secret) for secret in secrets)]
    for process in _processes(session) if session is not None else ():
        for path in (process / "environ", process / "cmdline", *_open_files(process, places)):
            content = _read(path)
            found += [str(path)] if any(holds(content, secret) for secret in secrets) else []
    return found


def _processes(session: int) -> Iterator[Path]:
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(ProcessLookupError):
            if os.getsid(int(folder.name)) == session:
                yield folder


def _open_files(process: Path, places: Places) -> Iterator[Path]:
    """What a process holds open and could have written to: in our places, in memory, or deleted; pipes are ours."""
    with suppress(OSError):  # without the rights to look nobody else can look either
        for path in (process / "fd").iterdir():
            with suppress(OSError):
                about, name = path.stat(), path.readlink()
                hidden = about.st_nlink == 0 or name.is_relative_to(places.root)
                if stat.S_ISREG(about.st_mode) and hidden and about.st_size <= _LARGEST:
                    yield path


def _read(path: Path) -> bytes:
    """What stands there; nothing where it has gone meanwhile or may not be read."""
    try:
        return path.read_bytes()
    except OSError:
        return b""
