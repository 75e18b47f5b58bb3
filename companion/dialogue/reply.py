"""The companion's answer: from the owner's words to clauses that are ready for the voice."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol

from companion.dialogue import persona, prompt
from companion.dialogue.clauses import ClauseSplitter
from companion.dialogue.llm import Evaluation, Sampling
from companion.dialogue.prompt import Message
from companion.dialogue.restraint import Restraint
from companion.dialogue.spoken import SpokenForm, speakable
from companion.events import Exchange
from companion.settings import Language

TALK: Final = Sampling()
"""How the reply to a person is sampled."""

Cancelled = Callable[[], bool]
"""Asked again and again while the model works; true ends the work."""


@dataclass(frozen=True, slots=True)
class Clause:
    """A piece of the reply for the voice. `last` closes the reply and may come with an empty `text`.

    `first_token`: seconds from asking the model to its first token; given with the first clause, where there is one.
    """

    text: str
    last: bool
    first_token: float | None = None


class Model(Protocol):
    """What a reply needs of a language model; `llm.LanguageModel` is one."""

    context: int

    def count(self, text: str) -> int:
        """Tokens of `text`."""

    def forbid(self, forbidden: Callable[[str], bool]) -> None:
        """Never write a token whose text is `forbidden`."""

    def prefill(self, messages: Sequence[Message], cancelled: Cancelled) -> Evaluation:
        """Read ahead of time."""

    def stream(
        self, messages: Sequence[Message], sampling: Sampling, cancelled: Cancelled
    ) -> Generator[str, None, None]:
        """The reply, piece by piece."""


class Dialogue(Protocol):
    """What a conversation needs of the mind; `Replier` is one."""

    def warm(self, history: Sequence[Exchange], cancelled: Cancelled) -> None:
        """Read ahead what comes before the owner's next words."""

    def prepare(self, history: Sequence[Exchange], words: str, cancelled: Cancelled) -> None:
        """Read the owner's words ahead, while it is not sure yet that they are all."""

    def reply(self, history: Sequence[Exchange], words: str, cancelled: Cancelled) -> Iterator[Clause]:
        """The answer, clause by clause."""


class Replier:
    """Answers in one language, with a language model or, without one, by saying so."""

    def __init__(
        self,
        model: Model | None,
        language: Language,
        *,
        owner: str = "",
        companion: str = "Companion",
        sampling: Sampling = TALK,
    ) -> None:
        self._model = model
        self._language = language
        self._names = (companion, owner)
        self._persona = persona.load(language, companion, owner)
        self._sampling = sampling
        if model is not None:
            model.forbid(self._unfit)
            self._count = lru_cache(maxsize=512)(model.count)
            head = sum(self._count(message.content) + prompt.PER_MESSAGE for message in self._persona.head)
            self._room = model.context - head - sampling.max_tokens - prompt.PER_MESSAGE

    def warm(self, history: Sequence[Exchange], cancelled: Cancelled) -> None:
        """Let the model read all that comes before the owner's next words."""
        if self._model is not None:
            self._model.prefill(self._messages(history, None), cancelled)

    def prepare(self, history: Sequence[Exchange], words: str, cancelled: Cancelled) -> None:
        """Let the model read the owner's words ahead of time; if they stay so, the reply begins at once."""
        if self._model is not None:
            self._model.prefill(self._messages(history, words), cancelled)

    def reply(self, history: Sequence[Exchange], words: str, cancelled: Cancelled) -> Iterator[Clause]:
        """The answer clause by clause; nothing is computed between a clause and the asking for the next.

        Exactly one clause is `last`, and at least one has text. When `cancelled`, the clauses end without a last one.
        """
        if self._model is None:
            yield Clause(self._persona.no_model, last=True)
            return
        asked = time.perf_counter()
        first_token: float | None = None
        said = False
        spoken = SpokenForm(self._language, *self._names)
        splitter = ClauseSplitter()
        restraint = Restraint(words, self._persona.cliches)
        with closing(self._model.stream(self._messages(history, words), self._sampling, cancelled)) as pieces:
            for piece in pieces:
                first_token = first_token or time.perf_counter() - asked
                for clause in splitter.feed(spoken.feed(piece)):
                    for text in restraint.admit(clause):
                        yield Clause(text, last=False, first_token=None if said else first_token)
                        said = True
                if restraint.done or spoken.ended:
                    break
        if cancelled():
            return
        rest = [text for clause in splitter.feed(spoken.flush()) + splitter.flush() for text in restraint.admit(clause)]
        rest += restraint.flush()
        if not rest:
            rest = [""] if said else [self._persona.lost[len(history) % len(self._persona.lost)]]
        for index, text in enumerate(rest):
            yield Clause(text, last=index == len(rest) - 1, first_token=None if said or index else first_token)

    def _unfit(self, token: str) -> bool:
        """Whether a token cannot be said, or is a word that the persona avoids."""
        return token.strip() in self._persona.avoided or not all(speakable(sign, self._language) for sign in token)

    def _messages(self, history: Sequence[Exchange], words: str | None) -> tuple[Message, ...]:
        return prompt.build(self._persona.head, history, words, self._room, self._count)
