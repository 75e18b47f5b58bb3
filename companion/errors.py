"""What may go wrong in a way that a person can mend; and keeping to ourselves what no person can."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


class CompanionError(Exception):
    """Base of every error that reaches a person: the message is one line that says what happened and what to do.

    It never holds a word that was said. The command line prints it and exits with 1.
    """


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Keep C libraries from writing to the terminal for a while; our own errors come as exceptions."""
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(nowhere)
        os.close(kept)
