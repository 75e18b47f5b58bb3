"""Which model to take: candidates by profile, language and memory, and the best of those that are installed."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from companion.catalog import entries
from companion.catalog.entries import Model, Role
from companion.catalog.errors import ModelMissing
from companion.settings import shipped

if TYPE_CHECKING:
    from companion.catalog.store import ModelStore

ROLES: tuple[Role, ...] = get_args(Role)

OPTIONAL_ROLES: frozenset[Role] = frozenset({"stt-stream", "grammar", "tone", "embed"})
"""A conversation goes on without them: no live captions, the same answer; a turn's end is told by its sound alone;
feelings are heard in words and not in the voice; memories are found by their words alone."""

_ROLE_NAMES: dict[Role, str] = {
    "llm": "language model",
    "stt": "speech model",
    "stt-stream": "live captions model",
    "tts": "voice",
    "vad": "voice activity model",
    "turn": "end-of-turn model",
    "grammar": "end-of-sentence model",
    "tone": "tone-of-voice model",
    "embed": "memory search model",
}
_LANGUAGE_NAMES = {"en": "English", "ko": "Korean"}


def describe(role: Role, language: str) -> str:
    """The role in words, with the language where it matters: `speech model for English`."""
    name = _ROLE_NAMES[role]
    return name if role in ("vad", "turn", "tone") else f"{name} for {_LANGUAGE_NAMES.get(language, language)}"


class Catalog:
    """All models, in order of preference within a role."""

    def __init__(self, models: Iterable[Model]) -> None:
        self.models = tuple(models)
        self._by_id = {model.id: model for model in self.models}

    def get(self, model_id: str) -> Model | None:
        """The model of that id, if there is one."""
        return self._by_id.get(model_id)

    def candidates(self, role: Role, profile: str, language: str, ram_mb: float | None = None) -> list[Model]:
        """The models that fit, best first: open licences before others, then those that name `language` first.

        `ram_mb` leaves out what needs more free memory than this; None: no limit.
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

    def chosen(
        self, store: ModelStore, role: Role, profile: str, language: str, voice: str | None = None
    ) -> Model | None:
        """The installed model to use for `role`: the one the owner named, else the best; None: none is installed.

        `voice` is the id of the voice in the owner's settings, if there is one.
        """
        names = [voice if role == "tts" else None, store.named(profile, language, role)]
        named = [model for name in names if name and (model := self.get(name))]
        candidates = named + self.candidates(role, profile, language)
        return next((model for model in candidates if store.installed(model)), None)

    def needed(self, store: ModelStore, role: Role, profile: str, language: str, voice: str | None = None) -> Model:
        """The installed model to use for `role`, as `chosen` finds it.

        Raises:
            ModelMissing: none is installed.
        """
        model = self.chosen(store, role, profile, language, voice)
        if model is None:
            raise ModelMissing(
                f"no {describe(role, language)} is installed: run "
                f"`companion models pull --profile {profile} --language {language}`"
            )
        return model

    def select(self, store: ModelStore, profile: str, language: str, voice: str | None = None) -> dict[Role, Model]:
        """The model of every role, as `chosen` finds it.

        A role for which the catalogue has nothing (a Korean voice) is absent, and so is an optional role with nothing
        installed.

        Raises:
            ModelMissing: a role that a conversation needs has candidates, but none is installed.
        """
        selected: dict[Role, Model] = {}
        for role in ROLES:
            if role not in OPTIONAL_ROLES and self.candidates(role, profile, language):
                selected[role] = self.needed(store, role, profile, language, voice)
            elif model := self.chosen(store, role, profile, language, voice):
                selected[role] = model
        return selected


def load(path: Path | None = None) -> Catalog:
    """Read the catalogue: `path`, else the one that comes with the program."""
    path = path or shipped("catalog.toml")
    return Catalog(map(entries.model, tomllib.loads(path.read_text(encoding="utf-8"))["model"]))
