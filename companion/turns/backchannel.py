"""A sound of ours that says "go on" ("mm-hm"): when one is due in the owner's turn.

People make such sounds in pauses of the other's, every few seconds (Ward & Tsukahara 2000, Journal of Pragmatics
32:1177). A machine that does it too often, or at the wrong place, seems impatient: here it is rare, and only where the
turn surely goes on.
"""

from __future__ import annotations

from companion.events import samples
from companion.turns.words_end import Ending

AFTER = samples(6)
"""A turn of so many samples is a long one."""

EVERY = samples(12)
"""Samples between two of them."""

ROOM = samples(0.4)
"""Samples that must be left until we would answer: else it would run into the answer."""

UNFINISHED = 0.3
"""How complete the turn may sound at most, 0…1: not one that is about to be answered."""


def due(spoken: int, since_last: int | None, completeness: float | None, ending: Ending) -> bool:
    """Whether a pause of the owner's calls for one.

    `spoken`: samples since the turn began. `since_last`: since the last one of this turn, None: there was none.
    `completeness`: Smart Turn's, None: not known. `ending`: of the words. None while a number is dictated, or words are
    looked for: whatever is said then is in the way.
    """
    if completeness is None or completeness > UNFINISHED or ending in ("number", "hesitation", "closed"):
        return False
    return spoken >= AFTER and (since_last is None or since_last >= EVERY)
