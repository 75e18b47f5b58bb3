"""Looks at what the owner said before anything else does, and answers in code what no model may answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from companion.dialogue.safety.answers import Answers
from companion.dialogue.safety.classifier import Classifier
from companion.dialogue.safety.crisis import CrisisDetector, Kind, Valence, even
from companion.dialogue.safety.helplines import helpline, likely_country
from companion.dialogue.safety.signs import Signs
from companion.events import Exchange
from companion.settings import Language

SafetyKind = Literal["crisis", "crisis-again", "check-in", "goodbye", "identity", "medicine", "disclosure", "voice-off"]
"""As in `companion.events.Safety`."""

_RECENT: Final = 20
"""Turns in which earlier words of danger are looked for, so that the same answer is not given twice, and it does not
check in twice, and so that who asks then whom to turn to is told."""


@dataclass(frozen=True, slots=True)
class FixedAnswer:
    """What is said, and why no model was asked."""

    kind: SafetyKind
    text: str


class Guard:
    """Holds no state: the same talk gets the same answers."""

    def __init__(
        self,
        language: Language,
        companion: str,
        country: str | None = None,
        valence: Valence = even,
        plain: Callable[[str], bool] = lambda words: False,
    ) -> None:
        """`country`: ISO 3166, two letters; None asks the computer's clock and language. `valence`: of words. `plain`:
        whether words are known to ask for something else, and for nothing beside it, so that only what a pattern finds
        in them is of danger: "are you still there?" is no cry for help, whatever a classifier hears in it.
        """
        self.answers = Answers(language, helpline(country or likely_country(language), language), companion)
        self._crisis = CrisisDetector(language, Classifier.load(language), valence)
        self._signs = Signs(language)
        self._plain = plain

    def urgent(self) -> list[FixedAnswer]:
        """What is said in danger, for the voice to have its beginning ready."""
        crises = [FixedAnswer("crisis", self.answers.crisis(kind, 0)) for kind in get_args(Kind)]
        offers = dict.fromkeys(  # they come a turn later
            FixedAnswer("crisis-again", self.answers.offer(kind, asked_to_call=asked))
            for asked in (False, True)
            for kind in get_args(Kind)
        )
        return [*crises, FixedAnswer("medicine", self.answers.medicine()), *offers]

    def answer(self, history: Sequence[Exchange], words: str, *, at_once: bool = True) -> FixedAnswer | None:
        """The answer to `words` behind `history`; None where the model may answer.

        `at_once`: nothing was said between the last turn of `history` and these words.
        """
        if (of_danger := self._answer_to_danger(history, words, at_once=at_once)) is not None:
            return of_danger
        if self._signs.calls_for_help(words):
            return FixedAnswer("crisis-again", self.answers.offer("medical", asked_to_call=True))
        if (of_medicine := self._answer_on_medicine(history, words)) is not None:
            return of_medicine
        asked = self._signs.identity(words)
        if asked is not None:
            return FixedAnswer("identity", self.answers.identity(asked))
        farewell = self._signs.goodbye(words)
        if farewell is not None:
            return FixedAnswer("goodbye", self.answers.goodbye(farewell, len(history)))
        return None

    def _answer_to_danger(self, history: Sequence[Exchange], words: str, *, at_once: bool) -> FixedAnswer | None:
        """The answer to words of danger, and to what is said after them; None where there is none."""
        just_before = any(self._recent_dangers(history, 1))
        if just_before and self._denies(words):
            return FixedAnswer("crisis-again", self.answers.let_be())
        kind = self._danger(history, words, at_once=at_once)
        if kind is not None:
            times = sum(before == kind for before in self._recent_dangers(history, _RECENT))
            return FixedAnswer("crisis", self.answers.crisis(kind, times))
        asked_who = at_once and self._checked_in(history) and (self._signs.asks_who(words) or self._signs.call(words))
        asks_for_help = self._signs.asks_for_help(words)
        if not (asked_who or just_before or asks_for_help):
            return None
        dangers = [before for before in self._recent_dangers(history, _RECENT) if before is not None]
        if not (dangers or asked_who):
            return None
        asked_to_call = self._signs.call(words) and not asks_for_help
        offer = self.answers.offer(dangers[-1] if dangers else "suicide", asked_to_call=asked_to_call)
        return FixedAnswer("crisis-again", offer)

    def in_doubt(self, history: Sequence[Exchange], words: str) -> bool:
        """Whether `words` may be of danger, however lately that was spoken of: nothing light is said to them."""
        return not self._is_plain(words) and self._crisis.unsure(words, _before(history)) is not None

    def near_danger(self, history: Sequence[Exchange], words: str) -> bool:
        """Whether they may be, or stand right behind what was, or might have been."""
        return self.in_doubt(history, words) or self._checked_in(history) or any(self._recent_dangers(history, 1))

    def check_in(self, history: Sequence[Exchange], words: str) -> FixedAnswer | None:
        """What ends the answer to `words` that may be of danger; None where they are not, or where it was said lately.

        One sentence behind what else is said, which asks nothing then: whoever is in danger needs no more than to say
        yes, and who is not may go on.
        """
        recent = history[-_RECENT:]
        if not self.in_doubt(history, words):
            return None
        if any(self.answers.checked_in(turn.companion) for turn in recent):
            return None
        if any(self._recent_dangers(history, _RECENT)):
            return None
        return FixedAnswer("check-in", self.answers.check_in())

    def _answer_on_medicine(self, history: Sequence[Exchange], words: str) -> FixedAnswer | None:
        if self._signs.medicine(words) or (self._advised_none(history) and self._signs.more_of_medicine(words)):
            return FixedAnswer("medicine", self.answers.medicine())
        if self._signs.stopped_medicine(words):
            return FixedAnswer("medicine", self.answers.stopped_medicine())
        return None

    def _advised_none(self, history: Sequence[Exchange]) -> bool:
        """Whether the last answer was that it gives no advice on medicines."""
        said = history[-1].companion if history else ""
        return any(one in said for one in (self.answers.medicine(), self.answers.stopped_medicine()))

    def _danger(self, history: Sequence[Exchange], words: str, *, at_once: bool = True) -> Kind | None:
        """What danger `words` speak of, behind words that may have been of one too, or own up to behind a check-in.

        A bare yes speaks of none by itself.
        """
        if self._signs.says_yes(words):
            kind = None
        elif self._is_plain(words):
            kind = self._crisis.named(words)
        else:
            kind = self._crisis.kind(words, _before(history) if at_once else None)
        if kind is not None or not at_once or not self._checked_in(history):
            return kind
        asked = "?" in history[-1].companion  # then a bare yes answers that
        if not self._signs.owns_up(words, to_a_question=asked):
            return None
        # Of which kind was only guessed: but for violence the words for suicide fit the others too.
        return "danger" if self._crisis.unsure(history[-1].owner) == "danger" else "suicide"

    def _is_plain(self, words: str) -> bool:
        """Whether `words` ask for something else, or about itself, and say nothing beside it."""
        return self._plain(words) or self._signs.only_about_it(words)

    def _denies(self, words: str) -> bool:
        """Whether `words` say that no danger was meant, and speak of none themselves."""
        left = self._signs.without_denial(words)
        return left is not None and self._crisis.kind(left) is None

    def _checked_in(self, history: Sequence[Exchange]) -> bool:
        return bool(history) and self.answers.checked_in(history[-1].companion)

    def _recent_dangers(self, history: Sequence[Exchange], turns: int) -> Iterator[Kind | None]:
        """What danger each of the last `turns` of `history` was answered as."""
        for number in range(max(0, len(history) - turns), len(history)):
            yield self._danger(history[:number], history[number].owner)


def _before(history: Sequence[Exchange]) -> str | None:
    """The owner's words in the turn before, if there was one."""
    return history[-1].owner if history else None
