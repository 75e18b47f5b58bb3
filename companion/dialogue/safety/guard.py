"""Looks at what the owner said before anything else does, and answers in code what no model may answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from companion.dialogue.safety.answers import Answers
from companion.dialogue.safety.classifier import Classifier
from companion.dialogue.safety.crisis import CrisisDetector, Kind
from companion.dialogue.safety.helplines import helpline, likely_country
from companion.dialogue.safety.signs import Signs
from companion.events import Exchange
from companion.settings import Language

SafetyKind = Literal["crisis", "crisis-again", "goodbye", "identity", "medicine", "disclosure", "voice-off"]
"""As in `companion.events.Safety`."""

_RECENT: Final = 20
"""Turns in which earlier words of danger are looked for, so that the same answer is not given twice."""


@dataclass(frozen=True, slots=True)
class FixedAnswer:
    """What is said, and why no model was asked."""

    kind: SafetyKind
    text: str


class Guard:
    """Holds no state: the same talk gets the same answers."""

    def __init__(self, language: Language, companion: str, country: str | None = None) -> None:
        """`country`: ISO 3166, two letters; None asks the computer's clock and language."""
        self.answers = Answers(language, helpline(country or likely_country(language), language), companion)
        self._crisis = CrisisDetector(language, Classifier.load(language))
        self._signs = Signs(language)

    def urgent(self) -> list[FixedAnswer]:
        """What is said in danger, for the voice to have its beginning ready."""
        crises = [FixedAnswer("crisis", self.answers.crisis(kind, 0)) for kind in get_args(Kind)]
        offers = [FixedAnswer("crisis-again", self.answers.offer(asked_to_call=asked)) for asked in (False, True)]
        return [*crises, FixedAnswer("medicine", self.answers.medicine()), *offers]  # offers come a turn later

    def answer(self, history: Sequence[Exchange], words: str) -> FixedAnswer | None:
        """The answer to `words` behind `history`; None where the model may answer."""
        kind = self._crisis.kind(words)
        if kind is not None:
            times = sum(self._crisis.kind(turn.owner) == kind for turn in history[-_RECENT:])
            return FixedAnswer("crisis", self.answers.crisis(kind, times))
        if history and self._crisis.kind(history[-1].owner) is not None:
            return FixedAnswer("crisis-again", self.answers.offer(asked_to_call=self._signs.call(words)))
        if self._signs.medicine(words):
            return FixedAnswer("medicine", self.answers.medicine())
        asked = self._signs.identity(words)
        if asked is not None:
            return FixedAnswer("identity", self.answers.identity(asked))
        farewell = self._signs.goodbye(words)
        if farewell is not None:
            return FixedAnswer("goodbye", self.answers.goodbye(farewell, len(history)))
        return None
