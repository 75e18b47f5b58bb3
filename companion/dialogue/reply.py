"""The companion's answer: from the owner's words to clauses that are ready for the voice."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Protocol

from companion.dialogue import persona, prompt
from companion.dialogue.clauses import ClauseSplitter
from companion.dialogue.llm import Choice, Evaluation, Sampling
from companion.dialogue.prompt import Message
from companion.dialogue.restraint import Restraint
from companion.dialogue.spoken import SpokenForm, speakable
from companion.events import Exchange
from companion.settings import Language

SURE: Final = 0.6
"""Probability of the moment from which the persona's words open the reply; below, the model finds its own. Of sixty
everyday openings in two languages 31 were that sure, one of them wrongly; of the 29 others eleven were wrong."""

RECENT: Final = 4
"""Turns within which no longer sentence is said twice: small models ask the same question after every answer."""

Cancelled = Callable[[], bool]
"""Asked again and again while the model works; true ends the work."""


@dataclass(frozen=True, slots=True)
class Clause:
    """A piece of the reply for the voice. `last` closes the reply and may come with an empty `text`.

    `first_token`: seconds from asking the model to its first token; given with the first clause, where there is one.
    `ahead`: it was begun before the reply was asked for.
    """

    text: str
    last: bool
    first_token: float | None = None
    ahead: bool = False


class Model(Protocol):
    """What a reply needs of a language model; `llm.LanguageModel` is one."""

    context: int

    def count(self, text: str) -> int:
        """Tokens of `text`."""

    def forbid(self, forbidden: Callable[[str], bool]) -> None:
        """Never write a token whose text is `forbidden`."""

    def prefill(
        self, messages: Sequence[Message], cancelled: Cancelled, opening: str = "", *, begun: bool = False
    ) -> Evaluation:
        """Read ahead of time."""

    def choose(self, messages: Sequence[Message], options: Sequence[str], cancelled: Cancelled) -> Choice | None:
        """What the reply would most likely begin with."""

    def stream(
        self, messages: Sequence[Message], sampling: Sampling, cancelled: Cancelled, opening: str = ""
    ) -> Generator[str, None, None]:
        """The reply, piece by piece."""


class Dialogue(Protocol):
    """What a conversation needs of the mind; `Replier` is one."""

    def warm(self, history: Sequence[Exchange], cancelled: Cancelled) -> None:
        """Read ahead what comes before the owner's next words."""

    def follow(self, history: Sequence[Exchange], words: str, cancelled: Cancelled) -> None:
        """Read what the owner has said so far, while more is to come."""

    def prepare(self, history: Sequence[Exchange], words: str, cancelled: Cancelled) -> None:
        """Read the owner's words and begin to answer, while it is not sure yet that they are all."""

    def reply(self, history: Sequence[Exchange], words: str, cancelled: Cancelled) -> Iterator[Clause]:
        """The answer, clause by clause."""


@dataclass(frozen=True, slots=True)
class _Opening:
    """How a reply begins: the moment, unsaid, and what is `said`; empty where the model finds the first words."""

    moment: str
    said: str

    @property
    def written(self) -> str:
        return persona.in_moment(self.moment, self.said)


@dataclass(frozen=True, slots=True)
class _Begun:
    """A reply begun before it is asked for. `turn`: the number of turns before it, and the owner's words."""

    turn: tuple[int, str]
    first: Clause
    rest: Iterator[Clause]
    cancelled: Cancelled


class Replier:
    """Answers in one language, with a language model or, without one, by saying so."""

    def __init__(
        self,
        model: Model | None,
        language: Language,
        *,
        owner: str = "",
        companion: str = "Companion",
        seed: int | None = None,
    ) -> None:
        """`seed`: None answers differently every time."""
        self._model = model
        self._language = language
        self._names = (companion, owner)
        self._persona = persona.load(language, companion, owner)
        self._sampling = Sampling(temperature=self._persona.temperature, seed=seed)
        self._openings: dict[tuple[int, str], _Opening] = {}
        self._begun: _Begun | None = None
        if model is not None:
            model.forbid(self._unfit)
            self._count = lru_cache(maxsize=512)(model.count)
            head = sum(self._count(message.content) + prompt.PER_MESSAGE for message in self._persona.head)
            self._room = model.context - head - self._sampling.max_tokens - prompt.PER_MESSAGE

    def warm(self, history: Sequence[Exchange], cancelled: Cancelled) -> None:
        """Let the model read all that comes before the owner's next words."""
        if self._model is not None:
            self._model.prefill(self._messages(history, None), cancelled)

    def follow(self, history: Sequence[Exchange], words: str, cancelled: Cancelled) -> None:
        """Let the model read the beginning of what the owner says."""
        if self._model is not None:
            self._model.prefill(self._messages(history, words), cancelled, begun=True)

    def prepare(self, history: Sequence[Exchange], words: str, cancelled: Cancelled) -> None:
        """Begin the reply to what may be all of the owner's words; if they stay so, `reply` goes on from there."""
        if self._model is None:
            return
        rest = self._write(history, words, cancelled)
        first = next(rest, None)
        self._begun = None if first is None else _Begun((len(history), words), first, rest, cancelled)

    def reply(self, history: Sequence[Exchange], words: str, cancelled: Cancelled) -> Iterator[Clause]:
        """The answer clause by clause; nothing is computed between a clause and the asking for the next.

        Exactly one clause is `last`, and at least one has text. When `cancelled`, the clauses end without a last one.
        """
        if self._model is None:
            yield Clause(self._persona.no_model, last=True)
            return
        begun, self._begun = self._begun, None
        if begun is not None and begun.turn == (len(history), words) and not begun.cancelled():
            yield replace(begun.first, first_token=0.0, ahead=True)
            yield from begun.rest
        else:
            yield from self._write(history, words, cancelled)

    def _write(self, history: Sequence[Exchange], words: str, cancelled: Cancelled) -> Iterator[Clause]:
        assert self._model is not None
        asked = time.perf_counter()
        opening = self._open(history, words, cancelled)
        if opening is None:
            return
        first_token: float | None = None
        said = bool(opening.said)
        spoken = SpokenForm(self._language, *self._names)
        splitter = ClauseSplitter(begun=said)
        recent = [turn.companion for turn in history[-RECENT:]]
        restraint = Restraint(words, self._persona.cliches, recent)
        if said:
            restraint.admit(opening.said)
            yield Clause(opening.said, last=False, first_token=time.perf_counter() - asked)
        messages = self._messages(history, words)
        with closing(self._model.stream(messages, self._sampling, cancelled, opening.written)) as pieces:
            for piece in pieces:
                first_token = first_token or time.perf_counter() - asked
                for clause in splitter.feed(spoken.feed(piece)) or splitter.early():
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

    def _open(self, history: Sequence[Exchange], words: str, cancelled: Cancelled) -> _Opening | None:
        """How the reply begins; None if `cancelled`.

        A small model answers far more to the point once the moment has a name. It chooses among those of its examples,
        by one look at its own probabilities. What the reply is opened with then stands in the persona, so that the
        voice can begin before the model has written a word.
        """
        assert self._model is not None
        turn = (len(history), words)
        if turn not in self._openings:
            choice = self._model.choose(self._messages(history, words), self._persona.moments, cancelled)
            if choice is None:
                return None
            openers = self._persona.openers.get(choice.option, ()) if choice.probability >= SURE else ()
            said = openers[len(history) % len(openers)] if openers else ""
            self._openings[turn] = _Opening(choice.option, said)
        return self._openings[turn]

    def _unfit(self, token: str) -> bool:
        """Whether a token cannot be said, or is a word that the persona avoids."""
        return token.strip() in self._persona.avoided or not all(speakable(sign, self._language) for sign in token)

    def _messages(self, history: Sequence[Exchange], words: str | None) -> tuple[Message, ...]:
        """The prompt. Replies of this talk stand behind the names of their moments, as they stand in the cache."""
        talk = [self._as_written(number, turn) for number, turn in enumerate(history)]
        return prompt.build(self._persona.head, talk, words, self._room, self._count)

    def _as_written(self, number: int, turn: Exchange) -> Exchange:
        opening = self._openings.get((number, turn.owner))
        if opening is None or not turn.companion:
            return turn
        return Exchange(turn.owner, persona.in_moment(opening.moment, turn.companion))
