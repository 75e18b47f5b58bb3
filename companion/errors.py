"""What may go wrong in a way that a person can mend."""

from __future__ import annotations


class CompanionError(Exception):
    """Base of every error that reaches a person: the message is one line that says what happened and what to do.

    It never holds a word that was said. The command line prints it and exits with 1.
    """
