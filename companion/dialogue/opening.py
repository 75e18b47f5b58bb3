"""How a reply begins: the moment it answers, the plan for it, and the words that are said before the model's own."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from companion.dialogue import persona
from companion.dialogue.clauses import sentences
from companion.dialogue.llm import Choice
from companion.dialogue.persona import Persona
from companion.dialogue.restraint import said_before
from companion.dialogue.strategy.owner import Owner
from companion.dialogue.strategy.planner import GOOD, HARD, MIXED, Plan, Situation, tone_of
from companion.dialogue.strategy.wording import Wording
from companion.events import Affect, AffectReading, Exchange

TRUSTED: Final = 1_000_000_000
"""Parameters from which a model's sense of a feeling is believed by itself: one of 1.5 billion is hardly ever wrong
about sixty everyday openings where it is sure, one of 135 million calls two of three sad."""

LAST_RESORT: Final = frozenset({"suggestion", "information"})
"""Strategies whose own words are said where the model finds none, and never before."""

TAKE_UP: Final = frozenset({"reflection", "celebration"})
"""Strategies that may be put in a word of the owner's own."""

PLAIN: Final = "plain"
"""The moment of an ordinary day, in the persona of every language."""

QUESTION: Final = "question"
"""The moment in which something is asked, likewise."""

LATELY: Final = 3
"""Turns in which a hard moment makes a glad one doubtful: "fourteen years we had him", behind a death, is none."""


@dataclass(frozen=True, slots=True)
class Opening:
    """How a reply begins: the moment, unsaid, and what is `said`; empty where the model finds the first words.

    `plan`: how the turn is answered. `close`: what is said at last. `asking`: what is asked where nothing else was.
    `instead`: what is said where the model wrote nothing fit to be said. `whole`: that is all of the reply.
    `taken_as`: the moment that it answers, which may be another than the model's. `unread`: see `llm.Choice`.
    """

    moment: str
    said: str
    plan: Plan
    close: str = ""
    asking: str = ""
    instead: str = ""
    whole: bool = False
    taken_as: str = ""
    unread: int = 0

    def written(self, said: str) -> str:
        """`said` as the model knows it: behind the moment and the instruction, as the examples of the persona stand."""
        return persona.in_moment(", ".join(filter(None, (self.moment, self.plan.instruction))), said)


@dataclass
class Openings:
    """Those of one talk, by the number of the turn and the owner's words."""

    wording: Wording
    owner: Owner
    _by_turn: dict[tuple[int, str], Opening] = field(default_factory=dict)

    def of(self, number: int, words: str) -> Opening | None:
        """How the reply to `words` in turn `number` began, if it did."""
        return self._by_turn.get((number, words))

    def keep(self, history: Sequence[Exchange]) -> None:
        """Forget those of turns that are not in `history`."""
        turns = {(number, exchange.owner) for number, exchange in enumerate(history)}
        self._by_turn = {turn: opening for turn, opening in self._by_turn.items() if turn in turns}

    def plan(
        self,
        history: Sequence[Exchange],
        words: str,
        choice: Choice,
        who: Persona,
        parameters: int,
        affect: Affect | None,
        *,
        careful: bool = False,
    ) -> Opening:
        """How `words` are answered behind `history`. `choice`: what the model, of so many `parameters`, calls the
        moment. What the reply is opened with stands in the persona, so that the voice can begin before the model has
        written a word. `careful`: the words may be of danger.
        """
        number, named = len(history), choice.option
        if named in (who.unknown, QUESTION) and not (self.wording.is_question(words) or self.wording.requests(words)):
            named = PLAIN  # nothing was asked
        felt = affect.words if affect is not None else None
        moment = persona.moment(named, choice.probability >= who.sure, felt, trusted=parameters >= TRUSTED)
        voice = affect.voice if affect is not None and affect.relative else None  # only against a usual that is known
        tone = tone_of(voice.valence, voice.arousal, affect.disagreement) if voice and affect else None
        earlier = [self._by_turn[turn] for turn in sorted(self._by_turn) if turn[0] < number]
        doubted = who.glad_by_words or any(opening.taken_as in HARD for opening in earlier[-LATELY:])
        if self.wording.belies(moment, words) or (moment in GOOD and doubted and not self._glad(words, felt)):
            moment = MIXED
        if moment == "angry" and self.wording.turns_on_self(words):
            moment = "sad"
        if self.wording.wants_quiet(words):
            moment, tone = "quiet", None
        elif self.wording.says_little(words) and not (history and history[-1].companion.endswith("?")):
            moment = "little"
        wants_advice = self.wording.wants_advice(words)
        asks = wants_advice or "?" in words or self.wording.requests(words)
        if not (moment or asks) and parameters < who.alone_below:
            moment = MIXED  # what such a model writes without a moment is beside the point more often than not
        situation = Situation(moment, wants_advice, wants_advice and self.wording.burdens(words), tone)
        plan = self.owner.plan(situation, [opening.plan for opening in earlier], may_ask=not careful)
        turn = _turn(history, words)
        if tone is not None and plan.of_tone:
            opening = Opening(named, _as_planned(self.wording.tone(tone, turn), plan), plan, whole=True)
        else:
            opening = self._in_words(named, moment, words, turn, plan, who.openers)
        if careful:
            opening = self._with_care(opening, moment, turn)
        self._by_turn[number, words] = replace(opening, taken_as=moment, unread=choice.unread)
        return self._by_turn[number, words]

    def _glad(self, words: str, felt: AffectReading | None) -> bool:
        """Whether the words themselves are glad, or tell of what makes people so."""
        return persona.clear_feeling(felt) == "happy" or self.wording.tells_good_news(words)

    def _with_care(self, opening: Opening, moment: str, turn: int) -> Opening:
        """What of `opening` answers words that may be of danger: understanding for what is hard, or else that it
        listens. Nothing is asked, and the model adds nothing: it called "I'm done with all of it" great news.
        """
        if moment in HARD and opening.said:
            return replace(opening, close="", asking="", whole=True)
        listening = self.wording.line("presence", moment, turn, self._welcome)
        return Opening(opening.moment, listening, Plan("presence", None, "gentle", "it may be of danger"), whole=True)

    def _in_words(
        self, named: str, moment: str, words: str, turn: int, plan: Plan, openers: Mapping[str, Sequence[str]]
    ) -> Opening:
        """`named`: what the model calls the moment; `moment`: that where it is sure. `turn`: which of the lines."""

        def fit(line: str) -> bool:
            return self._welcome(line) and not self.wording.speaks_to(line, words)

        line = self.wording.line
        own = self.owner.preferences.words if turn % 2 else {}  # in every other turn, but for a word just said
        taken_up = self.wording.taken_up(moment, words, own, fit) if plan.strategy in TAKE_UP else ""
        fitting = [opener for opener in openers.get(moment, ()) if fit(opener)]
        opener = _as_planned(fitting[turn % len(fitting)], plan) if fitting and plan.strategy != "suggestion" else ""
        first = line(plan.strategy, moment, turn, fit) if plan.strategy not in LAST_RESORT else ""
        said = taken_up or first or opener
        return Opening(
            named,
            said,
            plan,
            close=line("presence", moment, turn, fit) if plan.then == "presence" else "",
            asking=line("question", moment, turn, fit) if plan.asks else "",
            instead=self._instead(plan, moment, words, turn, begun=bool(said)),
            whole=plan.strategy == "presence" and bool(said),
        )

    def _instead(self, plan: Plan, moment: str, words: str, turn: int, *, begun: bool) -> str:
        """What is said where the model has no answer to what was asked, or nothing to say to what was told."""
        if plan.advises:
            return self.wording.line("suggestion", moment, turn, self._welcome)
        if plan.owes_answer(words):
            return self.wording.line("information", moment, turn, self._welcome)
        told = not (begun or "?" in words or self.wording.requests(words))
        return self.wording.line("going-on", moment, turn, self._welcome) if told else ""

    def _welcome(self, line: str) -> bool:
        """Whether the owner has not disliked a sentence of this `line`."""
        return said_before([line]).isdisjoint(said_before(self.owner.disliked))


def _turn(history: Sequence[Exchange], words: str) -> int:
    """Counts on from turn to turn, in every talk from another number: two talks do not begin alike."""
    first = history[0].owner if history else words
    return len(history) + zlib.crc32(first.encode())


def _as_planned(text: str, plan: Plan) -> str:
    """`text` without the question that this plan does not ask."""
    return " ".join(sentence for sentence in sentences(text) if plan.asks or "?" not in sentence)
