"""The models: what exists, which one to take, and what is installed. Fetching them is `companion.download`.

`models/catalog.toml` is the one list. A model is used only if every file of it had the right SHA256 when it was
installed; an installed model is a folder of its own with a `manifest.json`, and comes into being in one rename.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args
from urllib.parse import urlsplit

from companion.errors import CompanionError

if TYPE_CHECKING:
    from companion.download import Downloader

Role = Literal["llm", "stt", "stt-stream", "tts", "vad", "turn"]
ROLES: tuple[Role, ...] = get_args(Role)

OPTIONAL_ROLES: frozenset[Role] = frozenset({"stt-stream"})
"""A conversation goes on without them: no live captions, the same answer."""

_ROLE_NAMES: dict[Role, str] = {
    "llm": "language model",
    "stt": "speech model",
    "stt-stream": "caption model",
    "tts": "voice",
    "vad": "voice activity model",
    "turn": "end-of-turn model",
}
_LANGUAGE_NAMES = {"en": "English", "ko": "Korean"}

Progress = Callable[[int, int | None], None]
"""Called as bytes arrive: how many are there, how many there will be (None: unknown)."""


class CatalogError(CompanionError):
    """Something about the models that a person can mend."""


class ModelMissing(CatalogError):
    """A role that a conversation cannot do without has no installed model."""


class ModelDamaged(CatalogError):
    """A model is not what it was when it was installed."""


class StoreBusy(CatalogError):
    """Another process changes the models."""


class StorageError(CatalogError):
    """The models' folder cannot be written: no space, no permission."""


class SourcesFailed(CatalogError):
    """No source gave the model; `reasons` has one line for each."""

    def __init__(self, model: Model, reasons: Iterable[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__(f"{model.id} cannot be had: {'; '.join(self.reasons)}")


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A file of a model; `bytes` is None where the exact size is not known."""

    name: str
    sha256: str
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class HttpsSource:
    """Every file under one pinned address."""

    base: str

    def __str__(self) -> str:
        return urlsplit(self.base).hostname or self.base


@dataclass(frozen=True, slots=True)
class ArchiveSource:
    """A zip or tar whose one top folder holds the files; `sha256` is of the archive, and vouches for what is in it."""

    url: str
    sha256: str
    bytes: int

    def __str__(self) -> str:
        return urlsplit(self.url).hostname or self.url


@dataclass(frozen=True, slots=True)
class PackageSource:
    """Files inside wheels of the Python index.

    `name` and the values of `members` (file name → wheel member) may hold `{n}`, the number of the part, 1…`parts`. A
    member with `{n}` is joined over all parts, any other is taken from part 1. `platform` is named where the wheel is
    tagged for one, although its data serves everywhere.
    """

    name: str
    version: str
    members: Mapping[str, str]
    parts: int = 1
    platform: str | None = None

    def __str__(self) -> str:
        name = self.name.replace("{n}", f"1…{self.parts}")
        return f"the Python package {name} {self.version}"

    def requirement(self, part: int) -> str:
        """What to ask the index for, for part 1…`parts`."""
        return f"{self.name.format(n=part)}=={self.version}"

    def members_of(self, part: int) -> dict[str, str]:
        """File name → wheel member, for the files that part 1…`parts` holds or continues."""
        return {
            file: member.format(n=part) for file, member in self.members.items() if "{n" in member or part == 1
        }


Source = HttpsSource | ArchiveSource | PackageSource


@dataclass(frozen=True, slots=True)
class Model:
    """One entry of the catalogue; `models/catalog.toml` says what the fields mean."""

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
        """Size on disk, or of the archive where the files are not listed; None where it is not known exactly."""
        if not self.files:
            return next((source.bytes for source in self.sources if isinstance(source, ArchiveSource)), None)
        sizes = [file.bytes for file in self.files if file.bytes is not None]
        return sum(sizes) if len(sizes) == len(self.files) else None

    def speaks(self, language: str) -> bool:
        """Whether the model serves `language`."""
        return not self.languages or language in self.languages


@dataclass(frozen=True, slots=True)
class Choice:
    """What a profile and language settled on for a role; `named`: the owner asked for this model by name."""

    id: str
    named: bool


class Catalog:
    """All models, in order of preference within a role."""

    def __init__(self, models: Iterable[Model]) -> None:
        self.models = tuple(models)
        self._by_id = {model.id: model for model in self.models}

    def get(self, model_id: str) -> Model | None:
        """The model of that id."""
        return self._by_id.get(model_id)

    def candidates(self, role: Role, profile: str, language: str, ram_mb: float | None = None) -> list[Model]:
        """The models that fit, best first: open licences before others, then those that name `language` first.

        `ram_mb`: leave out what needs more free memory than this; None: no limit.
        """
        fitting = (
            model
            for model in self.models
            if model.role == role
            and profile in model.profiles
            and model.speaks(language)
            and (ram_mb is None or model.min_ram_mb <= ram_mb)
        )
        return sorted(fitting, key=lambda model: (not model.free, model.languages[:1] != (language,)))

    def select(self, store: ModelStore, profile: str, language: str) -> dict[Role, Model]:
        """The installed model to use for each role: the one the owner named, else the best.

        A role for which the catalogue has nothing (a Korean voice), and an optional role with nothing installed, is
        absent.

        Raises:
            ModelMissing: a role that a conversation needs has candidates, and none is installed.
        """
        selected: dict[Role, Model] = {}
        for role in ROLES:
            candidates = self.candidates(role, profile, language)
            choice = store.choice(profile, language, role)
            named = self.get(choice.id) if choice and choice.named else None
            installed = next((m for m in ([named] if named else []) + candidates if store.installed(m)), None)
            if installed:
                selected[role] = installed
            elif candidates and role not in OPTIONAL_ROLES:
                raise ModelMissing(
                    f"no {describe(role, language)} is installed: run "
                    f"`companion models pull --profile {profile} --language {language}`"
                )
        return selected


def describe(role: Role, language: str) -> str:
    """The role in words, with the language where it matters: `speech model for English`."""
    name = _ROLE_NAMES[role]
    return name if role in ("vad", "turn") else f"{name} for {_LANGUAGE_NAMES.get(language, language)}"


def load(path: Path | None = None) -> Catalog:
    """Read the catalogue: `path`, else the one that comes with the program."""
    if path is None:
        package = Path(__file__).parent
        shipped = package / "_models" / "catalog.toml"  # in a wheel; in a checkout the file is beside the package
        path = shipped if shipped.exists() else package.parent / "models" / "catalog.toml"
    entries = tomllib.loads(path.read_text(encoding="utf-8"))["model"]
    return Catalog(_model(entry) for entry in entries)


def _model(entry: dict[str, Any]) -> Model:
    fields = dict(entry)
    fields["files"] = tuple(ModelFile(**file) for file in entry.get("files", ()))
    fields["sources"] = tuple(_source(source) for source in entry["sources"])
    for name in ("languages", "profiles"):
        fields[name] = tuple(entry.get(name, ()))
    return Model(**fields)


def _source(entry: dict[str, Any]) -> Source:
    fields = dict(entry)
    if "https" in fields:
        return HttpsSource(fields["https"])
    if "archive" in fields:
        return ArchiveSource(fields.pop("archive"), **fields)
    return PackageSource(fields.pop("package"), **fields)


@dataclass(frozen=True, slots=True)
class Pulled:
    """Where a model came from, and one line for each source that was tried before."""

    source: Source
    failures: tuple[str, ...]


def sha256_of(path: Path) -> str:
    """SHA256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class ModelStore:
    """The installed models: one folder each under `root`.

    What is being fetched lies in `root/.part/<id>/` until it is whole and checked; `root/choices.json` remembers what
    each profile and language settled on.
    """

    def __init__(self, root: Path, downloader: Downloader | None = None) -> None:
        self.root = root
        self._downloader = downloader

    def path(self, model: Model) -> Path:
        """The folder of the model, there or not."""
        return self.root / model.id

    def file(self, model: Model) -> Path:
        """The file an engine opens, where it opens a single file (GGUF, ONNX)."""
        return self.path(model) / model.files[0].name

    def present(self, model: Model) -> bool:
        """Whether there is a folder of the model, intact or not."""
        return self.path(model).is_dir()

    def installed(self, model: Model) -> bool:
        """Whether the model is there and was whole when it was installed. Quick: compares sizes, hashes nothing."""
        manifest = self._manifest(model)
        return manifest is not None and all(
            (path := self.path(model) / file.name).is_file() and path.stat().st_size == file.bytes for file in manifest
        )

    def verify(self, model: Model) -> list[str]:
        """Hash every file again; the names of those that are damaged or gone, none if all is well.

        A damaged model is withdrawn: it does not count as installed until `pull` has mended it.
        """
        manifest = self._manifest(model)
        if manifest is None:
            return ["manifest.json"]
        damaged = [
            file.name
            for file in manifest
            if not (path := self.path(model) / file.name).is_file() or sha256_of(path) != file.sha256
        ]
        if damaged:
            with _storage(self.root):
                self._manifest_file(model).unlink()
        return damaged

    def remove(self, model: Model) -> None:
        """Delete the model and what was fetched of it.

        Raises:
            StorageError, StoreBusy
        """
        with self._lock(), _storage(self.root):
            for folder in (self.path(model), self._staging(model)):
                if folder.exists():
                    shutil.rmtree(folder)

    def pull(self, model: Model, progress: Progress = lambda done, total: None) -> Pulled | None:
        """Fetch the model from the first source that gives it; None: it was installed already.

        Goes on where an earlier attempt stopped, and keeps the intact files of a damaged model.

        Raises:
            SourcesFailed: no source gave it; what arrived is kept for the next attempt.
            StorageError: it cannot be written; what arrived of it is deleted.
            StoreBusy: another process changes the models.
        """
        if self.installed(model):
            return None
        with self._lock():
            staging = self._staging(model)
            try:
                with _storage(self.root):
                    self._prepare(model, staging)
                return self._fetch(model, staging, progress)
            except StorageError:
                shutil.rmtree(staging, ignore_errors=True)
                raise

    def choice(self, profile: str, language: str, role: Role) -> Choice | None:
        """What this profile and language settled on for the role."""
        entry = self._choices().get(f"{profile}/{language}/{role}")
        return Choice(entry["id"], entry["named"]) if entry else None

    def choose(self, profile: str, language: str, model: Model, named: bool) -> None:
        """Remember `model` as what this profile and language settled on for its role."""
        choices = self._choices()
        choices[f"{profile}/{language}/{model.role}"] = {"id": model.id, "named": named}
        with _storage(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            _write_json(self.root / "choices.json", choices)

    def _choices(self) -> dict[str, Any]:
        return _read_json(self.root / "choices.json") or {}

    def _staging(self, model: Model) -> Path:
        return self.root / ".part" / model.id

    def _manifest_file(self, model: Model) -> Path:
        return self.path(model) / "manifest.json"

    def _manifest(self, model: Model) -> list[ModelFile] | None:
        """The files as they were installed; None where that is not what the catalogue asks for today."""
        manifest = _read_json(self._manifest_file(model))
        if manifest is None:
            return None
        files = [ModelFile(**file) for file in manifest["files"]]
        hashes = {file.name: file.sha256 for file in files}
        archives = {source.sha256 for source in model.sources if isinstance(source, ArchiveSource)}
        as_listed = bool(model.files) and all(hashes.get(file.name) == file.sha256 for file in model.files)
        return files if as_listed or manifest["archive"] in archives else None

    def _prepare(self, model: Model, staging: Path) -> None:
        """Make the staging folder; a damaged model moves there, so that its intact files need not be fetched again."""
        staging.parent.mkdir(parents=True, exist_ok=True)
        if self.present(model):
            shutil.rmtree(staging, ignore_errors=True)
            self.path(model).rename(staging)
        staging.mkdir(exist_ok=True)
        there = sum(path.stat().st_size for path in staging.rglob("*") if path.is_file())
        needed, free = (model.bytes or 0) - there, shutil.disk_usage(staging).free
        if needed > free:
            raise StorageError(
                f"{model.id} needs {needed / 1e6:,.0f} MB in {self.root}, where {free / 1e6:,.0f} MB are free"
            )

    def _fetch(self, model: Model, staging: Path, progress: Progress) -> Pulled:
        from companion.download import Downloader, SourceFailed

        self._downloader = self._downloader or Downloader()
        failures: list[str] = []
        for source in model.sources:
            try:
                with _storage(self.root):
                    names = self._downloader.fetch(model, source, staging, progress)
                    self._install(model, source, staging, names)
            except SourceFailed as error:
                failures.append(str(error))
            else:
                return Pulled(source, tuple(failures))
        raise SourcesFailed(model, failures)

    def _install(self, model: Model, source: Source, staging: Path, names: list[str]) -> None:
        """Turn the staging folder, in which `names` are whole and checked, into the installed model."""
        for path in staging.rglob("*"):
            if path.is_file() and path.relative_to(staging).as_posix() not in names:
                path.unlink()  # unfinished pieces of other sources
        files = [
            {"name": name, "sha256": sha256_of(staging / name), "bytes": (staging / name).stat().st_size} for name in names
        ]
        archive = source.sha256 if isinstance(source, ArchiveSource) else None
        _write_json(staging / "manifest.json", {"source": str(source), "archive": archive, "files": files})
        staging.rename(self.path(model))

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """One process at a time may change the models."""
        with _storage(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            file = (self.root / ".lock").open("w")
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StoreBusy(
                    f"another companion is changing the models in {self.root}: wait until it is done"
                ) from None
            yield


@contextmanager
def _storage(root: Path) -> Iterator[None]:
    """Turn what the file system says into one line for a person."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"cannot write to {root}: {error.strerror or error}") from error


def _read_json(path: Path) -> dict[str, Any] | None:
    """The object in a file of ours; None where it is missing or damaged, which is the same to us."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _write_json(path: Path, content: dict[str, Any]) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(content, indent=1), encoding="utf-8")
    part.replace(path)
