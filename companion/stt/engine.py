"""What a recogniser is: two protocols, and how each kind is opened."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from companion.errors import CompanionError
from companion.events import Samples, Transcript


class SpeechModelError(CompanionError):
    """A speech model cannot be used; the message names it and says what to do."""

    def __init__(self, model_id: str, why: str) -> None:
        super().__init__(
            f"the speech model {model_id} cannot be used ({why}): run `companion models verify`, then `pull`"
        )


class GivenUp(Exception):  # noqa: N818 - nothing went wrong
    """A transcription was ended by its `Stop`."""


class Stop:
    """Lets another thread end a transcription that is no longer wanted."""

    def __init__(self) -> None:
        self._now: Callable[[], None] | None = None
        self.asked = False

    def by(self, now: Callable[[], None]) -> None:
        """`now` ends what has just begun; it may be called twice."""
        self._now = now
        if self.asked:
            now()

    def ask(self) -> None:
        """End it. From any thread."""
        self.asked = True
        if self._now is not None:
            self._now()


class Engine(Protocol):
    """Reads a stretch of speech at once, knowing how it ends: the stronger of the two passes."""

    id: str
    language: str

    def transcribe(self, samples: Samples, draft: str | None = None, stop: Stop | None = None) -> Transcript:
        """The words of `samples` (16 kHz, at most 30 s); empty text where there are none.

        `draft` is what the engine itself made of a shorter or longer stretch of the same speech. It may make the
        reading quicker, and is no part of it. Not to be called by two threads at once.

        Raises:
            GivenUp: `stop` was asked for, and the engine can stop.
        """
        ...


class StreamingEngine(Protocol):
    """Hears speech as it comes and has a guess at any time."""

    id: str
    language: str

    def start(self) -> None:
        """A new turn: forget what was heard."""
        ...

    def accept(self, samples: Samples) -> None:
        """Hear the next samples of the turn (16 kHz, any number)."""
        ...

    def partial(self) -> str:
        """The words of the turn so far; the last of them may still change."""
        ...

    def finish(self) -> Transcript:
        """Settle the words of the turn so far. More samples may follow: their words are added."""
        ...


def require(model_id: str, folder: Path, *names: str) -> None:
    """See that the files of a model are there, before a library looks for them in its own way.

    Raises:
        SpeechModelError: one of them is not.
    """
    for name in names:
        if not (folder / name).is_file():
            raise SpeechModelError(model_id, f"{name} is missing")


STRONG_ENGINES = ("moonshine", "whisper")
STREAMING_ENGINES = ("vosk",)


def open_engine(engine: str, model_id: str, folder: Path, language: str) -> Engine:
    """Load a model of one of `STRONG_ENGINES`.

    Raises:
        SpeechModelError: the engine is not known, or the model in `folder` is not whole.
    """
    if engine == "moonshine":
        from companion.stt.moonshine import Moonshine

        return Moonshine(model_id, folder, language)
    if engine == "whisper":
        from companion.stt.whisper import Whisper

        return Whisper(model_id, folder, language)
    raise SpeechModelError(model_id, f"there is no engine {engine}")


def open_streaming_engine(engine: str, model_id: str, folder: Path, language: str) -> StreamingEngine:
    """Load a model of one of `STREAMING_ENGINES`.

    Raises:
        SpeechModelError: the engine is not known, or the model in `folder` is not whole.
    """
    if engine == "vosk":
        from companion.stt.vosk import Vosk

        return Vosk(model_id, folder, language)
    raise SpeechModelError(model_id, f"there is no streaming engine {engine}")


def threads() -> int:
    """Threads for one recogniser: what the machine has, but at most 4, beyond which models this small gain nothing."""
    return min(4, os.cpu_count() or 1)
