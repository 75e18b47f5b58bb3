"""A turn that is not over: what the owner said so far, and the reply in the making."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from companion.dialogue.mind import Clause
from companion.events import SAMPLE_RATE, Affect, Event, ReadingReady, Samples, TurnLatency
from companion.turns.heard import SpokenClause
from companion.turns.taking import Commit


@dataclass(slots=True)
class Reply:
    """A reply in the making."""

    asked_at: float
    rest: Iterator[Clause] | None = None
    clauses: list[SpokenClause] = field(default_factory=list)
    complete: bool = False
    spoken: int = 0  # clauses whose sound is whole
    first_token: float | None = None
    ahead: bool = False
    aside: bool = False
    waits: bool = False  # what comes behind a clause of it cannot be undone: not to be asked for before it sounds
    led: bool = False  # it opens with a lead, which no model writes
    hesitated: bool = False  # it was late, and asked for one
    clause_at: float | None = None
    sound_at: float | None = None
    closed: bool = False
    started: int = 0  # the sample of the microphone at which it began to sound, later by every pause in it
    checked_in: bool = False  # it ends with a sentence that a "yes" answers, though it is no question

    def asking(self, position: int, rate: int) -> bool:
        """Whether at `position` its end was sounding, and that is a question; `rate`: of the voice, in Hz.

        Only the last clause's second half: before that a "yes" is meant for what was said before.
        """
        if not self.closed or not (self.checked_in or self.clauses[-1].text.endswith("?")):
            return False
        begun = sum(clause.samples for clause in self.clauses) - self.clauses[-1].samples / 2
        return (position - self.started) / SAMPLE_RATE >= begun / rate


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
    probed: int = 0  # the sample up to which words were asked for
    reading: ReadingReady | None = None
    listening: bool = False  # the voice is being measured
    judged: bool = False  # Smart Turn has said how complete it sounds
    tone: Any = None  # the features of its voice, where it was listened to
    affect: Affect | None = None
    read_at: float = 0.0
    commit: Commit | None = None
    committed_at: float = 0.0
    reply: Reply | None = None
    over_ours: bool = False  # it began over our reply
    before: str = ""  # the words that it goes on from, where we had begun to answer them too early
    silent_at: int | None = None  # the sample at which our reply was silent because of it
    nodded: int | None = None  # the sample at which we last said "mm-hm"
    unsaid: list[tuple[float, Event]] = field(default_factory=list)  # to be told once the reply sounds

    def words(self, text: str) -> str:
        """All that the owner said, of which `text` is what was said in this turn."""
        return f"{self.before} {text}".strip()

    def resume(self) -> None:
        """The owner goes on: what was made of the words so far is void."""
        self.reading, self.tone, self.commit, self.reply = None, None, None, None
        self.listening, self.judged, self.affect = False, False, None
        self.unsaid.clear()


def latency(turn: Turn, reply: Reply, started: float) -> TurnLatency:
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
    )
