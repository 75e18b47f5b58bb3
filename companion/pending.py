"""A turn that is not over, and what is kept of it when it is.

`dismissed`, `unanswered` and `answered` are the ways in which a turn ends; each says what is kept.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from companion.delivery import Delivery
from companion.dialogue.mind import Clause
from companion.events import Affect, Event, ReadingReady, Samples, TurnLatency
from companion.turns.heard import heard, heard_of_talk
from companion.turns.taking import Commit


@dataclass(slots=True)
class Turn:
    """The owner's turn, from the first voiced sample to the end of our reply."""

    number: int
    began: int  # sample number of its first voiced sample
    start: int  # and of the first that the recogniser got
    recent: deque[Samples]  # the last seconds, for Smart Turn
    asked_partial: int
    began_t: float = 0.0  # seconds since the start of the session
    background: float = 0.0  # level of the room before it, root mean square
    partial: str = ""
    standing: str = ""  # words that stood still over two captions, which the model has read
    voice_end_t: float = 0.0
    asked: int | None = None  # the revision for which words were asked for
    reading: ReadingReady | None = None
    listening: bool = False  # the voice is being measured
    tone: Any = None  # the features of its voice, where it was listened to
    affect: Affect | None = None
    read_at: float = 0.0
    commit: Commit | None = None
    committed_at: float = 0.0
    reply: Delivery | None = None
    rest: Iterator[Clause] | None = None  # what is still to be written of it
    over_ours: bool = False  # it began over our reply
    before: str = ""  # the words that it goes on from, where we had begun to answer them too early
    silent_at: int | None = None  # the sample at which our reply was silent because of it
    prepared: int = 0  # how often its pauses called for a reply to be begun
    begun: int = 0  # replies that the model did begin
    nodded: int | None = None  # the sample at which we last said "mm-hm"
    unsaid: list[tuple[float, Event]] = field(default_factory=list)  # to be told once the reply sounds

    def words(self, text: str) -> str:
        """All that the owner said, of which `text` is what was said in this turn."""
        return f"{self.before} {text}".strip()

    @property
    def said(self) -> str:
        """All that is known to have been said."""
        return self.words(self.reading.transcript.text if self.reading is not None else "")

    def resume(self) -> None:
        """The owner goes on: what was made of the words so far is void."""
        self.reading, self.tone, self.commit, self.reply, self.rest = None, None, None, None, None
        self.listening, self.affect = False, None
        self.unsaid.clear()


@dataclass(frozen=True, slots=True)
class Kept:
    """What the memory keeps of a turn: what was said, what was heard of our answer, and whether that was cut off."""

    said: str
    answered: str = ""
    interrupted: bool = False


def dismissed(turn: Turn) -> Kept | None:
    """It was no speech, or none to be answered. What it would have gone on from was said all the same."""
    return Kept(turn.before, interrupted=True) if turn.before else None


def unanswered(turn: Turn, aside: Callable[[str], bool]) -> Kept | None:
    """It gets no answer. What is known to have been said is kept, unless it is an `aside`, a word on the memory itself.

    Words that were read in a pause count once the turn was taken to be over; before that they may be half a sentence.
    """
    if turn.commit is None and not turn.before:
        return None
    if (turn.reply is not None and turn.reply.aside) or aside(turn.said):
        return _beside(turn, aside)
    return Kept(turn.said) if turn.said else None


def _beside(turn: Turn, aside: Callable[[str], bool]) -> Kept | None:
    """What is kept where the answer is no part of the talk: what we had cut in on, but where all of it together is a
    word on the memory itself. Who says "Anna … forget her" is not to find half of it kept."""
    return None if aside(turn.said) else dismissed(turn)


@dataclass(frozen=True, slots=True)
class Answered:
    """What was heard of a reply: all its words, and `cut_in`: no more than a lead, and the owner spoke on over it."""

    text: str
    cut_in: bool
    kept: Kept | None


def answered(turn: Turn, played: int, aside: Callable[[str], bool], *, stopped: bool) -> Answered:
    """Its reply is over, after `played` samples at the voice's rate. `stopped`: cut off. `aside`: see `unanswered`."""
    reply = turn.reply
    assert reply is not None
    talk = heard_of_talk(reply.clauses, played)
    return Answered(
        heard(reply.clauses, played),
        stopped and not reply.aside and reply.opening.startswith(talk),
        _beside(turn, aside) if reply.aside else Kept(turn.said, talk, interrupted=stopped),
    )


def latency(turn: Turn, reply: Delivery, started: float) -> TurnLatency:
    """The stages of a turn whose reply sounds since `started` (seconds)."""

    def ms(begin: float | None, end: float | None) -> float | None:
        return None if begin is None or end is None else max(0.0, (end - begin) * 1000)

    return TurnLatency(
        gap_ms=(started - turn.voice_end_t) * 1000,
        endpoint_ms=(turn.committed_at - turn.voice_end_t) * 1000,
        stt_ms=max(0.0, (turn.read_at - turn.committed_at) * 1000),
        first_token_ms=None if reply.first_token is None else reply.first_token * 1000,
        first_clause_ms=ms(reply.asked_at, reply.clause_at),
        first_audio_ms=ms(reply.clause_at, reply.sound_at),
        speculated=reply.ahead,
        led=reply.led,
        reason=turn.commit.reason if turn.commit is not None else "",
    )
