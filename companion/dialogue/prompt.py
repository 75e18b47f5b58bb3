"""What the language model is given to read, as messages: the stable head, the talk so far, the owner's words.

The order is what makes the KV cache useful: what never changes stands first, what changes every turn stands last. An
instruction for one turn or a recalled memory belongs after the history, in front of the owner's words, never in the
head: a token changed there costs the evaluation of everything behind it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from companion.events import Exchange

Count = Callable[[str], int]
"""The number of tokens of a text."""

PER_MESSAGE: Final = 6
"""Tokens that a chat template adds around a message, with some to spare: ChatML, the widest in use, adds five."""

_TRAILING_DOTS: Final = re.compile(r"\s*(\.{2,}|…)+\s*$")
_SENTENCE: Final = re.compile(r"[^.!?。]*(?:[.!?。]+|$)\s*")
_CONTROL: Final = re.compile(r"<\|?|\|?>")


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat, as chat templates know it."""

    role: Literal["system", "user", "assistant"]
    content: str


def build(
    head: Sequence[Message], history: Sequence[Exchange], words: str | None, room: int, count: Count, note: str = ""
) -> tuple[Message, ...]:
    """The messages of a turn, within `room` tokens for everything behind the head.

    `words` are the owner's; with None the messages end with the history, ready for words that are yet to come. `note`,
    what came to mind at these words, stands in front of them, and is gone from the prompt of the next turn. Whole
    exchanges are dropped, the oldest first and about half of them at once, because what moves has to be evaluated
    again; words that alone would take more than half of the room lose sentences from their middle.
    """
    turns, unanswered = _turns(history)
    said = [turn[0] for turn in turns]
    if words is not None:
        said.append(f"{unanswered} {plain(words)}".strip())
    longest = room // 2
    said = [shorten(text, longest, count) for text in said]
    if note and words is not None:
        said[-1] = f"{plain(note)} {said[-1]}"
    heard = [turn[1] for turn in turns]
    messages = list(head)
    for index in range(_first_kept(said, heard, room, count), len(said)):
        messages.append(Message("user", said[index]))
        messages += [Message("assistant", text) for text in heard[index : index + 1]]
    return tuple(messages)


def plain(text: str) -> str:
    """`text` without what a chat template would read as a control token, and on one line."""
    return " ".join(_CONTROL.sub(" ", text).split())


def shorten(text: str, limit: int, count: Count) -> str:
    """`text` within `limit` tokens: its first and its last sentences, the end being what an answer is about.

    A quarter of the room goes to the beginning. Text without sentence ends is cut between words.
    """
    if count(text) <= limit:
        return text
    parts = [part for part in _SENTENCE.findall(text) if part]
    if max(map(count, parts)) > limit // 4:
        parts = re.findall(r"\S+\s*", text)
    first = _take(parts, limit // 4, count)
    last = _take(parts[len(first) :][::-1], limit - limit // 4 - 2, count)[::-1]
    return "".join(first).rstrip() + " " + "".join(last).strip()


def _take(parts: Sequence[str], limit: int, count: Count) -> list[str]:
    """As many of `parts` from the start as fit into `limit` tokens."""
    taken: list[str] = []
    used = 0
    for part in parts:
        used += count(part)
        if used > limit:
            break
        taken.append(part)
    return taken


def _turns(history: Sequence[Exchange]) -> tuple[list[tuple[str, str]], str]:
    """The history as what was said and what was heard, and what was said since then without an answer.

    An answer of which nothing was heard has no place here: an empty one would teach the model to be silent, and
    trailing dots would teach it to write dots. Its question joins the owner's next words.
    """
    turns: list[tuple[str, str]] = []
    unanswered = ""
    for exchange in history:
        said = f"{unanswered} {plain(exchange.owner)}".strip()
        heard = plain(_TRAILING_DOTS.sub("", exchange.companion))
        if heard:
            turns.append((said, heard))
        unanswered = "" if heard else said
    return turns, unanswered


def _first_kept(said: Sequence[str], heard: Sequence[str], room: int, count: Count) -> int:
    """Index of the oldest exchange that is kept.

    The walk goes through the whole talk as it grew: what is dropped thus depends on the talk alone, and stays the same
    from turn to turn until the room is full again.
    """
    first = kept = 0
    sizes: list[int] = []
    for index, words in enumerate(said):
        size = count(words) + PER_MESSAGE
        if kept + size > room:
            while kept > room - room // 2 - PER_MESSAGE:
                kept -= sizes[first]
                first += 1
        if index < len(heard):
            sizes.append(size + count(heard[index]) + PER_MESSAGE)
            kept += sizes[-1]
    return first
