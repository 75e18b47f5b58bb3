"""The owner's settings: one TOML file, validated, and the folders Companion uses."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Literal

import platformdirs
import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from companion.errors import CompanionError

Language = Literal["en", "ko"]
Profile = Literal["tiny", "starter", "desktop"]
Patience = Literal["short", "normal", "long"]
Listens = Literal["always", "between", "called"]


class SettingsError(CompanionError):
    """The settings file cannot be read or written; the message is one line for a person."""


class SoundSettings(BaseModel):
    """Which devices to use. Names, not numbers: numbers change when something is plugged in."""

    model_config = ConfigDict(extra="forbid")

    microphone: str | None = Field(
        default=None, description="Part of the microphone's name; empty: the system's default."
    )
    speaker: str | None = Field(default=None, description="Part of the speaker's name; empty: the system's default.")
    listens: Listens = Field(
        default="always",
        description="always: also while it speaks, as far as its own echo lets it; between: not while it speaks; "
        "called: for one turn after a key or the wake word (push-to-talk).",
    )


class HandsFreeSettings(BaseModel):
    """What `companion headless` needs to know beyond a talk at a screen."""

    model_config = ConfigDict(extra="forbid")

    wake_word: str = Field(
        default="hey jarvis",
        max_length=40,
        description="What wakes it: alexa, hey jarvis, hey mycroft, okay nabu, or any name, where the language has "
        "a Vosk model; empty: it listens all the time.",
    )
    follow_up_s: float = Field(
        default=8.0, ge=1, le=120, description="Seconds after a reply in which no wake word is needed."
    )
    at_screen: bool = Field(default=False, description="Whether `companion talk` sleeps until the wake word, too.")
    sounds: bool = Field(default=True, description="Whether short sounds say that it listens, thinks, is muted.")
    key_file: Path | None = Field(default=None, description="A key file that opens the memory.")


class Settings(BaseModel):
    """Everything an owner can choose. Unknown keys are refused, so that a typing error is never silently ignored."""

    model_config = ConfigDict(extra="forbid")

    language: Language = Field(default="en", description="The language of the conversation.")
    profile: Profile = Field(default="starter", description="How big the models may be.")
    owner_name: str = Field(default="", max_length=60, description="What to call the owner; empty: nothing.")
    companion_name: str = Field(
        default="Companion", min_length=1, max_length=40, description="What the companion is called."
    )
    voice: str | None = Field(default=None, description="Id of a voice from the catalogue; empty: the profile's own.")
    country: str | None = Field(
        default=None,
        pattern="^[A-Z]{2}$",
        description="Two letters (ISO 3166): whose helplines are named; empty: by language and time zone.",
    )
    voice_affect: bool = Field(
        default=False, description="Whether it listens to how you sound (pitch, pace, energy), besides the words."
    )
    patience: Patience | None = Field(
        default=None,
        description="How long it waits when you pause: short, normal or long; empty: normal, with the smallest models "
        "short.",
    )
    backchannels: bool = Field(
        default=True, description='Whether it says "mm-hm" now and then while you tell something long.'
    )
    sound: SoundSettings = Field(default_factory=SoundSettings)
    hands_free: HandsFreeSettings = Field(default_factory=HandsFreeSettings)


def default_home() -> Path:
    """`$COMPANION_HOME`, else the platform's folder for user data."""
    given = os.environ.get("COMPANION_HOME")
    return Path(given) if given else Path(platformdirs.user_data_dir("companion", appauthor=False))


def default_models() -> Path:
    """`$COMPANION_MODELS`, else `models` in the platform's folder for user data: several homes may share it."""
    given = os.environ.get("COMPANION_MODELS")
    return Path(given) if given else Path(platformdirs.user_data_dir("companion", appauthor=False)) / "models"


def shipped(name: str) -> Path:
    """A file or folder of `models/` that comes with the program: in a wheel inside the package, else beside it."""
    package = Path(__file__).parent
    packed = package / "_models" / name
    return packed if packed.exists() else package.parent / "models" / name


def settings_file(home: Path) -> Path:
    """Where the settings of `home` are."""
    return home / "settings.toml"


def load(home: Path) -> Settings:
    """The settings of `home`; the defaults where there is no file.

    Raises:
        SettingsError: the file is not TOML, or a value is not allowed; the message names the key.
    """
    path = settings_file(home)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings()
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"cannot read {path}: {error}") from error
    try:
        return Settings.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"{path}: {key}: {first['msg']}") from error


def save(home: Path, settings: Settings) -> Path:
    """Write the settings of `home` whole or not at all; returns the file.

    Raises:
        SettingsError: the folder or the file cannot be written.
    """
    path = settings_file(home)
    part = path.with_suffix(".toml.part")
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with part.open("wb") as file:
            tomli_w.dump(settings.model_dump(mode="json", exclude_none=True), file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise SettingsError(f"cannot write {path}: {error.strerror or error}") from error
    return path
