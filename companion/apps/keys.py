"""Single keys of the terminal, read while a conversation runs, without waiting for Enter and without an echo."""

from __future__ import annotations

import os
import re
import select
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from companion.events import Key

KEYS: Final[dict[str, Key]] = {
    " ": "talk", "\r": "talk", "\n": "talk",
    "m": "mute", "M": "mute", "ㅡ": "mute",
    "s": "stop", "S": "stop", "ㄴ": "stop",
    "q": "quit", "Q": "quit", "ㅂ": "quit",
}  # fmt: skip
"""What each key asks for; on a Korean keyboard the same keys give these letters."""

_SEQUENCE: Final = re.compile(r"\x1b(?:\[[0-9;]*|O)?.?")
"""What an arrow or a function key sends: the letters in it mean nothing."""


def readable() -> bool:
    """Whether there is a terminal to read keys from, and it is ours: not a pipe, not a job in the background."""
    try:
        return sys.stdin.isatty() and os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError):
        return False


@contextmanager
def keys(press: Callable[[Key], None]) -> Iterator[None]:
    """Call `press`, from a thread of its own, with what the owner presses; the terminal is as it was afterwards.

    Does nothing where keys are not `readable`. Ctrl-C stays what it is.
    """
    if not readable():
        yield
        return
    import termios
    import tty

    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    over, end = os.pipe()
    reader = threading.Thread(target=_read, args=(terminal, over, press), name="keys", daemon=True)
    tty.setcbreak(terminal)
    reader.start()
    try:
        yield
    finally:
        os.close(end)
        reader.join()
        os.close(over)
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def _read(terminal: int, over: int, press: Callable[[Key], None]) -> None:
    """Until the other end of `over` is closed, or the terminal hangs up."""
    while True:
        ready, _, _ = select.select([terminal, over], [], [])
        if over in ready:
            return
        typed = os.read(terminal, 64).decode("utf-8", errors="ignore")
        if not typed:
            return
        for letter in _SEQUENCE.sub("", typed):
            if (key := KEYS.get(letter)) is not None:
                press(key)
