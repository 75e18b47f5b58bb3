"""Simulated owners with hidden tastes: does what is learned come near what helps them, and follow when that changes?

An owner is helped by each style with a probability of their own, drawn anew for every owner. Each turn the planner
meets a hard moment, chooses a style with what the `Learner` knows, and is told whether it helped. Regret is the mean
share of help missed in a turn against an owner whose taste is known; fixed is the planner without learning.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import mean

from companion.dialogue.strategy.learner import Learner
from companion.dialogue.strategy.learning import Tastes
from companion.dialogue.strategy.planner import Situation, plan

STYLES = ("gentle", "warm", "calm")
"""What fits where the moment is sad."""

_SITUATION = Situation("sad")
_TURNS = 200
_LATE = 50
"""Turns at the end of each half in which learning should be done."""


@dataclass(frozen=True, slots=True)
class Result:
    """Over `n` owners. `regret`: all of the first half; `late`: its last turns; `flipped`: the last turns of a second
    half, in which the taste is turned round; `reset`: the first turns after everything was unlearned.
    """

    n: int
    regret: float
    regret_fixed: float
    late: float
    flipped: float
    reset: float


def run(owners: int = 200, seed: int = 1) -> Result:
    """Live with every owner for a while."""
    rng = random.Random(seed)
    lives = [_live({style: rng.uniform(0.1, 0.9) for style in STYLES}, rng) for _ in range(owners)]
    means = (round(mean(values), 3) for values in zip(*lives, strict=True))
    return Result(owners, *means)


def _live(taste: Mapping[str, float], rng: random.Random) -> tuple[float, float, float, float, float]:
    learner = Learner(Tastes(), rng.randrange(2**32))
    best = max(taste.values())
    first = [_turn(learner, taste, rng, number) for number in range(_TURNS)]
    turned = {style: 1 - share for style, share in taste.items()}
    second = [_turn(learner, turned, rng, _TURNS + number) for number in range(_TURNS)]
    learner.tastes = Tastes()
    third = [_turn(learner, turned, rng, 2 * _TURNS + number) for number in range(_LATE)]
    fixed = best - taste[plan(_SITUATION).style]
    return mean(first), fixed, mean(first[-_LATE:]), mean(second[-_LATE:]), mean(third)


def _turn(learner: Learner, taste: Mapping[str, float], rng: random.Random, number: int) -> float:
    """One turn's regret."""
    chosen = learner.plan(_SITUATION, ())
    learner.used(number, chosen, -0.5)
    learner.judge(number + 1, float(rng.random() < taste[chosen.style]), -0.5)
    return max(taste.values()) - taste[chosen.style]
