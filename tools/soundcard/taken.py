"""A host that takes the processor away for moments, as the host of a virtual machine does when others need it.

    python -m tools.soundcard.taken 0 0.08    # core 0, 8 % of the time

On each core a process that no other is let in before holds it for 2 to 60 ms, again and again. Nothing that runs here
can do anything about it: callbacks come late, and the card runs dry.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from companion.errors import CompanionError

SHORTEST_S, LONGEST_S = 0.002, 0.06
"""Of a moment. On the machines that were measured stumbles of the card of 12 to 62 ms came of it."""


@contextmanager
def taken(share: float) -> Iterator[None]:
    """Take this share (0…1) of each core away, meanwhile.

    Raises:
        CompanionError: this user may not.
    """
    _require()
    command = [sys.executable, "-m", __name__]
    takers = [subprocess.Popen([*command, str(core), str(share)]) for core in sorted(os.sched_getaffinity(0))]
    try:
        yield
    finally:
        for taker in takers:
            taker.kill()
            taker.wait()


def _require() -> None:
    """That this user may go before everyone else."""
    was = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        _go_first()
    except PermissionError as error:
        raise CompanionError("only root may take the processor away: run it with sudo, or without --taken") from error
    os.sched_setscheduler(0, *was)


def _go_first() -> None:
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))


def take(core: int, share: float) -> None:
    """Take `share` of `core` away, until killed."""
    os.sched_setaffinity(0, {core})
    _go_first()
    chance = random.Random(core)
    while True:
        moment = chance.uniform(SHORTEST_S, LONGEST_S)
        until = time.monotonic() + moment
        while time.monotonic() < until:
            pass
        time.sleep(chance.uniform(0, 2) * moment * (1 - share) / share)


if __name__ == "__main__":
    take(int(sys.argv[1]), float(sys.argv[2]))
