"""What a voice is, and which one speaks a language."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from companion.errors import CompanionError
from companion.events import Samples, Style


class VoiceError(CompanionError):
    """A voice cannot be had."""


NEUTRAL = Style()


class Voice(Protocol):
    """Makes speech of text. Used by one thread at a time."""

    @property
    def id(self) -> str:
        """The model's id in the catalogue, or the engine's name where there is no model."""
        ...

    @property
    def rate(self) -> int:
        """Hz of all that it makes."""
        ...

    @property
    def language(self) -> str:
        """The language it speaks, as in `Settings.language`."""
        ...

    def synthesize(self, text: str, style: Style = NEUTRAL) -> Iterator[Samples]:
        """The spoken `text` in pieces, as they are made; nothing where there is nothing to say (empty, "…", "🙂").

        Each piece is mono at `rate`, shape (n,), within -1…1. The first begins with the voice (at most 20 ms of silence
        before it); `style.pause` of silence follows the last.

        Raises:
            VoiceError: the engine failed; the message does not hold the text.
        """
        ...

    def warm_up(self) -> None:
        """Do once what makes the first clause slow."""
        ...


def open_voice(language: str, model_dir: Path | None, model_id: str | None) -> Voice:
    """The Piper voice in `model_dir`, or espeak-ng where a language has none.

    Raises:
        VoiceError: the model is missing or damaged, or espeak-ng is not installed; the message says what to do.
    """
    if model_dir is None:
        from companion.tts.espeak import EspeakVoice

        return EspeakVoice(language)
    from companion.tts.piper import PiperEngine

    return PiperEngine(model_dir, model_id or model_dir.name, language)
