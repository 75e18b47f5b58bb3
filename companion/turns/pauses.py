"""How long and how often this owner pauses within a turn, and how often we took that for the end.

All begin as other people's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

PRIOR = 0.45
"""Seconds: the median of 250 pauses of 0.2 s and more in English and Korean read speech and talks (40 speakers)."""

_PRIOR_WEIGHT = 6  # pauses of the owner's that weigh as much as what is known of others
_MEMORY = 60  # pauses after which the oldest count less and less: people speak differently on different days
_SHAPE = 4.0  # of the log-logistic distribution, fitted to the same pauses: half of them lie within 0.34…0.59 s

SHORTEST, LONGEST = 0.2, 2.5
"""Seconds. A shorter one is part of speaking, a longer one an interruption from outside."""

_CUT_INS, _TURNS = 0.5, 8.0  # what is known of others: as if we had cut in on half a turn of eight
_PAUSING, _PAUSING_TURNS = 0.3, 1.0  # and as if three turns in ten held a long pause: little, for people differ in it
_FADES = 0.9  # with every turn the ones before count less: ten of them, about

OFTEN, TOO_OFTEN = 0.13, 0.2
"""Shares of turns, shrunk to what is known of others. From the first on, which over a longer talk is a cut-in in every
fifth turn or so, the owner is given more time; from the second, three in ten, all there is. Read English has one in
fourteen."""

LONG = 0.6
"""Seconds. About as long as the usual policy waits where it is not sure: in a longer pause it cuts in."""

SOME, MOST = 0.3, 0.6
"""Shares of turns with a pause of `LONG` and more. From the first on the owner is given more time where it is not sure
that a turn is over; from the second all there is. Of the speakers of read English one has none in 60 turns, others one
in two or three."""

COUNTED = 1.0
"""Seconds. A longer one counts like this: one thoughtful silence should not make every answer after it late."""


@dataclass(frozen=True, slots=True)
class Pauses:
    """`log_sum`: of the natural logarithms of the lengths in seconds; `count`: how many, at most `_MEMORY`.

    `turns`: how many were answered, the latest counting most; `cut_ins`: those of them that were not over; `pausing`:
    those that held a pause of `LONG` and more, and `paused`, whether the turn that is being said did: it is counted at
    once.
    """

    log_sum: float = 0.0
    count: float = 0.0
    cut_ins: float = 0.0
    turns: float = 0.0
    pausing: float = 0.0
    paused: bool = False

    @property
    def median(self) -> float:
        """Seconds; shrunk to `PRIOR` while little is known."""
        return math.exp((self.log_sum + _PRIOR_WEIGHT * math.log(PRIOR)) / (self.count + _PRIOR_WEIGHT))

    def observe(self, length: float) -> Pauses:
        """A pause of `length` seconds was followed by more of the same turn, or we cut in on one of that length."""
        if not SHORTEST <= length <= LONGEST:
            return self
        kept = min(1.0, (_MEMORY - 1) / self.count) if self.count else 1.0
        return replace(
            self,
            log_sum=self.log_sum * kept + math.log(min(length, COUNTED)),
            count=self.count * kept + 1,
            paused=self.paused or length >= LONG,
        )

    def answered(self, *, cut_in: bool) -> Pauses:
        """A turn was answered; `cut_in`: not before we had cut in on it, be it once or again."""
        return replace(
            self,
            cut_ins=self.cut_ins * _FADES + cut_in,
            turns=self.turns * _FADES + 1,
            pausing=self.pausing * _FADES + self.paused,
            paused=False,
        )

    @property
    def cut_in_on(self) -> float:
        """How often we cut in on them lately: 0 (`OFTEN`, or less) … 1 (`TOO_OFTEN`)."""
        return _between((self.cut_ins + _CUT_INS) / (self.turns + _TURNS), OFTEN, TOO_OFTEN)

    @property
    def lingering(self) -> float:
        """How often they pause for long lately, this turn included once it did: 0 (`SOME`, or less) … 1 (`MOST`)."""
        pausing, turns = self.pausing + self.paused, self.turns + self.paused
        return _between((pausing + _PAUSING) / (turns + _PAUSING_TURNS), SOME, MOST)

    def outlasting(self, share: float) -> float:
        """Seconds, at least `SHORTEST`, that only `share` (0…1) of the pauses of `SHORTEST` and more outlast."""
        if share >= 1:
            return SHORTEST
        odds = (1 + (SHORTEST / self.median) ** _SHAPE) / max(share, 1e-6) - 1
        return max(SHORTEST, self.median * math.pow(odds, 1 / _SHAPE))

    def record(self) -> dict[str, float]:
        """In writing, for the owner's memory: between turns."""
        return {name: number for name, number in asdict(self).items() if name != "paused"}

    @classmethod
    def restore(cls, record: object) -> Pauses:
        """What `record` wrote; what is no such thing is passed over. Older versions counted no turns."""
        if not isinstance(record, Mapping):
            return cls()
        written = [record.get(name, 0.0) for name in ("log_sum", "count", "cut_ins", "turns", "pausing")]
        numbers = [float(number) for number in written if isinstance(number, int | float)]
        if len(numbers) < len(written) or not all(map(math.isfinite, numbers)):
            return cls()
        log_sum, count, cut_ins, turns, pausing = numbers
        known = cls(log_sum, count, cut_ins, turns, pausing)
        possible = 0 <= known.count <= _MEMORY and known.turns <= 1 / (1 - _FADES)
        possible &= 0 <= known.cut_ins <= known.turns and 0 <= known.pausing <= known.turns
        return known if possible and SHORTEST <= known.median <= LONGEST else cls()


def _between(share: float, some: float, most: float) -> float:
    """0 at `some` and below, 1 at `most` and above."""
    return min(1.0, max(0.0, (share - some) / (most - some)))
