"""Keeps what was said and heard in the owner's memory, beside the conversation and never in its way."""

from __future__ import annotations

from companion.apps import dates
from companion.errors import CompanionError
from companion.events import Event, ReplyEnded, TranscriptFinal
from companion.memory import episodes
from companion.memory.episodes import Episode
from companion.memory.vault import Vault
from companion.turns.taking import Phase
from companion.worker import Worker


class Rememberer:
    """An observer of the loop that saves every answered turn, in a thread of its own. Close it to settle what waits."""

    def __init__(self, vault: Vault, language: str, profile: str) -> None:
        self._vault = vault
        self._language = language
        self._session = episodes.begin_session(vault.store, dates.now(), language, profile)
        self._worker = Worker("memory")
        self._failure: Exception | None = None
        self._said: tuple[int, str] | None = None

    def event(self, event: Event, t: float, turn: int) -> None:
        """Keep the words until the reply was heard, then save both."""
        match event:
            case TranscriptFinal():
                self._said = (dates.now(), event.text)
            case ReplyEnded() if self._said is not None:
                started, said = self._said
                self._said = None
                self.save(turn, started, said, event.text, event.interrupted)

    def save(self, turn: int, started: int, said: str, answered: str, interrupted: bool = False) -> None:
        """Save one turn; returns at once."""
        episode = Episode(self._session, turn, started, said, self._language, answered, interrupted)
        self._worker.submit(lambda: self._write(episode), self._failed)

    def level(self, rms: float, phase: Phase) -> None:
        """Levels are not remembered."""

    def close(self) -> None:
        """Settle what waits and close the memory.

        Raises:
            CompanionError: something could not be saved; the message says why.
        """
        self._worker.close()
        self._vault.close()
        if isinstance(self._failure, CompanionError):
            raise self._failure

    def _write(self, episode: Episode) -> None:
        episodes.save(self._vault.store, episode)

    def _failed(self, error: Exception) -> None:
        self._failure = error
