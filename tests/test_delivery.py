"""A reply in the making: every clause is asked for once and voiced once, and it always comes to an end."""

from __future__ import annotations

from collections import deque

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from companion.delivery import Delivery, Play, RunDry, Silence, Speak, Step, WriteOn
from companion.events import SAMPLE_RATE, ClauseReady, SpeechReady, samples

RATE = 22_050


def clause(text: str, *, last: bool = False, waits: bool = False, safety: str | None = None) -> ClauseReady:
    return ClauseReady(1, 1, text, last, safety=safety, waits=waits)


def sound(number: int, length: int, *, last: bool) -> SpeechReady:
    return SpeechReady(1, 1, number, np.ones(length, dtype=np.float32), RATE, last)


class Machines:
    """A writer, a voice and a speaker that work one after the other, and remember in which order."""

    def __init__(self, clauses: list[ClauseReady], mute: bool, begins_after: int) -> None:
        self._clauses = deque(clauses)
        self._mute = mute
        self._begins_after = begins_after  # messages later
        self._due: deque[ClauseReady | SpeechReady] = deque()
        self._playing: int | None = None
        self.reply = Delivery(0.0)
        self.done: list[Step] = []
        self.began = False

    def do(self, steps: list[Step]) -> None:
        for step in steps:
            self.done.append(step)
            match step:
                case WriteOn():
                    self._due.append(self._clauses.popleft())
                case Speak():
                    self._due.append(sound(step.number, 0 if self._mute else RATE // 10, last=False))
                    self._due.append(sound(step.number, 0, last=True))
                case Play() if self._playing is None:
                    self._playing = self._begins_after

    def run(self, lead: ClauseReady | None) -> None:
        self.do(self.reply.begin(lead))
        while self._due or (self._playing is not None and not self.began):
            if self._playing is not None and not self.began and (self._playing <= 0 or not self._due):
                self.began = True
                self.do(self.reply.began(0))
                continue
            if self._playing is not None:
                self._playing -= 1
            message = self._due.popleft()
            if isinstance(message, ClauseReady):
                self.do(self.reply.written(message, 1.0))
            else:
                self.do(self.reply.voiced(message, 2.0))


def test_an_aside_is_one_though_something_else_comes_before_it() -> None:
    reply = Delivery(0.0)
    reply.begin(None)
    reply.written(ClauseReady(1, 1, "I am a program.", last=False, safety="disclosure"), 0.0)
    assert not reply.aside
    reply.written(ClauseReady(1, 1, "You told me of Anna.", last=True, aside=True), 0.0)
    assert reply.aside


REPLIES = st.lists(st.tuples(st.sampled_from(["", "I see.", "And then?"]), st.booleans()), min_size=1, max_size=5)


@given(REPLIES, st.booleans(), st.booleans(), st.integers(0, 6))
def test_every_clause_is_asked_for_once_and_the_reply_ends_once(
    parts: list[tuple[str, bool]], leads: bool, mute: bool, begins_after: int
) -> None:
    waits = next((number for number, (_, waiting) in enumerate(parts) if waiting), len(parts))
    clauses = [
        clause(text, last=number == len(parts) - 1, waits=number == waits) for number, (text, _) in enumerate(parts)
    ]
    machines = Machines(clauses, mute, begins_after)
    machines.run(clause("Hm.") if leads else None)

    spoken = [step.clause.text for step in machines.done if isinstance(step, Speak)]
    asked = [number for number, step in enumerate(machines.done) if isinstance(step, WriteOn)]
    ends = [step for step in machines.done if isinstance(step, RunDry | Silence)]
    heard = any(isinstance(step, Play) for step in machines.done)
    whole = ["Hm."] * leads + [text for text, _ in parts if text]
    cut_short = not heard and waits < len(parts) - 1
    assert ends == [RunDry() if heard else Silence()]
    assert len(asked) == (waits + 1 if cut_short else len(parts))
    assert spoken == (whole[: len(spoken)] if cut_short else whole)
    assert machines.began == heard


def test_what_cannot_be_undone_is_not_asked_for_before_the_reply_sounds() -> None:
    reply = Delivery(0.0)
    assert [type(step) for step in reply.written(clause("All right.", waits=True), 1.0)] == [Speak]
    assert [type(step) for step in reply.voiced(sound(0, 100, last=False), 1.1)] == [Play]
    assert reply.voiced(sound(0, 0, last=True), 1.2) == []
    assert reply.began(0) == [WriteOn()]


def test_the_second_clause_is_asked_for_once_the_sound_of_the_first_is_whole() -> None:
    reply = Delivery(0.0)
    assert [type(step) for step in reply.written(clause("I see."), 1.0)] == [Speak]
    assert [type(step) for step in reply.voiced(sound(0, 100, last=False), 1.1)] == [Play]
    assert reply.voiced(sound(0, 0, last=True), 1.2) == [WriteOn()]
    assert [type(step) for step in reply.written(clause("Go on."), 1.3)] == [Speak, WriteOn]


def test_behind_a_lead_the_first_that_is_written_counts_as_the_first() -> None:
    reply = Delivery(0.0)
    assert [type(step) for step in reply.begin(clause("Oh."))] == [Speak, WriteOn]
    assert reply.voiced(sound(0, 0, last=True), 1.0) == []
    reply.written(clause("That is hard."), 1.1)
    assert reply.voiced(sound(1, 0, last=True), 1.2) == [WriteOn()]
    assert reply.opening == "Oh."


def test_an_answer_that_is_late_says_so_once() -> None:
    reply = Delivery(0.0)
    assert reply.speechless
    assert reply.hesitate(None) == []
    assert not reply.speechless
    reply = Delivery(0.0)
    assert [type(step) for step in reply.hesitate(clause("Let me think."))] == [Speak]
    assert not reply.speechless


def test_only_the_second_half_of_a_last_question_asks_for_a_yes() -> None:
    reply = Delivery(0.0)
    reply.written(clause("That is hard."), 1.0)
    reply.voiced(sound(0, RATE, last=True), 1.1)
    reply.written(clause("Shall I stay?", last=True), 1.2)
    assert not reply.asks(samples(9), RATE)  # its sound is not whole
    reply.voiced(sound(1, RATE, last=True), 1.3)
    assert not reply.asks(samples(9), RATE)  # it does not sound yet
    reply.began(0)
    assert [reply.asks(samples(at), RATE) for at in (0.5, 1.4, 1.5)] == [False, False, True]
    reply.paused(SAMPLE_RATE)
    assert not reply.asks(samples(2.4), RATE)
    assert reply.asks(samples(2.5), RATE)


def test_a_check_in_is_answered_by_a_yes_though_it_is_no_question() -> None:
    reply = Delivery(0.0)
    reply.written(clause("If you don't feel safe, say so.", last=True, safety="check-in"), 1.0)
    reply.voiced(sound(0, RATE, last=True), 1.1)
    reply.began(0)
    assert reply.asks(samples(0.6), RATE)
