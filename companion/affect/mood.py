"""A mood that moves slowly, out of feelings that come and go. Pure; the caller keeps the `Mood` and knows the time.

Every feeling pulls the mood towards itself, the more the surer it was; left alone, the mood returns to the owner's
usual, which itself moves over weeks.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

HOUR_S = 3600.0

DECAY_S = 6 * HOUR_S
"""Time constant of the return to the usual: moods last hours to a day, emotions minutes (Verduyn et al. 2015)."""

WEIGHT = 4.0
"""Sure feelings a mood stands for at most: one new one moves it by a fifth of the way."""

USUAL_S = 21 * 24 * HOUR_S
"""Time constant of the usual: three weeks, so that a bad day stays a bad day."""


@dataclass(frozen=True, slots=True)
class Mood:
    """`valence`, `arousal`: −1…1. `weight`: sure feelings it rests on, 0 … `WEIGHT`. `at`: seconds since 1970, UTC.

    `usual_valence`, `usual_arousal`: where the mood returns to.
    """

    valence: float = 0.0
    arousal: float = 0.0
    weight: float = 0.0
    at: float = 0.0
    usual_valence: float = 0.0
    usual_arousal: float = 0.0

    def to_record(self) -> dict[str, float]:
        """Plain values, for the store."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Mood:
        """The inverse of `to_record`.

        Raises:
            TypeError: the record has other fields.
        """
        return cls(**record)


def at(mood: Mood, now: float) -> Mood:
    """The mood at `now`, with nothing heard since: a part of the way back to the usual. The past changes nothing."""
    passed = max(0.0, now - mood.at) if mood.at else 0.0
    left = math.exp(-passed / DECAY_S)
    return replace(
        mood,
        valence=mood.usual_valence + (mood.valence - mood.usual_valence) * left,
        arousal=mood.usual_arousal + (mood.arousal - mood.usual_arousal) * left,
        weight=mood.weight * left,
        at=max(now, mood.at),
    )


def moved(mood: Mood, valence: float, arousal: float, confidence: float, now: float) -> Mood:
    """The mood after a feeling heard at `now`; `confidence` 0 moves nothing."""
    before = at(mood, now)
    if confidence <= 0:
        return before
    step = confidence / (max(before.weight, 1.0) + confidence)
    new_valence = before.valence + step * (valence - before.valence)
    new_arousal = before.arousal + step * (arousal - before.arousal)
    drift = 1 - math.exp(-(before.at - mood.at) / USUAL_S) if mood.at else 0.0
    return replace(
        before,
        valence=new_valence,
        arousal=new_arousal,
        weight=min(WEIGHT, before.weight + confidence),
        usual_valence=mood.usual_valence + drift * (new_valence - mood.usual_valence),
        usual_arousal=mood.usual_arousal + drift * (new_arousal - mood.usual_arousal),
    )
