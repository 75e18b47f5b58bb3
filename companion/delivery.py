"""A reply in the making: what is written, voiced and played of it, and what is due next.

It is told what has come (a clause of the model's, the sound of a clause, the first sample that left) and returns what
to do. Like `companion.turns.taking` it knows no model, no device and no clock; one instance a reply.

    clause ──▶ Speak it ──▶ its sound ──▶ Play it ──▶ WriteOn ──▶ the next clause … ──▶ RunDry
                                                                                        └─▶ Silence: there was no sound

With two cores, writing on would delay the sound of the first clause, so the second is asked for once that is whole.
What comes behind a clause that `waits` cannot be undone (it says yes to forgetting): it is not asked for before the
reply is heard.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from companion.events import SAMPLE_RATE, ClauseReady, Samples, SpeechReady
from companion.turns.heard import SpokenClause

SILENT = 0.02
"""Share of its loudest sample below which a voice is silent: -34 dB."""


@dataclass(frozen=True, slots=True)
class Speak:
    """Let the voice make the sound of clause number `number`."""

    clause: ClauseReady
    number: int


@dataclass(frozen=True, slots=True)
class WriteOn:
    """Ask for the next clause."""


@dataclass(frozen=True, slots=True)
class Play:
    """Hand a piece of sound to the speaker."""

    samples: Samples
    rate: int


@dataclass(frozen=True, slots=True)
class RunDry:
    """All sound is handed on: the speaker may run out of it."""


@dataclass(frozen=True, slots=True)
class Silence:
    """The reply is over without a sound."""


Step = Speak | WriteOn | Play | RunDry | Silence


class Delivery:
    """One reply. `asked_at`: when it was asked for, in seconds since the start of the session, as all its times are."""

    def __init__(self, asked_at: float) -> None:
        self.asked_at = asked_at
        self.clause_at: float | None = None
        """When its first clause was there that was not a lead."""
        self.sound_at: float | None = None
        """When the first piece of its sound was handed on."""
        self.first_token: float | None = None
        self.unread: int | None = None
        """Tokens that the model had not read when it began."""
        self.ahead = False
        """Its first clause was made before it was asked for."""
        self.aside = False
        """It is no part of the talk: neither it nor what it answers is remembered."""
        self.led = False
        """It opens with a lead, which no model writes."""
        self.clauses: list[SpokenClause] = []
        self._hesitated = False
        self._complete = False  # every clause is written
        self._voiced = 0  # clauses whose sound is whole
        self._next: Literal["now", "voiced", "heard"] | None = None
        """When the next clause is asked for: once all sound so far is whole, or once it is heard. None: it was."""
        self._checked_in = False  # it ends with a sentence that a "yes" answers, though it is no question
        self._closed = False
        self._started: int | None = None  # the sample of the microphone at which it began, later by every pause in it

    @property
    def opening(self) -> str:
        """The lead it opens with; empty without one."""
        return self.clauses[0].text if self.led else ""

    @property
    def text(self) -> str:
        """All that is written of it."""
        return " ".join(clause.text for clause in self.clauses)

    @property
    def speechless(self) -> bool:
        """Nothing is there to be said yet, and that it takes time was not said either."""
        return not self.clauses and not self._hesitated

    def begin(self, lead: ClauseReady | None) -> list[Step]:
        """It is to be written, behind the few words that open it, where there are any."""
        return [*self._open(lead), WriteOn()]

    def hesitate(self, clause: ClauseReady | None) -> list[Step]:
        """It is late: the words that say so, where there are any for such a turn."""
        self._hesitated = True
        return self._open(clause)

    def written(self, clause: ClauseReady, now: float) -> list[Step]:
        """The next clause is there; `now` in seconds."""
        if self.clause_at is None:
            self.clause_at = now
            self.first_token, self.unread = clause.first_token, clause.unread
            self.ahead = clause.ahead
        self.aside = self.aside or clause.aside
        if clause.safety is not None:
            self._checked_in = clause.safety == "check-in"
        opens = len(self.clauses) == int(self.led)
        steps: list[Step] = [self._speak(clause)] if clause.text else []
        if clause.last:
            self._complete = True
            return [*steps, *self._close()]
        self._next = "heard" if clause.waits else "voiced" if opens and clause.text else "now"
        return [*steps, *self._write_on()]

    def voiced(self, sound: SpeechReady, now: float) -> list[Step]:
        """A piece of a clause's sound is there, or its end."""
        steps: list[Step] = []
        self.clauses[sound.clause] = sounded(self.clauses[sound.clause], sound.samples)
        if len(sound.samples):
            steps.append(Play(sound.samples, sound.rate))
            self.sound_at = now if self.sound_at is None else self.sound_at
        if not sound.last:
            return steps
        self._voiced += 1
        return [*steps, *(self._close() if self._complete else self._write_on())]

    def began(self, position: int) -> list[Step]:
        """Its first sample left for the speaker when the microphone was at sample `position`."""
        self._started = position
        return self._write_on()

    def paused(self, length: int) -> None:
        """It stood still for `length` samples and goes on."""
        if self._started is not None:
            self._started += length

    def asks(self, position: int, rate: int) -> bool:
        """Whether at sample `position` its end was sounding, and that is a question; `rate`: of the voice, in Hz.

        Only the last clause's second half: before that a "yes" is meant for what was said before.
        """
        if self._started is None or not self._closed or not (self._checked_in or self.clauses[-1].text.endswith("?")):
            return False
        begun = sum(clause.samples for clause in self.clauses) - self.clauses[-1].samples / 2
        return (position - self._started) / SAMPLE_RATE >= begun / rate

    def _open(self, lead: ClauseReady | None) -> list[Step]:
        self.led = self.led or lead is not None
        return [] if lead is None else [self._speak(lead)]

    def _speak(self, clause: ClauseReady) -> Speak:
        self.clauses.append(SpokenClause(clause.text, 0, of_itself=clause.safety == "disclosure"))
        return Speak(clause, len(self.clauses) - 1)

    def _write_on(self) -> list[Step]:
        """Ask for the next clause, if its time has come, once."""
        whole = self._voiced == len(self.clauses)
        if (
            self._next == "now"
            or (self._next == "voiced" and whole)
            or (self._next == "heard" and self._started is not None)
        ):
            self._next = None
            return [WriteOn()]
        if self._next == "heard" and whole and self.sound_at is None:
            self._next = None
            return [Silence()]  # there is nothing to be heard: it would wait for ever
        return []

    def _close(self) -> list[Step]:
        """Once every clause is written and its sound is whole, there is no more to come."""
        if self._closed or not self._complete or self._voiced < len(self.clauses):
            return []
        self._closed = True
        return [Silence() if self.sound_at is None else RunDry()]


def sounded(clause: SpokenClause, sound: Samples) -> SpokenClause:
    """`clause` with the next piece of its sound."""
    size = np.abs(sound)
    loudest = max(clause.loudest, float(size.max(initial=0.0)))
    audible = np.flatnonzero(size > SILENT * loudest)
    silent = len(sound) - 1 - int(audible[-1]) if len(audible) else clause.silent + len(sound)
    return replace(clause, samples=clause.samples + len(sound), silent=silent, loudest=loudest)
