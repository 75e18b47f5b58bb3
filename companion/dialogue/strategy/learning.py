"""What helps this owner: a bandit over strategies and styles that learns from signs of relief, never from minutes.

Thompson sampling (Thompson 1933; Russo et al. 2018, Foundations and Trends in Machine Learning 11:1): every arm has a
Beta distribution of how often it helps; each turn one value is drawn from every arm, and the best drawn arm is used.
Old experience fades, so that a taste may change. Pure; the caller keeps the `Tastes` and the generator of numbers.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

FADING: Final = 0.97
"""What an arm keeps of its experience each time it is used: it rests on 33 uses, and follows a change in as many."""

_PRIOR: Final = 1.0
"""Of help and of no help, before anything is known: any share is as likely as any other."""

_RELIEF: Final = 0.5
"""Rise of valence from one turn to the next that is as good as being told that it helped; the scale is -1…1."""


@dataclass(frozen=True, slots=True)
class Arm:
    """How often something `helped`, and how often it did `not_`, in fading counts."""

    helped: float = 0.0
    not_: float = 0.0


@dataclass(frozen=True, slots=True)
class Tastes:
    """All arms by name: strategies, and styles of the voice."""

    arms: Mapping[str, Arm] = field(default_factory=dict)

    def draw(self, names: Iterable[str], rng: random.Random) -> dict[str, float]:
        """One value 0…1 for each of `names`, from what is known of it."""
        known = ((name, self.arms.get(name, Arm())) for name in names)
        return {name: rng.betavariate(_PRIOR + arm.helped, _PRIOR + arm.not_) for name, arm in known}

    def rewarded(self, names: Iterable[str], reward: float) -> Tastes:
        """After `names` were used together, with a `reward` of 0…1."""
        arms = dict(self.arms)
        for name in names:
            old = arms.get(name, Arm())
            arms[name] = Arm(FADING * old.helped + reward, FADING * old.not_ + 1 - reward)
        return replace(self, arms=arms)

    def without(self, name: str) -> Tastes:
        """Forget what was learned of one arm."""
        return replace(self, arms={key: arm for key, arm in self.arms.items() if key != name})

    def to_record(self) -> dict[str, list[float]]:
        """Plain values, for the store."""
        return {name: [arm.helped, arm.not_] for name, arm in self.arms.items()}

    @classmethod
    def from_record(cls, record: Mapping[str, Iterable[float]]) -> Tastes:
        """The inverse of `to_record`.

        Raises:
            TypeError: an arm has not two values.
        """
        return cls({name: Arm(*values) for name, values in record.items()})


def reward(sign: float | None, valence_before: float, valence_after: float, *, closed: bool) -> float | None:
    """What the owner's next words say of the last answer, 0…1; None: nothing.

    `sign`: 1 they say that it helped, 0 that it did not, None neither. Else valence that recovers from below zero
    counts, and a talk that came to its natural end, `closed`. The number of turns and their length never do.
    """
    if sign is not None:
        return sign
    if valence_before < 0:
        return min(1.0, max(0.0, 0.5 + (valence_after - valence_before) / (2 * _RELIEF)))
    return 0.75 if closed else None
