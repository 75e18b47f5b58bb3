"""Plans the turns of one talk with what is known of this owner, and learns from what they say next."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from companion.dialogue.strategy.learning import Tastes, reward
from companion.dialogue.strategy.planner import Plan, Situation, plan


@dataclass(frozen=True, slots=True)
class _Used:
    """A plan that was followed in turn `number`, and how pleasant that turn had sounded, -1…1."""

    number: int
    plan: Plan
    valence: float


class Learner:
    """One talk's `tastes`, and the plan that the owner's next words will judge."""

    def __init__(self, tastes: Tastes, seed: int | None = None) -> None:
        """`seed`: None draws differently every time."""
        self.tastes = tastes
        self._rng = random.Random(seed)
        self._used: _Used | None = None

    def plan(self, situation: Situation, before: Sequence[Plan], *, asks: bool = True) -> Plan:
        """How to answer; what is not known yet is as good as its place among what fits. `asks`: see `planner.plan`."""
        return plan(situation, before, self.tastes.draw(self.tastes.arms, self._rng), asks=asks)

    def used(self, number: int, followed: Plan, valence: float) -> None:
        """Turn `number`, which sounded as pleasant as `valence`, is answered by this plan."""
        self._used = _Used(number, followed, valence)

    def judge(self, number: int, sign: float | None, valence: float, *, closed: bool = False) -> bool:
        """Learn from turn `number`, if it is the first after a plan; whether there was anything to learn."""
        used = self._used
        if used is None or number <= used.number:
            return False
        self._used = None
        worth = reward(sign, used.valence, valence, closed=closed)
        if worth is None:
            return False
        self.tastes = self.tastes.rewarded((used.plan.strategy, used.plan.style), worth)
        return True
