"""How long this owner pauses within a turn: a running distribution, which begins as other people's."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

PRIOR = 0.45
"""Seconds: the median of 250 pauses of 0.2 s and more in English and Korean read speech and talks (40 speakers)."""

_PRIOR_WEIGHT = 6  # pauses of the owner's that weigh as much as what is known of others
_MEMORY = 60  # pauses after which the oldest count less and less: people speak differently on different days
_SHAPE = 4.0  # of the log-logistic distribution, fitted to the same pauses: half of them lie within 0.34…0.59 s

SHORTEST, LONGEST = 0.2, 2.5
"""Seconds. A shorter one is part of speaking, a longer one an interruption from outside."""

COUNTED = 1.0
"""Seconds. A longer one counts like this: one thoughtful silence should not make every answer after it late."""


@dataclass(frozen=True, slots=True)
class Pauses:
    """`log_sum`: of the natural logarithms of the lengths in seconds; `count`: how many, at most `_MEMORY`."""

    log_sum: float = 0.0
    count: float = 0.0

    @property
    def median(self) -> float:
        """Seconds; shrunk to `PRIOR` while little is known."""
        return math.exp((self.log_sum + _PRIOR_WEIGHT * math.log(PRIOR)) / (self.count + _PRIOR_WEIGHT))

    def observe(self, length: float) -> Pauses:
        """A pause of `length` seconds was followed by more of the same turn, or we cut in on one of that length."""
        if not SHORTEST <= length <= LONGEST:
            return self
        kept = min(1.0, (_MEMORY - 1) / self.count) if self.count else 1.0
        return Pauses(self.log_sum * kept + math.log(min(length, COUNTED)), self.count * kept + 1)

    def outlasting(self, share: float) -> float:
        """Seconds, at least `SHORTEST`, that only `share` (0…1) of the pauses of `SHORTEST` and more outlast."""
        if share >= 1:
            return SHORTEST
        odds = (1 + (SHORTEST / self.median) ** _SHAPE) / max(share, 1e-6) - 1
        return max(SHORTEST, self.median * math.pow(odds, 1 / _SHAPE))

    def record(self) -> dict[str, float]:
        """In writing, for the owner's memory."""
        return {"log_sum": self.log_sum, "count": self.count}

    @classmethod
    def restore(cls, record: object) -> Pauses:
        """What `record` wrote; what is no such thing is passed over."""
        if not isinstance(record, Mapping):
            return cls()
        log_sum, count = record.get("log_sum"), record.get("count")
        if not (isinstance(log_sum, int | float) and isinstance(count, int | float) and 0 <= count <= _MEMORY):
            return cls()
        known = cls(float(log_sum), float(count))
        return known if math.isfinite(log_sum) and SHORTEST <= known.median <= LONGEST else cls()
