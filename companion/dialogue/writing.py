"""What the model writes of a reply, held to what is fit to be said."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from companion.dialogue.clauses import ClauseSplitter
from companion.dialogue.llm import Sampling
from companion.dialogue.needs import Cancelled, Model
from companion.dialogue.opening import Opening
from companion.dialogue.persona import Persona
from companion.dialogue.prompt import Message
from companion.dialogue.restraint import SENTENCES, Restraint
from companion.dialogue.safety.claims import claims
from companion.dialogue.safety.guard import Guard
from companion.dialogue.spoken import SpokenForm
from companion.dialogue.strategy.owner import Owner
from companion.dialogue.strategy.preferences import Length
from companion.dialogue.strategy.wording import Wording
from companion.events import Exchange
from companion.settings import Language

RECENT: Final = 4
"""Turns within which no longer sentence is said twice: small models ask the same question after every answer."""

LENGTHS: Final[Mapping[Length, int]] = {"short": 2, "usual": SENTENCES, "long": 5}
"""Sentences of a reply at most."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Lets the `model` write in one language. `companion` and `name`: what it and its owner are called."""

    model: Model
    sampling: Sampling
    language: Language
    companion: str
    name: str
    persona: Persona
    wording: Wording
    owner: Owner
    guard: Guard

    def write(
        self,
        messages: Sequence[Message],
        history: Sequence[Exchange],
        words: str,
        opening: Opening,
        cancelled: Cancelled,
        began: Callable[[], None],
    ) -> Iterator[str]:
        """What the model writes to `messages`, which end with the owner's `words` behind `history`: clause by clause,
        as far as it is fit to be said. `began` is called at its tokens.

        Where nothing of it was, it is asked once more, to choose its words more freely.
        """
        written = opening.written(opening.said)
        usual = replace(self.sampling, lately=tuple(turn.companion for turn in history[-RECENT:]))
        for sampling in (usual, usual.freer()):
            restraint = self._restraint(history, words, opening)
            with closing(self.model.stream(messages, sampling, cancelled, written)) as pieces:
                fit = yield from self._fit(pieces, restraint, cancelled, began, begun=bool(opening.said))
            if fit or cancelled():
                break
        if cancelled():
            return
        if restraint.lied:
            yield self.guard.answers.identity("claimed")
        elif not fit and opening.instead:
            yield opening.instead
        elif not (fit or opening.said or opening.close or opening.asking):
            yield self.persona.lost[len(history) % len(self.persona.lost)]

    def _restraint(self, history: Sequence[Exchange], words: str, opening: Opening) -> Restraint:
        """What holds back the words behind this `opening`."""
        answers = [turn.companion for turn in history[-RECENT:]]
        unwanted = [*answers, *map(self.guard.answers.in_history, answers), *self.owner.disliked]
        hollow = [self.persona.cliches, *self.wording.unfitting(opening.plan, opening.taken_as)]
        lies = partial(claims, language=self.language)
        longest = LENGTHS[self.owner.preferences.answers]
        plan = opening.plan
        owed = plan.owes_answer(words)
        told = history[-1].owner if history else ""
        restraint = Restraint(
            words, hollow, unwanted, lies, may_ask=plan.asks, owes_answer=owed, told=told, sentences=longest
        )
        restraint.admit(opening.said)
        return restraint

    def _fit(
        self,
        pieces: Iterable[str],
        restraint: Restraint,
        cancelled: Cancelled,
        began: Callable[[], None],
        *,
        begun: bool,
    ) -> Generator[str, None, bool]:
        """What of `pieces` the `restraint` lets pass, clause by clause; returns whether anything did.

        `begun`: they go on from an opening.
        """
        spoken = SpokenForm(self.language, self.companion, self.name)
        splitter = ClauseSplitter(begun=begun)
        fit = False
        for piece in pieces:
            began()
            for written in splitter.feed(spoken.feed(piece)) or splitter.early():
                for text in restraint.admit(written):
                    yield text
                    fit = True
            if restraint.done or spoken.ended:
                break
        if cancelled():
            return fit
        left = splitter.feed(spoken.flush()) + splitter.flush()
        rest = [text for written in left for text in restraint.admit(written)] + restraint.flush()
        yield from rest
        return fit or bool(rest)
