"""The companion's answer: from the owner's words to clauses that are ready for the voice."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any, Final, Protocol

from companion.dialogue import persona, prompt
from companion.dialogue.clauses import ClauseSplitter
from companion.dialogue.llm import Choice, Evaluation, Sampling
from companion.dialogue.prompt import Message
from companion.dialogue.restraint import Restraint
from companion.dialogue.safety.claims import claims
from companion.dialogue.safety.disclosure import due
from companion.dialogue.safety.guard import Guard, SafetyKind
from companion.dialogue.spoken import SpokenForm, speakable
from companion.dialogue.strategy import wording
from companion.dialogue.strategy.learner import Learner
from companion.dialogue.strategy.learning import Tastes
from companion.dialogue.strategy.planner import Plan, Situation, tone_of
from companion.events import Affect, Exchange, Recall
from companion.settings import Language

SURE: Final = 0.6
"""Probability of the moment from which the persona's words open the reply; below, the model finds its own. Of sixty
everyday openings in two languages 31 were that sure, one of them wrongly; of the 29 others eleven were wrong."""

TRUSTED: Final = 1_000_000_000
"""Parameters from which a model's sense of a feeling is believed by itself: one of 1.5 billion is hardly ever wrong
about sixty everyday openings where it is sure, one of 135 million calls two of three sad."""

RECENT: Final = 4
"""Turns within which no longer sentence is said twice: small models ask the same question after every answer."""

TASTES: Final = "tastes"
"""The name under which the owner's memory keeps what helps."""

SAFE_STYLES: Final[dict[SafetyKind, str]] = {"crisis": "calm", "crisis-again": "calm", "goodbye": "warm"}

Cancelled = Callable[[], bool]
"""Asked again and again while the model works; true ends the work."""


@dataclass(frozen=True, slots=True)
class Clause:
    """A piece of the reply for the voice. `last` closes the reply and may come with an empty `text`.

    `first_token`: seconds from asking the model to its first token; given with the first clause, where there is one.
    `ahead`: it was begun before the reply was asked for. `aside`: it is about the memory and no part of the talk.
    `recall`: what came to mind, given with the first clause. `safety`: here begins what is said in code, whatever a
    model would have said. `style`: how it sounds, of `tts.styles`. `plan`: how the turn is answered, given with the
    first clause, where there was a choice.
    """

    text: str
    last: bool
    first_token: float | None = None
    ahead: bool = False
    aside: bool = False
    recall: Recall | None = None
    safety: SafetyKind | None = None
    style: str = "neutral"
    plan: Plan | None = None


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

    def recall(self, words: str) -> Remembered:
        """What `words` call for. Changes nothing."""

    def concerns(self, words: str) -> bool:
        """Whether `words` ask something of the memory itself. Changes nothing."""

    def answer(self, words: str) -> str | None:
        """Do what `words` ask of the memory, and say so; None where they ask nothing of it."""

    def question(self) -> str | None:
        """What the owner should be asked about something remembered."""

    def learned(self, name: str) -> Any:
        """What was learned of the owner under this name; None: nothing."""

    def learn(self, name: str, value: Any) -> None:
        """Keep what was learned, in the place of what was there."""

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

    def prepare(
        self, history: Sequence[Exchange], words: str, cancelled: Cancelled, affect: Affect | None = None
    ) -> None:
        """Read the owner's words and begin to answer, while it is not sure yet that they are all."""

    def reply(
        self, history: Sequence[Exchange], words: str, cancelled: Cancelled, affect: Affect | None = None
    ) -> Iterator[Clause]:
        """The answer, clause by clause. `affect`: what was heard in the turn."""

    def kept(self, history: Sequence[Exchange]) -> tuple[Exchange, ...]:
        """`history` without what has been forgotten at the owner's word."""


@dataclass(frozen=True, slots=True)
class _Opening:
    """How a reply begins: the moment, unsaid, and what is `said`; empty where the model finds the first words.

    `plan`: how the turn is answered. `close`: what is said at last. `asking`: what is asked where nothing else was.
    `whole`: that is all of the reply.
    """

    moment: str
    said: str
    plan: Plan
    close: str = ""
    asking: str = ""
    whole: bool = False

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
        memory: Memory | None = None,
        country: str | None = None,
        clock: Callable[[], float] | None = None,
        voice: bool = False,
        seed: int | None = None,
    ) -> None:
        """`memory`: None remembers nothing. `country`: whose helplines are named, see `safety.guard.Guard`. `clock`: in
        seconds; by it the first reply, and one every three hours, begins with what it is. None leaves that out.
        `voice`: it listens to how the owner sounds, and says so with it. `seed`: None answers differently every time.
        """
        self._model = model
        self._memory = memory
        self._language = language
        self._names = (companion, owner)
        self._persona = persona.load(language, companion, owner, remembers=memory is not None)
        self._sampling = Sampling(temperature=self._persona.temperature, seed=seed)
        self._openings: dict[tuple[int, str], _Opening] = {}
        self._begun: _Begun | None = None
        self._remembered = (0, Remembered())  # of which turn, and what
        self._guard = Guard(language, companion, country)
        self._wording = wording.load(language)
        self._learner = Learner(Tastes.from_record(memory.learned(TASTES) or {}) if memory else Tastes(), seed)
        self._clock = clock
        self._voice = voice
        self._disclosed: float | None = None  # when, on that clock
        if model is not None:
            model.forbid(self._unfit)
            self._count = lru_cache(maxsize=512)(model.count)
            head = sum(self._count(message.content) + prompt.PER_MESSAGE for message in self._persona.head)
            self._room = model.context - head - self._sampling.max_tokens - prompt.PER_MESSAGE

    def warm(self, history: Sequence[Exchange], cancelled: Cancelled) -> None:
        """Let the model read all that comes before the owner's next words."""
        if self._model is not None:
            turns = {(number, exchange.owner) for number, exchange in enumerate(history)}
            self._openings = {turn: opening for turn, opening in self._openings.items() if turn in turns}
            self._model.prefill(self._messages(history, None), cancelled)

    def follow(self, history: Sequence[Exchange], words: str, cancelled: Cancelled) -> None:
        """Let the model read what comes to mind at the beginning of what the owner says, and that beginning."""
        if self._model is not None and self._guard.answer(history, words) is None and not self._concerns_memory(words):
            note = self._remember(history, words).note
            self._model.prefill(self._messages(history, words, note), cancelled, begun=True)

    def prepare(
        self, history: Sequence[Exchange], words: str, cancelled: Cancelled, affect: Affect | None = None
    ) -> None:
        """Begin the reply to what may be all of the owner's words; if they stay so, `reply` goes on from there."""
        if self._model is None or self._concerns_memory(words) or self._guard.answer(history, words) is not None:
            return
        rest = self._write(history, words, cancelled, affect)
        first = next(rest, None)
        self._begun = None if first is None else _Begun((len(history), words), first, rest, cancelled)

    def reply(
        self, history: Sequence[Exchange], words: str, cancelled: Cancelled, affect: Affect | None = None
    ) -> Iterator[Clause]:
        """The answer clause by clause; nothing is computed between a clause and the asking for the next.

        Exactly one clause is `last`, and at least one has text. When `cancelled`, the clauses end without a last one.
        """
        fixed = self._guard.answer(history, words)
        self._judge(history, words, affect, closed=fixed is not None and fixed.kind == "goodbye")
        if fixed is not None:
            first, *more = _said(fixed.text, style=SAFE_STYLES.get(fixed.kind, "neutral"))
            yield replace(first, safety=fixed.kind)
            yield from more
            return
        if self._wording.declines_voice(words):
            self._voice = False
            yield Clause(self._wording.voice_off, last=True, safety="voice-off")
            return
        answer = self._memory.answer(words) if self._memory is not None else None
        if answer is not None:
            self._begun, self._remembered = None, (0, Remembered())  # what came to mind may be forgotten now
            yield from _said(answer, aside=True)
            return
        yield from self._disclose()
        if self._model is None:
            yield Clause(self._persona.no_model, last=True)
            return
        text = ""
        for clause in self._clauses(history, words, cancelled, affect):
            text = clause.text or text
            if clause.plan is not None:
                self._learner.used(len(history), clause.plan, affect.valence if affect is not None else 0.0)
            question = self._memory.question() if clause.last and self._memory and not text.endswith("?") else None
            if question is None:
                yield clause
            else:
                if clause.text:
                    yield replace(clause, last=False)
                yield Clause(question, last=True)

    def kept(self, history: Sequence[Exchange]) -> tuple[Exchange, ...]:
        """`history` without what has been forgotten; the model reads the rest anew."""
        return tuple(history) if self._memory is None else self._memory.kept(history)

    def _judge(self, history: Sequence[Exchange], words: str, affect: Affect | None, *, closed: bool) -> None:
        """Learn from what the owner says to the last answer."""
        valence = affect.valence if affect is not None else 0.0
        if self._learner.judge(len(history), self._wording.sign(words), valence, closed=closed) and self._memory:
            self._memory.learn(TASTES, self._learner.tastes.to_record())

    def _disclose(self) -> Iterator[Clause]:
        """That it is a program, where it is time to say so."""
        now = self._clock() if self._clock is not None else None
        if now is None or not due(self._disclosed, now):
            return
        text = self._guard.answers.disclosure(first=self._disclosed is None, voice=self._voice)
        self._disclosed = now
        for sentence in _sentences(text):
            yield Clause(sentence, last=False, safety="disclosure")

    def _clauses(
        self, history: Sequence[Exchange], words: str, cancelled: Cancelled, affect: Affect | None
    ) -> Iterator[Clause]:
        """The reply, from where it was begun ahead if it was."""
        begun, self._begun = self._begun, None
        if begun is not None and begun.turn == (len(history), words) and not begun.cancelled():
            yield replace(begun.first, first_token=0.0, ahead=True)
            yield from begun.rest
        else:
            yield from self._write(history, words, cancelled, affect)

    def _write(
        self, history: Sequence[Exchange], words: str, cancelled: Cancelled, affect: Affect | None
    ) -> Iterator[Clause]:
        assert self._model is not None
        asked = time.perf_counter()
        remembered = self._remember(history, words)
        if remembered.answer:
            yield Clause(remembered.answer, last=True, recall=remembered.recall)
            return
        opening = self._open(history, words, remembered.note, cancelled, affect)
        if opening is None:
            return
        if remembered.hint and opening.moment == self._persona.unknown:
            yield Clause(remembered.hint, last=True, recall=remembered.recall)
            return
        if opening.moment == persona.FAREWELL:
            farewell = self._guard.answers.goodbye("day", len(history))
            yield Clause(farewell, last=True, recall=remembered.recall, safety="goodbye", style=SAFE_STYLES["goodbye"])
            return
        plan = opening.plan
        first_token: float | None = None
        said: list[str] = []

        def began() -> None:
            nonlocal first_token
            first_token = first_token or time.perf_counter() - asked

        def clause(text: str) -> Clause:
            """The next clause; with the first one comes what there is to tell of the reply."""
            said.append(text)
            if len(said) > 1:
                return Clause(text, last=False, style=plan.style)
            began()
            return Clause(text, False, first_token, recall=remembered.recall, style=plan.style, plan=plan)

        for text in _sentences(opening.said):
            yield clause(text)
        if not (opening.whole or (said and self._model.parameters < self._persona.alone_below)):
            for text in self._compose(history, words, remembered.note, opening, cancelled, began):
                yield clause(text)
        if cancelled():
            return
        asked_something = any("?" in text for text in said)
        for text in _sentences(opening.close or ("" if asked_something else opening.asking)):
            yield clause(text)
        yield Clause("", last=True)

    def _compose(
        self,
        history: Sequence[Exchange],
        words: str,
        note: str,
        opening: _Opening,
        cancelled: Cancelled,
        began: Callable[[], None],
    ) -> Iterator[str]:
        """What the model writes, clause by clause, as far as it is fit to be said; `began` is called at its tokens."""
        assert self._model is not None
        spoken = SpokenForm(self._language, *self._names)
        splitter = ClauseSplitter(begun=bool(opening.said))
        recent = [turn.companion for turn in history[-RECENT:]]
        lies = partial(claims, language=self._language)
        restraint = Restraint(words, self._persona.cliches, recent, lies, may_ask=opening.plan.asks)
        restraint.admit(opening.said)
        fit = bool(opening.said)
        messages = self._messages(history, words, note)
        with closing(self._model.stream(messages, self._sampling, cancelled, opening.written)) as pieces:
            for piece in pieces:
                began()
                for written in splitter.feed(spoken.feed(piece)) or splitter.early():
                    for text in restraint.admit(written):
                        yield text
                        fit = True
                if restraint.done or spoken.ended:
                    break
        if cancelled():
            return
        left = splitter.feed(spoken.flush()) + splitter.flush()
        rest = [text for written in left for text in restraint.admit(written)]
        rest += restraint.flush()
        if restraint.lied or not (rest or fit or opening.close or opening.asking):
            rest.append(self._instead(restraint, len(history)))
        yield from rest

    def _instead(self, restraint: Restraint, turn: int) -> str:
        """What is said where the model wrote nothing fit to be said."""
        if restraint.lied:
            return self._guard.answers.identity("claimed")
        return self._persona.lost[turn % len(self._persona.lost)]

    def _concerns_memory(self, words: str) -> bool:
        return self._memory is not None and self._memory.concerns(words)

    def _remember(self, history: Sequence[Exchange], words: str) -> Remembered:
        """What comes to mind; what came at the beginning of these words stays where it holds all that comes now.

        The model has read that by then, and a note that changes costs the reading of the note and of the words.
        """
        if self._memory is None:
            return Remembered()
        turn, before = self._remembered
        now = self._memory.recall(words)
        if turn == len(history) and before.note and now.ids <= before.ids and not now.answer:
            now = before
        self._remembered = (len(history), now)
        return now

    def _open(
        self, history: Sequence[Exchange], words: str, note: str, cancelled: Cancelled, affect: Affect | None
    ) -> _Opening | None:
        """How the reply begins; None if `cancelled`.

        A small model answers far more to the point once the moment has a name. It chooses among those of its examples,
        by one look at its own probabilities. What the reply is opened with then stands in the persona, so that the
        voice can begin before the model has written a word.
        """
        assert self._model is not None
        turn = (len(history), words)
        if turn not in self._openings:
            choice = self._model.choose(self._messages(history, words, note), self._persona.moments, cancelled)
            if choice is None:
                return None
            trusted = self._model.parameters >= TRUSTED
            felt = affect.words if affect is not None else None
            moment = persona.moment(choice.option, choice.probability >= SURE, felt, trusted=trusted)
            self._openings[turn] = self._planned(len(history), words, choice.option, moment, affect)
        return self._openings[turn]

    def _planned(self, number: int, words: str, named: str, moment: str, affect: Affect | None) -> _Opening:
        """How turn `number` is answered: `named` is what the model calls the moment, `moment` that where it is sure."""
        voice = affect.voice if affect is not None and affect.relative else None  # only against a usual that is known
        tone = tone_of(voice.valence, voice.arousal, affect.disagreement) if voice and affect else None
        situation = Situation(moment, self._wording.wants_advice(words), tone)
        before = [self._openings[turn].plan for turn in sorted(self._openings) if turn[0] < number]
        plan = self._learner.plan(situation, before)
        if situation.tone is not None and plan.of_tone:
            return _Opening(named, self._wording.tone(situation.tone, number), plan, whole=True)
        said = self._wording.line(plan.strategy, moment, number)
        openers = self._persona.openers.get(moment, ())
        if not said and openers:
            sentences = _sentences(openers[number % len(openers)])
            said = " ".join(text for text in sentences if plan.asks or "?" not in text)
        close = self._wording.line("presence", moment, number) if plan.then == "presence" else ""
        asking = self._wording.line("question", moment, number) if plan.asks else ""
        return _Opening(named, said, plan, close, asking, whole=plan.strategy == "presence" and bool(said))

    def _unfit(self, token: str) -> bool:
        """Whether a token cannot be said, or is a word that the persona avoids."""
        return token.strip() in self._persona.avoided or not all(speakable(sign, self._language) for sign in token)

    def _messages(self, history: Sequence[Exchange], words: str | None, note: str = "") -> tuple[Message, ...]:
        """The prompt. Replies of this talk stand behind the names of their moments, as they stand in the cache."""
        talk = [self._as_written(number, turn) for number, turn in enumerate(history)]
        return prompt.build(self._persona.head, talk, words, self._room, self._count, note)

    def _as_written(self, number: int, turn: Exchange) -> Exchange:
        opening = self._openings.get((number, turn.owner))
        if opening is None or not turn.companion:
            return turn
        return Exchange(turn.owner, persona.in_moment(opening.moment, turn.companion))


def _said(answer: str, *, aside: bool = False, style: str = "neutral") -> Iterator[Clause]:
    """An answer that no model writes, sentence by sentence."""
    sentences = _sentences(answer)
    for number, sentence in enumerate(sentences, 1):
        yield Clause(sentence, last=number == len(sentences), aside=aside, style=style)


def _sentences(text: str) -> list[str]:
    splitter = ClauseSplitter(begun=True)
    return splitter.feed(text) + splitter.flush()
