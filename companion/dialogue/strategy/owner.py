"""All that is learned of one owner by talking: what helps, which answers they liked, how they want to be talked with.

Everything is kept in the owner's memory under a name of its own, to be shown and unlearned by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Protocol

from companion.dialogue.strategy.learner import Learner
from companion.dialogue.strategy.learning import Tastes
from companion.dialogue.strategy.planner import Plan, Situation
from companion.dialogue.strategy.preferences import Preferences
from companion.dialogue.strategy.wishes import Wishes
from companion.dialogue.strategy.wording import Wording
from companion.events import Affect, Exchange

TASTES: Final = "tastes"
"""The name under which the owner's memory keeps what helps."""

ANSWER: Final = "answer."
"""Answers that the owner liked or did not are kept as answer.1, answer.2, …; preferences under their fields' names."""

_ANSWERS: Final = 50
"""Answers that are kept; the oldest goes first."""

_FOLLOWS: Final = 0.04
"""Of the voice's rate, for one standard deviation of the owner's above their usual: people who get on come a part of
the way to each other's rate (Street 1984, Human Communication Research 11:139)."""

_FOLLOWS_AT_MOST: Final = 0.1
_FOLLOWS_IN: Final = 3
"""Turns over which the owner's rate is averaged."""

_FOLLOWS_BY: Final = 0.05
"""In steps, about as much as is heard to be another rate at all: what was made of a rate beforehand is of use again."""


class Profile(Protocol):
    """Where it is kept."""

    def all_learned(self) -> Mapping[str, Any]:
        """Everything that was learned, by name."""

    def learn(self, name: str, value: Any) -> None:
        """Keep what was learned, in the place of what was there; None: unlearn it."""


@dataclass(frozen=True, slots=True)
class JudgedAnswer:
    """An answer of which the owner said that it helped, or that it did not, and how it was given."""

    text: str
    liked: bool
    strategy: str
    style: str


class Owner:
    """What is known of the owner in one talk, and the answer that their next words will judge."""

    def __init__(
        self, wording: Wording, wishes: Wishes, profile: Profile | None = None, seed: int | None = None
    ) -> None:
        """`profile`: None keeps nothing beyond the talk. `seed`: None draws differently every time."""
        self._wording = wording
        self._wishes = wishes
        self._profile = profile
        self._learner = Learner(Tastes(), seed)
        self.preferences = Preferences()
        self._answers: dict[int, JudgedAnswer] = {}
        self.recall()
        self._followed: tuple[int, Plan] | None = None  # the last turn that had a plan
        self._heard = -1  # the last turn whose length was learned from
        self._following = self._step = 0.0

    def recall(self) -> None:
        """Know what the owner's memory holds, and nothing that was forgotten meanwhile."""
        if self._profile is None:
            return
        known = self._profile.all_learned()
        self.preferences = Preferences.from_record(known)
        self._learner.tastes = Tastes.from_record(known.get(TASTES, {}))
        answers = {name.removeprefix(ANSWER): value for name, value in known.items() if name.startswith(ANSWER)}
        self._answers = {int(number): JudgedAnswer(**value) for number, value in answers.items()}

    @property
    def disliked(self) -> tuple[str, ...]:
        """Answers whose sentences are not said again."""
        return tuple(answer.text for answer in self._answers.values() if not answer.liked)

    @property
    def pace(self) -> float:
        """Rate of the voice beside that of its style: as told, and a little as the owner speaks."""
        return self.preferences.pace * (1 + self._step)

    def wishes(self, words: str) -> bool:
        """Whether `words` are, in part, about the way of talking."""
        return bool(self._wishes.read(words)[0])

    def hear(
        self, history: Sequence[Exchange], words: str, affect: Affect | None, *, closed: bool = False
    ) -> str | None:
        """Learn from what the owner says behind `history`; what to say to it where it is only about the way of talking.

        `closed`: the talk comes to its natural end.
        """
        wishes, alone = self._wishes.read(words)
        if wishes:
            sign = 0.0 if any(one.wish == "do_not_say" for one in wishes) else None
        else:
            sign = self._wording.sign(words)
        valence = affect.valence if affect is not None else 0.0
        if sign is not None:
            self._judge(history, liked=sign > 0)
        if self._learner.judge(len(history), sign, valence, closed=closed):
            self._keep(TASTES, self._learner.tastes.to_record())
        preferences = self.preferences
        for one in wishes:
            preferences = preferences.wished(one.wish, one.name)
        if len(history) > self._heard and not alone:
            self._heard = len(history)
            preferences = preferences.heard(_letters(words), self._wording.own_words_in(words))
            self._follow(affect)
        self._prefer(preferences)
        return " ".join(dict.fromkeys(map(self._wishes.confirmed, wishes))) if alone else None

    def plan(self, situation: Situation, before: Sequence[Plan], *, may_ask: bool = True) -> Plan:
        """How to answer this owner. `may_ask`: whether a question fits this turn."""
        return self._learner.plan(situation, before, asks=may_ask and self.preferences.questions != "few")

    def answered(self, number: int, plan: Plan, valence: float) -> None:
        """Turn `number`, which sounded as pleasant as `valence`, is answered by this plan."""
        self._followed = number, plan
        self._learner.used(number, plan, valence)

    def _judge(self, history: Sequence[Exchange], *, liked: bool) -> None:
        """Remember the last answer for what the owner says of it, if it was one that followed a plan."""
        if self._followed is None or self._followed[0] != len(history) - 1 or not history[-1].companion:
            return
        text, plan = history[-1].companion, self._followed[1]
        same = next((number for number, answer in self._answers.items() if answer.text == text), None)
        number = same or max(self._answers, default=0) + 1
        self._answers[number] = JudgedAnswer(text, liked, plan.strategy, plan.style)
        self._keep(f"{ANSWER}{number}", asdict(self._answers[number]))
        if len(self._answers) > _ANSWERS:
            oldest = min(self._answers)
            del self._answers[oldest]
            self._keep(f"{ANSWER}{oldest}", None)

    def _prefer(self, preferences: Preferences) -> None:
        """Keep what has changed; what is as nobody said anything is not kept."""
        before, after, usual = (one.to_record() for one in (self.preferences, preferences, Preferences()))
        self.preferences = preferences
        for name, value in after.items():
            if value != before[name]:
                self._keep(name, None if value == usual[name] else value)

    def _follow(self, affect: Affect | None) -> None:
        """Come a little of the way to how fast the owner speaks today."""
        rate = affect.relative.get("rate", 0.0) if affect is not None else 0.0
        towards = min(_FOLLOWS_AT_MOST, max(-_FOLLOWS_AT_MOST, _FOLLOWS * rate))
        self._following += (towards - self._following) / _FOLLOWS_IN
        if abs(self._following - self._step) > 0.7 * _FOLLOWS_BY:  # not to and fro at the edge of a step
            self._step = round(self._following / _FOLLOWS_BY) * _FOLLOWS_BY

    def _keep(self, name: str, value: Any) -> None:
        if self._profile is not None:
            self._profile.learn(name, value)


def _letters(text: str) -> int:
    """Letters and digits, a Hangul syllable counting two."""
    return sum(2 if "가" <= letter <= "힣" else 1 for letter in text if letter.isalnum())
