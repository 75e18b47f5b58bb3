"""What is installed: one folder a model, whole and checked, or not there at all."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from companion.catalog.entries import ArchiveSource, InstalledSource, Model, ModelFile, Role, Source
from companion.catalog.errors import PullError, SourceError, StorageError, StoreBusyError

if TYPE_CHECKING:
    from companion.catalog.download import Downloader

Progress = Callable[[int, int | None], None]
"""Called as bytes arrive: how many are there, how many there will be (None: unknown)."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """Where a model came from, and one line for each source that was tried in vain before."""

    source: Source | InstalledSource
    failures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """The model that a profile and language settled on for a role; `named`: the owner asked for it by name."""

    id: str
    named: bool


class ModelStore:
    """The models under `root`, a folder each, with a `manifest.json` that says what was checked.

    What is being fetched lies in `root/.part/<id>/` until it is whole. `root/choices.json` remembers what each profile
    and language settled on.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._downloader: Downloader | None = None

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
        """Whether the model is there as it was installed. Quick: compares sizes, hashes nothing."""
        manifest = self._manifest(model)
        return manifest is not None and all(
            (path := self.path(model) / file.name).is_file() and size_of(path) == file.bytes for file in manifest
        )

    def verify(self, model: Model) -> list[str]:
        """Hash every file again; the names of those that are damaged or gone, none if all is well.

        A damaged model is withdrawn: it does not count as installed until `pull` has mended it.

        Raises:
            StorageError: a file cannot be read, or the model cannot be withdrawn.
        """
        manifest = self._manifest(model)
        if manifest is None:
            return ["manifest.json"]
        with _storage(self.root):
            damaged = [file.name for file in manifest if not is_intact(self.path(model) / file.name, file)]
            if damaged:
                self._manifest_file(model).unlink()
        return damaged

    def remove(self, model: Model) -> None:
        """Delete the model and what was fetched of it.

        Raises:
            StorageError: it cannot be deleted.
            StoreBusyError: another process changes the models.
        """
        with self._lock(), _storage(self.root):
            for folder in (self.path(model), self._staging(model)):
                if folder.exists():
                    shutil.rmtree(folder)

    def missing_bytes(self, models: Iterable[Model]) -> int:
        """What `pull` would fetch for all of these: a file that several share once, one that is here not at all.

        What has no known size counts for nothing.
        """
        here, missing = {file["sha256"] for _, file in self._held()}, 0
        for model in models:
            missing += 0 if model.files else model.bytes or 0
            for file in model.files:
                missing += 0 if file.sha256 in here else file.bytes or 0
                here.add(file.sha256)
        return missing

    def pull(self, model: Model, progress: Progress = lambda done, total: None) -> Pulled | None:
        """Fetch the model from the first source that gives it; None: it was installed already.

        Goes on where an earlier attempt stopped, and keeps the intact files of a damaged model. A file that another
        installed model has is shared with it, and takes no room of its own.

        Raises:
            PullError: no source gave it; what arrived is kept for the next attempt.
            StorageError: it cannot be written; what arrived of it is deleted.
            StoreBusyError: another process changes the models.
        """
        if self.installed(model):
            return None
        staging = self._staging(model)
        with self._lock(), _storage(self.root):
            self._prepare(model, staging)
            try:
                return self._fetch(model, staging, progress)
            except OSError:
                shutil.rmtree(staging, ignore_errors=True)
                raise
            except PullError:
                if not size_of(staging):
                    shutil.rmtree(staging)
                raise

    def choice(self, profile: str, language: str, role: Role) -> Choice | None:
        """What this profile and language settled on for the role."""
        entry = self._choices().get(f"{profile}/{language}/{role}")
        return Choice(**entry) if entry else None

    def named(self, profile: str, language: str, role: Role) -> str | None:
        """The id of the model that the owner asked for by name, for this profile, language and role."""
        choice = self.choice(profile, language, role)
        return choice.id if choice and choice.named else None

    def choose(self, profile: str, language: str, model: Model, *, named: bool) -> None:
        """Remember `model` as what this profile and language settled on for its role.

        Raises:
            StorageError: the choice cannot be written.
        """
        choices, choice = self._choices(), Choice(model.id, named)
        if self.choice(profile, language, model.role) == choice:
            return
        choices[f"{profile}/{language}/{model.role}"] = asdict(choice)
        with _storage(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            write_json(self.root / "choices.json", choices)

    def _choices(self) -> dict[str, Any]:
        return read_json(self.root / "choices.json") or {}

    def _staging(self, model: Model) -> Path:
        return self.root / ".part" / model.id

    def _manifest_file(self, model: Model) -> Path:
        return self.path(model) / "manifest.json"

    def _manifest(self, model: Model) -> list[ModelFile] | None:
        """The files as they were installed; None where they are not what the catalogue asks for today."""
        manifest = read_json(self._manifest_file(model))
        if manifest is None:
            return None
        files = [ModelFile(**file) for file in manifest["files"]]
        hashes = {file.name: file.sha256 for file in files}
        as_listed = bool(model.files) and all(hashes.get(file.name) == file.sha256 for file in model.files)
        archives = {source.sha256 for source in model.sources if isinstance(source, ArchiveSource)}
        return files if as_listed or manifest["archive"] in archives else None

    def _prepare(self, model: Model, staging: Path) -> None:
        """Make the staging folder. A damaged model moves there: its intact files need not be fetched again."""
        staging.parent.mkdir(parents=True, exist_ok=True)
        if self.present(model):
            shutil.rmtree(staging, ignore_errors=True)
            self.path(model).rename(staging)
        staging.mkdir(exist_ok=True)
        missing, free = (model.bytes or 0) - size_of(staging), shutil.disk_usage(staging).free
        if missing > free:
            raise StorageError(
                f"{model.id} needs {missing / 1e6:,.0f} MB more in {self.root}, where {free / 1e6:,.0f} MB are free"
            )

    def _fetch(self, model: Model, staging: Path, progress: Progress) -> Pulled:
        if shared := self._share(model, staging):
            self._install(model, shared, staging, model.files)
            return Pulled(shared, ())
        from companion.catalog.download import Downloader  # brings `requests`: only when something is fetched

        self._downloader = self._downloader or Downloader()
        failures: list[str] = []
        for source in model.sources:
            try:
                files = self._downloader.fetch(model, source, staging, progress)
            except SourceError as error:
                failures.append(str(error))
            else:
                self._install(model, source, staging, files)
                return Pulled(source, tuple(failures))
        raise PullError(model.id, failures)

    def _share(self, model: Model, staging: Path) -> InstalledSource | None:
        """Link into the staging folder what other models have of this one; their names, if they have all of it."""
        lenders = []
        for file in model.files:
            target = staging / file.name
            lender = None if target.exists() else self._holding(file)
            if lender is None:
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(lender, target)
            except OSError:  # the file system has no links
                shutil.copyfile(lender, target)
            lenders.append(lender.relative_to(self.root).parts[0])
        return InstalledSource(" and ".join(dict.fromkeys(lenders))) if len(lenders) == len(model.files) > 0 else None

    def _holding(self, file: ModelFile) -> Path | None:
        """Where an installed model has exactly this file; None: none has it."""
        return next((p for p, held in self._held() if held["sha256"] == file.sha256 and is_intact(p, file)), None)

    def _held(self) -> Iterator[tuple[Path, dict[str, Any]]]:
        """Every file of every installed model, and what its manifest says of it."""
        for manifest in sorted(self.root.glob("*/manifest.json")):
            for held in (read_json(manifest) or {}).get("files", ()):
                yield manifest.parent / held["name"], held

    def _install(
        self, model: Model, source: Source | InstalledSource, staging: Path, files: Sequence[ModelFile]
    ) -> None:
        """Turn the staging folder, in which `files` are whole and checked, into the installed model."""
        checked = {staging / file.name for file in files}
        for path in [path for path in staging.rglob("*") if path.is_file() and path not in checked]:
            path.unlink()  # pieces of what another source did not finish
        archive = source.sha256 if isinstance(source, ArchiveSource) else None
        manifest = {"source": str(source), "archive": archive, "files": [asdict(file) for file in files]}
        write_json(staging / "manifest.json", manifest)
        staging.rename(self.path(model))

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Only one process at a time may change the models."""
        with _storage(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            file = (self.root / ".lock").open("w")
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StoreBusyError(
                    f"another process is changing the models in {self.root}: wait for it to end"
                ) from None
            yield


@contextmanager
def _storage(root: Path) -> Iterator[None]:
    """Turn what the file system says into one line for a person."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"cannot use {root}: {error.strerror or error}") from error


def counted(progress: Progress, before: int, total: int | None) -> Callable[[int], None]:
    """Progress of one file of several: what it is called with is counted from `before` on."""
    return lambda count: progress(before + count, total)


def size_of(path: Path) -> int:
    """Size in bytes of a file, or of all files in a folder; 0 where there is none."""
    if path.is_dir():
        return sum(size_of(inner) for inner in path.iterdir())
    return path.stat().st_size if path.exists() else 0


def part_of(path: Path) -> Path:
    """Where `path` grows until it is whole."""
    return path.with_name(path.name + ".part")


def sha256_of(path: Path) -> str:
    """SHA256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_intact(path: Path, file: ModelFile) -> bool:
    """Whether `path` holds exactly `file`. Hashes it, unless the size tells already."""
    return path.is_file() and file.bytes in (None, size_of(path)) and sha256_of(path) == file.sha256


def read_json(path: Path) -> dict[str, Any] | None:
    """The object in a file of ours; None where it is missing or damaged, which comes to the same."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a file of ours whole or not at all."""
    part = part_of(path)
    part.write_text(json.dumps(content, indent=1), encoding="utf-8")
    part.replace(path)
