"""Do others talk, or a television? Whoever talks with us lets us finish now and then, and listens."""

from __future__ import annotations

from collections import deque

from companion.events import samples

OVER = 4
"""Replies in a row that somebody talks down."""

LATELY = samples(60)
"""Samples of which it is asked how many held a voice."""

SHARE = 0.7
"""Share of them from which nobody seems to listen: in a talk it is half, and less."""


class Bystanders:
    """What a minute sounds like. One a session."""

    def __init__(self, window: int) -> None:
        """`window`: samples of which it is told at once whether they hold a voice."""
        self._least = SHARE * LATELY / window
        self._voiced: deque[bool] = deque(maxlen=LATELY // window)
        self._over = 0

    def hear(self, voiced: bool) -> None:
        """The next window of the microphone holds a voice, or none, whosever."""
        self._voiced.append(voiced)

    def reply_ended(self, *, talked_down: bool) -> bool:
        """Whether it seems so, now that another reply has ended. Told once; then it counts anew."""
        self._over = self._over + 1 if talked_down else 0
        if self._over < OVER or sum(self._voiced) < self._least:
            return False
        self._over = 0
        return True
