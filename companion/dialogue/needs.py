"""What a reply needs of the owner's memory and of a language model, and nothing of how they do it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from companion.dialogue.llm import Choice, Evaluation, Sampling
from companion.dialogue.prompt import Message
from companion.events import Exchange, Recall

Cancelled = Callable[[], bool]
"""Asked again and again while the model works; true ends the work."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What came to mind at the owner's words: a `note` for the prompt, empty where nothing did, and the event to tell.

    `answer`: what to say where the words ask for just what is known. `hint`: what is said where the model knows none.
    """

    note: str = ""
    recall: Recall | None = None
    answer: str = ""
    hint: str = ""

    @property
    def ids(self) -> set[tuple[str, int]]:
        """What the note was made of."""
        return {(item.kind, item.id) for item in self.recall.items} if self.recall else set()


class Memory(Protocol):
    """What a reply needs of the owner's memory; the joining is done in `companion.apps.remember`."""

    def recall(self, words: str, held: Collection[str]) -> Remembered:
        """What `words` call for, beside what the prompt holds of this talk: the owner's words in `held`.

        Changes nothing.
        """

    def concerns(self, words: str) -> bool:
        """Whether `words` ask something of the memory itself. Changes nothing."""

    def answer(self, words: str) -> str | None:
        """What is said to `words` that ask something of the memory; None where they ask nothing of it."""

    @property
    def agreed(self) -> Callable[[], str] | None:
        """Does what the last words asked for, once they cannot be taken back, and gives what is said behind the answer
        to them, which may be nothing; None: they change nothing."""

    def question(self) -> str | None:
        """What the owner should be asked about something remembered."""

    def all_learned(self) -> Mapping[str, Any]:
        """Everything that was learned of the owner, by name."""

    def learn(self, name: str, value: Any) -> None:
        """Keep what was learned, in the place of what was there; None: unlearn it."""

    def kept(self, history: Sequence[Exchange]) -> tuple[Exchange, ...]:
        """`history` without what has been forgotten."""


class Model(Protocol):
    """What a reply needs of a language model; `llm.LanguageModel` is one."""

    context: int
    parameters: int

    def count(self, text: str) -> int:
        """Tokens of `text`."""

    def forbid(self, forbidden: Callable[[str], bool]) -> None:
        """Never write a token whose text is `forbidden`."""

    def prefill(
        self, messages: Sequence[Message], cancelled: Cancelled, opening: str = "", *, begun: bool = False
    ) -> Evaluation:
        """Read ahead of time."""

    def give_way(self) -> None:
        """Stop reading ahead, at once."""

    def choose(self, messages: Sequence[Message], options: Sequence[str], cancelled: Cancelled) -> Choice | None:
        """What the reply would most likely begin with."""

    def stream(
        self, messages: Sequence[Message], sampling: Sampling, cancelled: Cancelled, opening: str = ""
    ) -> Generator[str, None, None]:
        """The reply, piece by piece."""
