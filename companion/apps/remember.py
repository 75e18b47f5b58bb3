"""Joins the memory to a talk: to the mind, which recalls and answers requests, and to the loop, which saves turns."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any

from companion.affect import mood
from companion.affect.mood import Mood
from companion.affect.words import valence
from companion.apps import dates
from companion.dialogue.needs import Remembered
from companion.dialogue.safety.classifier import Classifier
from companion.dialogue.safety.crisis import CrisisDetector
from companion.errors import CompanionError
from companion.events import Affect, Exchange, MemorySaved, Recall, RecallItem
from companion.memory import profile
from companion.memory.attendant import Attendant
from companion.memory.embedding import Embedder
from companion.memory.feelings import Feeling, Modality
from companion.memory.forget import MOOD
from companion.memory.keeper import Keeper
from companion.memory.vault import Vault
from companion.parts import VOICE_OFF
from companion.settings import Language


class TalkMemory:
    """The memory of one talk: `dialogue.reply.Memory` and `conversation.Storage` over one keeper."""

    def __init__(self, vault: Vault, language: str, size: str, embedder: Embedder | None = None) -> None:
        """Begin a session in the store."""
        spoken: Language = "ko" if language == "ko" else "en"
        danger = CrisisDetector(spoken, Classifier.load(spoken), partial(valence, language=spoken))
        self._keeper = Keeper(vault, language, size, dates.now, embedder, lambda said: danger.kind(said) is not None)
        self._attendant = Attendant(self._keeper)
        self._failure: CompanionError | None = None

    # --- for the mind ------------------------------------------------------------------------------------------------

    def recall(self, words: str, held: Collection[str]) -> Remembered:
        """What `words` call for, beside what the prompt holds of this talk: the owner's words in `held`."""
        began = time.perf_counter()
        note = self._keeper.recall(words, held)
        items = tuple(RecallItem(item.id, item.kind, item.score) for item in note.items)
        return Remembered(note.text, Recall(items, (time.perf_counter() - began) * 1000), note.answer, note.hint)

    def concerns(self, words: str) -> bool:
        """Whether `words` ask something of the memory."""
        return self._attendant.concerns(words)

    def answer(self, words: str) -> str | None:
        """What is said to `words` that ask something of the memory."""
        return self._attendant.answer(words)

    @property
    def agreed(self) -> Callable[[], str] | None:
        """Does what the last words asked for, once they cannot be taken back, and gives what is said behind that."""
        return self._attendant.agreed

    def question(self) -> str | None:
        """What the owner should be asked."""
        return self._attendant.question()

    def learned(self, name: str) -> Any:
        """What was learned of the owner under this name."""
        return profile.get(self._keeper.store, name)

    def all_learned(self) -> dict[str, Any]:
        """Everything that was learned of the owner, by name."""
        return profile.everything(self._keeper.store)

    def learn(self, name: str, value: Any) -> None:
        """Keep what was learned, or unlearn it where `value` is None; neither while the talk is off the record.

        That the owner takes back a consent is kept all the same.
        """
        if self._keeper.off_record and name != VOICE_OFF:
            return
        if value is None:
            profile.drop(self._keeper.store, name)
        else:
            profile.put(self._keeper.store, name, value, dates.now())

    def mood(self) -> Mood:
        """How the owner sounded over the last hours and days."""
        return Mood.from_record(self.learned(MOOD) or {})

    def kept(self, history: Sequence[Exchange]) -> tuple[Exchange, ...]:
        """`history` without what has been forgotten."""
        return self._keeper.kept(history)

    # --- for the loop ------------------------------------------------------------------------------------------------

    def save(
        self, said: str, answered: str, ago: float, interrupted: bool = False, affect: Affect | None = None
    ) -> MemorySaved | None:
        """Keep a turn that began `ago` seconds ago, and what was heard in it; None while the talk is off the record.

        Raises:
            CompanionError: it cannot be kept; `close` says so again.
        """
        try:
            started = dates.now() - round(ago * 1000)
            saved = self._keeper.save(started, said, answered, interrupted, felt(affect, started))
            if affect is not None and affect.confidence > 0:
                now = mood.moved(self.mood(), affect.valence, affect.arousal, affect.confidence, started / 1000)
                self.learn(MOOD, now.to_record())
        except CompanionError as error:
            self._failure = error
            raise
        return None if saved is None else MemorySaved(saved.episode, saved.facts)

    def settle(self) -> None:
        """Give what was saved its vectors, and sum up a day that is over."""
        self._keeper.after_turn()

    def close(self) -> None:
        """Close the memory.

        Raises:
            CompanionError: a turn could not be kept; the message says why.
        """
        self._attendant.settle()
        self._keeper.close()
        if self._failure is not None:
            raise self._failure


def felt(affect: Affect | None, at: int) -> Feeling | None:
    """What was heard in a turn as the memory keeps it; None where nothing was."""
    if affect is None or affect.confidence <= 0:
        return None
    modality: Modality = "both" if affect.voice and affect.words else "voice" if affect.voice else "words"
    return Feeling(at, affect.valence, affect.arousal, modality, affect.confidence, affect.emotion)
