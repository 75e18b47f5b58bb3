"""The companion's answer: from the owner's words to clauses that are ready for the voice."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from companion.dialogue import persona, prompt
from companion.dialogue.abilities import Abilities
from companion.dialogue.clauses import sentences
from companion.dialogue.llm import Sampling
from companion.dialogue.mind import Clause
from companion.dialogue.needs import Cancelled, Memory, Model, Remembered
from companion.dialogue.opening import Opening, Openings
from companion.dialogue.prompt import Message
from companion.dialogue.safety.crisis import Valence, even
from companion.dialogue.safety.disclosure import due
from companion.dialogue.safety.guard import FixedAnswer, Guard, SafetyKind
from companion.dialogue.spoken import speakable
from companion.dialogue.strategy import leads, wording
from companion.dialogue.strategy.owner import Owner
from companion.dialogue.strategy.wishes import Wishes
from companion.dialogue.writing import Writer
from companion.events import Affect, Exchange
from companion.settings import Language

SAFE_STYLES: Final[dict[SafetyKind, str]] = {
    "crisis": "calm",
    "crisis-again": "calm",
    "check-in": "calm",
    "goodbye": "warm",
}


_OF_DANGER: Final[frozenset[SafetyKind]] = frozenset({"crisis", "crisis-again", "check-in", "goodbye"})
"""Answers behind which it does not check in: they are about danger, or let go."""

_LATELY: Final = 20
"""Turns in which the doubt about a fact that was told is not said again."""

_PLAINLY: Final = 6
"""Words up to which the wish to be quiet is all that is said."""

_COUNTED: Final = 65_536
"""Texts whose tokens are counted once: a talk of weeks is walked through for every prompt, see `prompt.build`. One text
more than that, and all would be counted anew each time."""


@dataclass(frozen=True, slots=True)
class _Begun:
    """A reply begun before it is asked for. `turn`: the number of turns before it, and the owner's words."""

    turn: tuple[int, str]
    first: Clause
    rest: Iterator[Clause]
    cancelled: Cancelled

    def begins(self, history: Sequence[Exchange], words: str) -> bool:
        """Whether it still holds, and answers these `words`."""
        return self.turn == (len(history), words) and not self.cancelled()


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
        valence: Valence = even,
        clock: Callable[[], float] | None = None,
        voice: bool = False,
        backchannels: bool = True,
        seed: int | None = None,
    ) -> None:
        """`memory`: None remembers nothing. `country`: whose helplines are named; `valence`: how pleasant words are,
        -1…1, see `safety.guard.Guard`. `clock`: in seconds; by it the first reply, and one every three hours, begins
        with what it is. None leaves that out. `voice`: it listens to how the owner sounds, and says so with it.
        `backchannels`: it says "mm-hm" in long turns. `seed`: None answers differently every time.
        """
        self._model = model
        self._memory = memory
        self._language = language
        self._companion = companion
        self._wording = wording.load(language)
        self._leads = leads.load(language)
        self._owner = Owner(self._wording, Wishes(language), memory, seed)
        self._given_name = owner
        self._name = self._owner.preferences.called or owner
        self._persona = persona.load(language, companion, self._name, remembers=memory is not None)
        self._sampling = Sampling(temperature=self._persona.temperature, seed=seed)
        self._openings = Openings(self._wording, self._owner)
        self._begun: _Begun | None = None
        self._remembered = (0, Remembered())  # of which turn, and what
        self._abilities = Abilities(language, companion, remembers=memory is not None)
        self._guard = Guard(language, companion, country, valence, self._says_plainly)
        self._clock = clock
        self._voice = voice
        self._nods = backchannels
        self._disclosed: float | None = None  # when, on that clock
        self._aside = False  # the last answer was about the memory or the way of talking, and is in no history
        self._said: list[str] = []  # the last reply, or the one that is being written, whatever is heard of it
        self._wanted: Cancelled | None = None  # of the reply that was asked for and has not begun
        if model is not None:
            self._count = lru_cache(maxsize=_COUNTED)(model.count)
            model.forbid(self._unfit)

    def warm(self, history: Sequence[Exchange], cancelled: Cancelled) -> None:
        """Let the model read all that comes before the owner's next words."""
        if self._model is not None:
            self._openings.keep(history)
            self._model.prefill(self._messages(history, None), lambda: cancelled() or self._waited_for())

    def follow(self, history: Sequence[Exchange], words: str, cancelled: Cancelled) -> None:
        """Let the model read what comes to mind at the beginning of what the owner says, and that beginning."""
        if self._model is not None and not self._answered_in_code(history, words):
            self._read(history, words, cancelled, begun=True)

    def give_way(self) -> None:
        """Stop following, at once: the words that may be the last ones need the processor. From any thread."""
        if self._model is not None:
            self._model.give_way()

    def familiar(self) -> Sequence[Clause]:
        """The leads, what is said in danger, and that it is a program where that is said next."""
        said = [Clause(lead.text, last=False, style=lead.style) for lead in self._leads.all()]
        said += [next(_fixed(answer)) for answer in self._guard.urgent()]
        if self._disclosure_due():
            said += [Clause(sentence, last=False) for sentence in sentences(self._disclosure())]
        if self._nods:
            said += [self._nod(turn) for turn in range(len(self._leads.nods))]
        return [replace(clause, pace=self._owner.pace) for clause in said]

    def lead(self, history: Sequence[Exchange], words: str, affect: Affect | None = None) -> Clause | None:
        """What opens the answer, where a model is to write it; None where a direct answer is due, or is ready."""
        if self._begun is not None and self._begun.begins(history, words):
            return None
        if self._model is None or self._disclosure_due() or self._answered_in_code(history, words):
            return None
        if self._guard.in_doubt(history, words):
            return None  # a bright one would be out of place
        felt = affect.words if affect is not None else None
        lead = self._leads.choose(words, felt, [turn.companion for turn in history])
        return Clause(lead.text, last=False, style=lead.style, pace=self._owner.pace) if lead is not None else None

    def hesitate(self, history: Sequence[Exchange], words: str) -> Clause | None:
        """What is said into a silence that grows too long; None where no model is to write the answer."""
        if self._model is None or self._answered_in_code(history, words):
            return None
        lead = self._leads.hesitation([turn.companion for turn in history])
        return Clause(lead.text, last=False, style=lead.style, pace=self._owner.pace)

    def nod(self, history: Sequence[Exchange], words: str) -> Clause | None:
        """A sound that says "go on"; never for words that are answered in code, or near what may be a cry for help."""
        if not self._nods or self._answered_in_code(history, words) or self._guard.near_danger(history, words):
            return None
        return self._nod(len(words.split()))

    def _nod(self, turn: int) -> Clause:
        nods = self._leads.nods
        return Clause(nods[turn % len(nods)], last=False, style="gentle", pace=self._owner.pace)

    def prepare(
        self, history: Sequence[Exchange], words: str, cancelled: Cancelled, affect: Affect | None = None
    ) -> Clause | None:
        """Begin the reply to what may be all of the owner's words; if they stay so, `reply` goes on from there.

        Returns its first clause, so that the sound of it can be made; None where nothing was begun.
        """
        if self._model is None or self._answered_in_code(history, words):
            return None
        if self._disclosure_due():  # which takes as long to say as the model needs to begin
            self._read(history, words, cancelled)
            return None
        rest = self._write(history, words, cancelled, affect)
        first = next(rest, None)
        self._begun = None if first is None else _Begun((len(history), words), first, rest, cancelled)
        return None if first is None else replace(first, pace=self._owner.pace)

    def reply(
        self,
        history: Sequence[Exchange],
        words: str,
        cancelled: Cancelled,
        affect: Affect | None = None,
        lead: str = "",
    ) -> Iterator[Clause]:
        """The answer clause by clause; nothing is computed between a clause and the asking for the next.

        `lead`: what was said of it already, or is about to be. Exactly one of them is `last`, and at least one has
        text. When `cancelled`, they end without a last one. From the call on, reading ahead gives way to it: what is
        said in code does not wait for the model.
        """
        self._wanted = cancelled
        return self._reply(history, words, cancelled, affect, lead)

    def _reply(
        self, history: Sequence[Exchange], words: str, cancelled: Cancelled, affect: Affect | None, lead: str
    ) -> Iterator[Clause]:
        self._wanted = None
        fixed = self._answer_for_safety(history, words)
        last, beside = self._last_said(history), self._aside
        self._aside, self._said = False, [lead] if lead else []
        wished = self._owner.hear(history, words, affect, closed=fixed is not None and fixed.kind == "goodbye")
        self._introduce()
        for clause in self._answer(history, words, cancelled, affect, fixed, wished, last, beside=beside):
            text = leads.bare(clause.text) if lead else clause.text
            lead = "" if text else lead
            if clause.safety != "disclosure":
                self._said.append(text)
            yield replace(clause, text=text, pace=self._owner.pace)

    def _answer(
        self,
        history: Sequence[Exchange],
        words: str,
        cancelled: Cancelled,
        affect: Affect | None,
        fixed: FixedAnswer | None,
        wished: str | None,
        last: str,
        *,
        beside: bool,
    ) -> Iterator[Clause]:
        """`fixed`: for safety's sake. `wished`: what to say to words about the way of talking. `last`: the answer
        before; `beside`: that was no part of the talk.
        """
        if fixed is not None:
            self._has_said_what_it_is(fixed)
            yield from self._with_check_in(history, words, _fixed(fixed), of_danger=fixed.kind in _OF_DANGER)
            return
        if self._wording.declines_voice(words):
            self._voice = False
            yield Clause(self._wording.voice_off, last=True, safety="voice-off")
            return
        aside = self._of_memory(words)
        if aside is None and wished is not None:
            aside = _said(wished, aside=True)
        if aside is not None:
            self._aside = True
            yield from aside
            return
        able = self._abilities.answer(words, last)
        if able is not None:
            self._aside = beside and able == last  # once more, and beside the talk once more
            yield from self._disclose()
            yield from self._with_check_in(history, words, _said(able, aside=self._aside))
            return
        yield from self._disclose()
        yield from self._by_model(history, words, cancelled, affect)

    def _with_check_in(
        self, history: Sequence[Exchange], words: str, answer: Iterator[Clause], *, of_danger: bool = False
    ) -> Iterator[Clause]:
        """An `answer` in code to `words` that may be of danger beside what they ask; `of_danger`: it is about that."""
        check = None if of_danger else self._guard.check_in(history, words)
        for clause in answer:
            if clause.last and check is not None:
                yield from _behind(clause, list(_fixed(check)))
            else:
                yield clause

    def _by_model(
        self, history: Sequence[Exchange], words: str, cancelled: Cancelled, affect: Affect | None
    ) -> Iterator[Clause]:
        """What the model writes, or that there is none, and what is said behind it."""
        check = self._guard.check_in(history, words)
        checked = list(_fixed(check)) if check is not None else []
        if self._model is None:
            yield from _behind(Clause(self._persona.no_model, last=True), checked)
            return
        text, may_ask = "", True
        for clause in self._clauses(history, words, cancelled, affect):
            text = clause.text or text
            if clause.plan is not None:
                may_ask = clause.plan.strategy != "presence"
                self._owner.answered(len(history), clause.plan, affect.valence if affect is not None else 0.0)
            if not clause.last:
                yield clause
            elif checked and clause.safety is None:  # a farewell that the model heard is let go
                yield from _behind(clause, checked)
            else:
                may_ask = may_ask and not text.endswith("?")
                question = self._memory.question() if self._memory and may_ask else None
                yield from _behind(clause, list(_said(question)) if question is not None else [])

    def _last_said(self, history: Sequence[Exchange]) -> str:
        """The last answer, whole where only its beginning was heard; one about the memory is in no history."""
        whole, heard = " ".join(filter(None, self._said)), history[-1].companion if history else ""
        return whole if self._aside or (heard and whole.startswith(heard)) else heard

    def _of_memory(self, words: str) -> Iterator[Clause] | None:
        """What is said to words that ask something of the memory; None where they do not."""
        if self._memory is None or (answer := self._memory.answer(words)) is None:
            return None
        if (carry_out := self._memory.agreed) is None:
            self._may_have_forgotten()
            return _said(answer, aside=True)
        return self._carried_out(answer, carry_out)

    def _carried_out(self, answer: str, carry_out: Callable[[], str]) -> Iterator[Clause]:
        """The `answer` to what was asked for, and what is said when it is done, which is behind that answer."""
        for clause in _said(answer, aside=True):
            yield replace(clause, last=False, waits=clause.last)
        done = carry_out()
        self._may_have_forgotten()
        yield from _said(done, aside=True)

    def _may_have_forgotten(self) -> None:
        """What came to mind, and what was begun with it, may be forgotten now."""
        self._begun, self._remembered = None, (0, Remembered())
        self._owner.recall()

    def aside(self, words: str) -> bool:
        """Whether `words` are about the memory or the way of talking."""
        return (self._memory is not None and self._memory.concerns(words)) or bool(self._owner.wishes(words))

    def kept(self, history: Sequence[Exchange]) -> tuple[Exchange, ...]:
        """`history` without what has been forgotten; the model reads the rest anew."""
        return tuple(history) if self._memory is None else self._memory.kept(history)

    def _introduce(self) -> None:
        """Let the persona know what the owner wants to be called."""
        name = self._owner.preferences.called or self._given_name
        if name != self._name:
            self._name = name
            self._persona = persona.load(self._language, self._companion, name, remembers=self._memory is not None)

    def _answered_in_code(self, history: Sequence[Exchange], words: str) -> bool:
        """Whether no model is asked."""
        return (
            self.aside(words)
            or self._wording.declines_voice(words)
            or self._abilities.answer(words, self._last_said(history)) is not None
            or self._answer_for_safety(history, words) is not None
        )

    def _answer_for_safety(self, history: Sequence[Exchange], words: str) -> FixedAnswer | None:
        return self._guard.answer(history, words, at_once=not self._aside)

    def _says_plainly(self, words: str) -> bool:
        """Whether `words` say next to nothing, or ask for something that is known, and nothing beside it."""
        quiet = self._wording.wants_quiet(words) and len(words.split()) <= _PLAINLY
        return quiet or self._wording.says_little(words) or self._abilities.plainly(words)

    def _waited_for(self) -> bool:
        """Whether a reply was asked for and has not begun."""
        return self._wanted is not None and not self._wanted()

    def _read(self, history: Sequence[Exchange], words: str, cancelled: Cancelled, *, begun: bool = False) -> None:
        """Let the model read the owner's words, `begun` or whole."""
        assert self._model is not None
        messages = self._messages(history, words, self._remember(history, words).note)
        self._model.prefill(messages, lambda: cancelled() or self._waited_for(), begun=begun)

    def _disclosure_due(self) -> bool:
        """Whether it is time to say what it is."""
        return self._clock is not None and due(self._disclosed, self._clock())

    def _disclosure(self) -> str:
        return self._guard.answers.disclosure(first=self._disclosed is None, voice=self._voice)

    def _has_said_what_it_is(self, fixed: FixedAnswer) -> None:
        """An answer that says so itself needs no disclosure behind it, least of all a cry for help."""
        first_with_voice = self._disclosed is None and self._voice  # that it listens to the voice is still to be said
        if self._clock is not None and self._guard.answers.says_what_it_is(fixed.text) and not first_with_voice:
            self._disclosed = self._clock()

    def _disclose(self) -> Iterator[Clause]:
        """That it is a program, where it is time to say so."""
        if self._clock is None or not self._disclosure_due():
            return
        text = self._disclosure()
        self._disclosed = self._clock()
        for sentence in sentences(text):
            yield Clause(sentence, last=False, safety="disclosure")

    def _clauses(
        self, history: Sequence[Exchange], words: str, cancelled: Cancelled, affect: Affect | None
    ) -> Iterator[Clause]:
        """The reply, from where it was begun ahead if it was."""
        begun, self._begun = self._begun, None
        if begun is not None and begun.begins(history, words):
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

        def clause(text: str, style: str) -> Clause:
            """The next clause; with the first one comes what there is to tell of the reply."""
            said.append(text)
            if len(said) > 1:
                return Clause(text, last=False, style=style)
            began()
            return Clause(text, False, first_token, opening.unread, recall=remembered.recall, style=style, plan=plan)

        for text in sentences(opening.said):
            yield clause(text, plan.style)
        opened = len(said)
        alone = bool(said) and not plan.advises and self._model.parameters < self._persona.alone_below
        if not (opening.whole or alone):
            messages = self._messages(history, words, remembered.note)
            for text in self._writer().write(messages, history, words, opening, cancelled, began):
                yield clause(text, plan.style_then if said else plan.style)
        if cancelled():
            return
        if self._doubtful(history, words, said[opened:], opening.instead):
            yield clause(self._wording.doubt, plan.style_then)
        asked_something = any("?" in text for text in said)
        for text in sentences(opening.close or ("" if asked_something else opening.asking)):
            yield clause(text, plan.style_then)
        yield Clause("", last=True)

    def _doubtful(self, history: Sequence[Exchange], words: str, written: Sequence[str], instead: str) -> bool:
        """Whether the model has `written` what is so in the world, and that it may be wrong was not said lately.

        Behind a question it is not said: that waits for an answer.
        """
        if not written or "?" in written[-1] or all(text in (instead, *self._persona.lost) for text in written):
            return False
        doubt = self._wording.doubt
        return self._wording.asks_for_a_fact(words) and not any(doubt in turn.companion for turn in history[-_LATELY:])

    def _writer(self) -> Writer:
        assert self._model is not None
        return Writer(
            self._model,
            self._sampling,
            self._language,
            self._companion,
            self._name,
            self._persona,
            self._wording,
            self._owner,
            self._guard,
        )

    def _remember(self, history: Sequence[Exchange], words: str) -> Remembered:
        """What comes to mind; what came at the beginning of these words stays where it holds all that comes now.

        The model has read that by then, and a note that changes costs the reading of the note and of the words.
        """
        if self._memory is None:
            return Remembered()
        turn, before = self._remembered
        now = self._memory.recall(words, self._held(history))
        if turn == len(history) and before.note and now.ids <= before.ids and not now.answer:
            now = before
        self._remembered = (len(history), now)
        return now

    def _held(self, history: Sequence[Exchange]) -> set[str]:
        """The owner's words that the prompt holds: those of the last turns of a long talk."""
        read = sum(message.role == "user" for message in self._messages(history, None)[len(self._persona.head) :])
        return {turn.owner for turn in history[len(history) - read :]}

    def _open(
        self, history: Sequence[Exchange], words: str, note: str, cancelled: Cancelled, affect: Affect | None
    ) -> Opening | None:
        """How the reply begins; None if `cancelled`.

        A small model answers far more to the point once the moment has a name. It chooses among those of its examples,
        by one look at its own probabilities.
        """
        assert self._model is not None
        opening = self._openings.of(len(history), words)
        if opening is None:
            choice = self._model.choose(self._messages(history, words, note), self._persona.moments, cancelled)
            if choice is not None:
                parameters = self._model.parameters
                careful = self._guard.check_in(history, words) is not None
                opening = self._openings.plan(
                    history, words, choice, self._persona, parameters, affect, careful=careful
                )
        return opening

    def _unfit(self, token: str) -> bool:
        """Whether a token cannot be said, or is a word that the persona avoids."""
        return token.strip() in self._persona.avoided or not all(speakable(sign, self._language) for sign in token)

    def _messages(self, history: Sequence[Exchange], words: str | None, note: str = "") -> tuple[Message, ...]:
        """The prompt. Replies of this talk stand behind the names of their moments, as they stand in the cache."""
        assert self._model is not None
        talk = [
            self._as_written(number, turn)
            for number, turn in enumerate(self._read_later(history))
            if self._leads.without(turn.companion) not in self._persona.lost  # or the model soon writes nothing else
        ]
        head = sum(self._count(message.content) + prompt.PER_MESSAGE for message in self._persona.head)
        room = self._model.context - head - self._sampling.max_tokens - prompt.PER_MESSAGE
        return prompt.build(self._persona.head, talk, words, room, self._count, note)

    def _read_later(self, history: Sequence[Exchange]) -> list[Exchange]:
        """The talk as the model may read it: without the numbers that were named, and the doubt."""
        said, doubt = self._guard.answers.in_history, self._wording.doubt
        return [Exchange(turn.owner, said(turn.companion.replace(doubt, "").strip())) for turn in history]

    def _as_written(self, number: int, turn: Exchange) -> Exchange:
        opening = self._openings.of(number, turn.owner)
        if opening is None or not turn.companion:
            return turn
        return Exchange(turn.owner, opening.written(self._leads.without(turn.companion)))


def _behind(last: Clause, more: Sequence[Clause]) -> Iterator[Clause]:
    """The `last` clause of a reply, and what is said behind it, if anything."""
    if last.text or not more:
        yield replace(last, last=not more)
    yield from more


def _fixed(answer: FixedAnswer) -> Iterator[Clause]:
    """An answer for safety's sake, in the voice that is right for it."""
    first, *more = _said(answer.text, style=SAFE_STYLES.get(answer.kind, "neutral"))
    yield replace(first, safety=answer.kind)
    yield from more


def _said(answer: str, *, aside: bool = False, style: str = "neutral") -> Iterator[Clause]:
    """An answer that no model writes, sentence by sentence."""
    pieces = sentences(answer) or [""]
    for number, piece in enumerate(pieces, 1):
        yield Clause(piece, last=number == len(pieces), aside=aside, style=style)
