"""Whether a reply is begun in a pause that may not be the end of the turn. Work that a resumed voice throws away."""

from __future__ import annotations

from companion.events import samples

EARLIEST = samples(0.5)
"""Samples from the beginning of a turn before which nothing is begun: a first word is hardly ever all of it."""

MOST = 5
"""Replies that are begun in one turn. Read sentences need one or two (`companion bench latency`); who tells something
long pauses every few seconds, and what is thrown away each time costs both cores half a second."""


def worth_beginning(spoken: int, begun: int) -> bool:
    """`spoken`: samples since the turn began. `begun`: replies that were begun in it so far."""
    return spoken >= EARLIEST and begun < MOST
