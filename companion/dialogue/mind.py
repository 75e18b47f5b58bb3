"""What a conversation needs of the mind: clauses for the voice, in answer to the owner's words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from companion.dialogue.needs import Cancelled
from companion.dialogue.safety.guard import SafetyKind
from companion.dialogue.strategy.planner import Plan
from companion.events import Affect, Exchange, Recall


@dataclass(frozen=True, slots=True)
class Clause:
    """A piece of the reply for the voice. `last` closes the reply and may come with an empty `text`.

    `first_token`: seconds from asking the model to its first token; given with the first clause, where there is one.
    `unread`: tokens of the prompt that it had not read yet when it began. `ahead`: it was begun before the reply was
    asked for. `aside`: it is about the memory or the way of talking, and no
    part of the talk. `recall`: what came to mind, given with the first clause. `safety`: here begins what is said in
    code, whatever a model would have said. `style`: how it sounds, of `tts.styles`; `pace`: this owner's rate of the
    voice beside that of the style. `plan`: how the turn is answered, given with the first clause, where there was a
    choice. `waits`: what comes behind it cannot be undone, and is asked for only once this sounds.
    """

    text: str
    last: bool
    first_token: float | None = None
    unread: int | None = None
    ahead: bool = False
    aside: bool = False
    recall: Recall | None = None
    safety: SafetyKind | None = None
    style: str = "neutral"
    pace: float = 1.0
    plan: Plan | None = None
    waits: bool = False


class Dialogue(Protocol):
    """The mind; `reply.Replier` is one."""

    def warm(self, history: Sequence[Exchange], cancelled: Cancelled) -> None:
        """Read ahead what comes before the owner's next words."""

    def follow(self, history: Sequence[Exchange], words: str, cancelled: Cancelled) -> None:
        """Read what the owner has said so far, while more is to come."""

    def give_way(self) -> None:
        """Stop following, at once: the processor is needed. From any thread."""

    def familiar(self) -> Sequence[Clause]:
        """What is likely to be said word for word, so that its sound can be made beforehand."""

    def lead(self, history: Sequence[Exchange], words: str, affect: Affect | None = None) -> Clause | None:
        """A few words that can be said while the answer is still thought about; None where it is ready, or had better
        come without. Takes no time."""

    def hesitate(self, history: Sequence[Exchange], words: str) -> Clause | None:
        """A few words that say that the answer takes longer than it should; None where it will not. Takes no time."""

    def nod(self, history: Sequence[Exchange], words: str) -> Clause | None:
        """A sound that says "go on" to an owner who has not finished; None where it had better be silent."""

    def prepare(
        self, history: Sequence[Exchange], words: str, cancelled: Cancelled, affect: Affect | None = None
    ) -> Clause | None:
        """Read the owner's words and begin to answer, while it is not sure yet that they are all; how it begins."""

    def reply(
        self,
        history: Sequence[Exchange],
        words: str,
        cancelled: Cancelled,
        affect: Affect | None = None,
        lead: str = "",
    ) -> Iterator[Clause]:
        """The answer behind its `lead`, clause by clause. `affect`: what was heard in the turn."""

    def aside(self, words: str) -> bool:
        """Whether `words` are about the memory or the way of talking, and no part of the talk. Takes no time."""

    def kept(self, history: Sequence[Exchange]) -> tuple[Exchange, ...]:
        """`history` without what has been forgotten at the owner's word."""
