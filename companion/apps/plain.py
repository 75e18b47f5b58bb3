"""A conversation that does nothing ahead of time, which is what working ahead is measured against.

A turn is over after a fixed silence; only then are its words read, its tone measured and its answer begun. Everything
else is as it is: models, prompts, leads, captions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from companion.dialogue.mind import Clause, Dialogue
from companion.dialogue.needs import Cancelled
from companion.events import Affect, Exchange, samples
from companion.parts import Parts
from companion.turns.taking import TurnTaking
from companion.turns.turn_end import EndpointPolicy

SILENCE = samples(0.64)
"""After which a turn is over: twenty windows of Silero's, a common setting of assistants without a judge of turns."""


def taking() -> TurnTaking:
    """One that reads and asks nothing before a turn is over."""
    policy = EndpointPolicy(
        read=SILENCE, probe=SILENCE, shortest=SILENCE, comma=SILENCE, longest=SILENCE, timeout=SILENCE
    )
    return TurnTaking(policy, duplex=True)


def parts(given: Parts) -> Parts:
    """`given`, with a mind that begins nothing before it is asked for the answer, and nobody who reads along."""
    return replace(given, replier=PlainDialogue(given.replier), completion=None)


class PlainDialogue:
    """A `Dialogue` that neither follows the owner's words nor prepares an answer to them."""

    def __init__(self, dialogue: Dialogue) -> None:
        self._dialogue = dialogue

    def warm(self, history: Sequence[Exchange], cancelled: Cancelled) -> None:
        """As it is: what stands before the owner's next words is read in any case, sooner or later."""
        self._dialogue.warm(history, cancelled)

    def follow(self, history: Sequence[Exchange], words: str, cancelled: Cancelled) -> None:
        """Nothing."""

    def give_way(self) -> None:
        """Nothing is followed."""

    def familiar(self) -> Sequence[Clause]:
        """As it is."""
        return self._dialogue.familiar()

    def lead(self, history: Sequence[Exchange], words: str, affect: Affect | None = None) -> Clause | None:
        """As it is."""
        return self._dialogue.lead(history, words, affect)

    def hesitate(self, history: Sequence[Exchange], words: str) -> Clause | None:
        """As it is."""
        return self._dialogue.hesitate(history, words)

    def nod(self, history: Sequence[Exchange], words: str) -> Clause | None:
        """As it is."""
        return self._dialogue.nod(history, words)

    def aside(self, words: str) -> bool:
        """As it is."""
        return self._dialogue.aside(words)

    def prepare(
        self, history: Sequence[Exchange], words: str, cancelled: Cancelled, affect: Affect | None = None
    ) -> Clause | None:
        """Nothing."""
        return None

    def reply(
        self,
        history: Sequence[Exchange],
        words: str,
        cancelled: Cancelled,
        affect: Affect | None = None,
        lead: str = "",
    ) -> Iterator[Clause]:
        """As it is."""
        return self._dialogue.reply(history, words, cancelled, affect, lead)

    def kept(self, history: Sequence[Exchange]) -> tuple[Exchange, ...]:
        """As it is."""
        return self._dialogue.kept(history)
