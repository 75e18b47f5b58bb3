"""Are the words a whole sentence? What a small language model expects behind them: a full stop, or more.

A turn may end where its grammar is complete, where its sound is, and where it has made its point (Ford & Thompson
1996, Interactional units in conversation); Smart Turn hears the sound, this reads the grammar. Words are read ahead
while they are spoken, so that in a pause only the last ones are new. A recogniser that sets a comma or a capital
elsewhere when it knows more changes nothing for the grammar, and would have all words behind it read again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from companion.dialogue.llm import LanguageModel
from companion.dialogue.prompt import Message

CONTEXT: Final = 256
"""Tokens: a sentence of the longest window, and some to spare."""

_WINDOW: Final = 40
"""Words that are read at least; the window moves on by as many, so that what was read ahead stays valid."""

_HEAD: Final = Message("system", "The user speaks in whole sentences.")
_CLOSES: Final = re.compile(r"\s?[.!?][^\w\s]?")
_TRAILING: Final = ".,!?;:…-\"' "


class Completion:
    """One a session, on a model of its own. To be used from one thread at a time."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model
        self._stops = model.tokens_that(lambda text: _CLOSES.fullmatch(text) is not None)
        self._followed: list[str] = []

    def follow(self, words: str, cancelled: Callable[[], bool]) -> None:
        """Read how a turn begins; its last word may still change."""
        self._followed = spelled_alike(words.split()[:-1], self._followed)
        self._model.prefill(_messages(self._followed), cancelled, begun=True)

    def ends(self, words: str, cancelled: Callable[[], bool]) -> float | None:
        """Natural logarithm, at most 0, of the probability that the sentence ends with `words`; None if `cancelled`.

        Their own last full stop or comma is not looked at: a recogniser sets one behind whatever it is given.
        """
        spoken = spelled_alike(words.split(), self._followed)
        return self._model.goes_on_with(_messages(spoken), self._stops, cancelled)


def spelled_alike(words: list[str], before: list[str]) -> list[str]:
    """`words` with commas and capitals as in `before`, as far as they are the same words and sentences."""
    same = 0
    for word, other in zip(words, before, strict=False):
        if _bare(word) != _bare(other) or _closed(word) != _closed(other):
            break
        same += 1
    return before[:same] + words[same:]


def _bare(word: str) -> str:
    return word.strip(_TRAILING).lower()


def _closed(word: str) -> bool:
    return word.rstrip("\"'”’").endswith((".", "!", "?"))


def _messages(words: list[str]) -> tuple[Message, Message]:
    spoken = " ".join(words).rstrip(_TRAILING).split()
    first = max(0, len(spoken) // _WINDOW - 1) * _WINDOW
    return _HEAD, Message("user", " ".join(spoken[first:]))
