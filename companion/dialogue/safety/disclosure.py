"""When to say again that it is a program: at the start of every session, and every three hours within it.

Because every session begins with it, nothing needs to be kept across restarts: no restart can make the time longer.
Three hours: New York General Business Law, article 47 (AI companion models), section 1702.
"""

from __future__ import annotations

from typing import Final

EVERY: Final = 3 * 60 * 60
"""Seconds."""


def due(last: float | None, now: float) -> bool:
    """Whether to say it at `now` when it was said at `last` (seconds of one clock; None: not in this session).

    A clock that was set back counts as three hours.
    """
    return last is None or not last <= now < last + EVERY
