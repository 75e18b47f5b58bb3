"""What `companion models pull` and `companion setup` do: decide which models to fetch, and keep a person informed."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.progress import Progress as Bar

from companion import catalog
from companion.catalog import OPTIONAL_ROLES, Catalog, CatalogError, Model, ModelStore, Progress, PullError, Role


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for, and what may be done without asking back.

    `voice`: id of the voice in the owner's settings. `upgrade`: try again for better models than were settled on.
    """

    profile: str
    language: str
    voice: str | None = None
    upgrade: bool = False
    assume_yes: bool = False
    accept_licences: bool = False


def size_text(size: int | None) -> str:
    """A size for people: `98 MB`, `1.1 GB`."""
    if size is None:
        return "an unknown size"
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:,.0f} MB"


def pull(root: Path, wish: Wish, *, roles: Sequence[Role] = catalog.ROLES, ids: Sequence[str] = ()) -> None:
    """Fetch into `root` the models called `ids`, else the best for each of `roles`; what is installed stays.

    Raises:
        CatalogError: a role that a conversation needs is without a model, a named model cannot be had, there is no
            space, or the owner said no.
    """
    puller = Puller(catalog.load(), ModelStore(root), wish)
    try:
        if ids:
            puller.by_name(ids)
        else:
            puller.by_role(roles)
    except KeyboardInterrupt:
        raise CatalogError("stopped; the same command goes on from here") from None


class Puller:
    """Fetches models for one wish."""

    def __init__(self, models: Catalog, store: ModelStore, wish: Wish) -> None:
        self._models = models
        self._store = store
        self._wish = wish
        self._free_mb = psutil.virtual_memory().available / 1e6
        self._console = Console(highlight=False, markup=False, soft_wrap=True)

    def by_name(self, ids: Sequence[str]) -> None:
        """Fetch these; this profile and language use each from now on before any other of its role."""
        models = [self._named(model_id) for model_id in ids]
        for model in models:
            if not self._store.installed(model) and not self._licence_accepted(model):
                raise CatalogError(f"{model.id}: its licence was not accepted (--accept-licences accepts it)")
        self._agree(models)
        for model in models:
            self._fetch(model)
            if model.speaks(self._wish.language):
                self._store.choose(self._wish.profile, self._wish.language, model, named=True)

    def by_role(self, roles: Sequence[Role]) -> None:
        """Mend what is damaged; then have the best model that can be had for each role."""
        orders = {role: self._order(role) for role in roles}
        damaged = [m for m in self._models.models if self._store.present(m) and not self._store.installed(m)]
        self._agree([*damaged, *(self._expected(order) for order in orders.values() if order)])
        for model in damaged:
            self._say(f"{model.id} is damaged")
            self._try(model)
        for role, order in orders.items():
            self._settle(role, order)

    def _named(self, model_id: str) -> Model:
        model = self._models.get(model_id)
        if model is None:
            raise CatalogError(f"there is no model {model_id}: `companion models list` shows them all")
        return model

    def _order(self, role: Role) -> list[Model]:
        """Which models of a role to try, in order: the one that was settled on, then the candidates."""
        wish = self._wish
        candidates = self._models.candidates(role, wish.profile, wish.language, self._free_mb)
        choice = self._store.choice(wish.profile, wish.language, role)
        if role == "tts" and wish.voice:
            settled = self._named(wish.voice)
        elif choice and (choice.named or not wish.upgrade) and (model := self._models.get(choice.id)):
            settled = model
        elif not candidates and self._models.candidates(role, wish.profile, wish.language):
            raise CatalogError(
                f"no {catalog.describe(role, wish.language)} of the profile {wish.profile} fits into the "
                f"{self._free_mb:,.0f} MB of memory that are free: close programs, or take a smaller --profile"
            )
        else:
            return candidates
        return [settled, *(model for model in candidates if model != settled)]

    def _expected(self, order: Sequence[Model]) -> Model:
        """The one of `order` that will be taken if all goes well."""
        return next((model for model in order if model.free or self._store.installed(model)), order[0])

    def _settle(self, role: Role, order: Sequence[Model]) -> None:
        """Take the first of `order` that can be had, and remember it."""
        wish, what = self._wish, catalog.describe(role, self._wish.language)
        taken = next(
            (m for m in order if self._store.installed(m) or (self._licence_accepted(m) and self._try(m))), None
        )
        if taken is None:
            if order and role not in OPTIONAL_ROLES:
                raise CatalogError(f"no {what} can be had: see above, then pull again")
            nowhere = f"in the catalogue for the profile {wish.profile}"
            self._say(f"{what}: none {'can be had; a conversation goes without' if order else nowhere}")
            return
        named = self._store.named(wish.profile, wish.language, role)
        self._store.choose(wish.profile, wish.language, taken, named=taken.id == named)
        self._say(f"{what}: {taken.id}")
        best = next(iter(self._models.candidates(role, wish.profile, wish.language, self._free_mb)), taken)
        if best != taken and best.free and taken.id not in (named, wish.voice):
            self._say(f"  {best.id} would be better: `companion models pull --upgrade` tries to get it")

    def _try(self, model: Model) -> bool:
        """Fetch a model; whether it worked. What went wrong was said."""
        try:
            self._fetch(model)
        except PullError as error:
            self._say(str(error))
            return False
        return True

    def _fetch(self, model: Model) -> None:
        """Fetch a model, showing how far it is and where it came from."""
        with self._bar(model) as progress:
            pulled = self._store.pull(model, progress)
        if pulled:
            failures = "".join(f"  {failure}\n" for failure in pulled.failures)
            self._say(f"{failures}  taken from {pulled.source}")

    @contextmanager
    def _bar(self, model: Model) -> Iterator[Progress]:
        """A bar in a terminal; before it, once something arrives, a line that says what."""
        columns = (TextColumn(" "), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
        shown = self._console.is_terminal
        with Bar(*columns, console=self._console, transient=True, disable=not shown) as bar:
            task = bar.add_task(model.id, total=model.bytes, visible=False)

            def arrived(done: int, total: int | None) -> None:
                if not bar.tasks[task].visible:
                    self._say(f"fetching {model.id}: {size_text(total)}, {model.licence}")
                bar.update(task, completed=done, total=total, visible=True)

            yield arrived

    def _licence_accepted(self, model: Model) -> bool:
        """Whether the licence is open, or was shown and accepted."""
        if model.free:
            return True
        self._say(f"{model.id} is under the {model.licence}, which is not an open licence: {model.licence_url}")
        if model.note:
            self._say(f"  {model.note}")
        if self._wish.accept_licences or self._wish.assume_yes or not sys.stdin.isatty():
            return self._wish.accept_licences
        return typer.confirm("Do you accept this licence?")

    def _agree(self, models: Sequence[Model]) -> None:
        """Ask before anything is fetched.

        Raises:
            CatalogError: the answer was no, or there is nobody to ask.
        """
        missing = [model for model in dict.fromkeys(models) if not self._store.installed(model)]
        if not missing or self._wish.assume_yes:
            return
        question = f"Fetch about {size_text(self._store.missing_bytes(missing))} into {self._store.root}?"
        if not sys.stdin.isatty():
            raise CatalogError(f"{question} Nobody is here to answer: say so with --yes")
        if not typer.confirm(question, default=True):
            raise CatalogError("nothing was fetched")

    def _say(self, line: str) -> None:
        self._console.print(line)
