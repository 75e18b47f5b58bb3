"""What the workers owe each other: who writes gives way to who listens."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from companion.events import Transcript
from companion.jobs import Jobs


class TalkedOver:
    """An owner who has begun to talk over our reply; how often that was asked."""

    revision, turn, voiced_for = 2, 2, 0

    def __init__(self, held: bool = True) -> None:
        self._held = held
        self.asked = 0

    @property
    def held(self) -> bool:
        self.asked += 1
        return self._held

    def valid(self, revision: int) -> bool:
        return True


class Reads:
    """Reads words until the one who writes has looked whether it may go on, or has not looked."""

    def __init__(self, taking: TalkedOver, order: list[str]) -> None:
        self._taking = taking
        self._order = order
        self.written = threading.Event()

    def hurry(self) -> None:
        pass

    def read(self, length: int) -> Transcript:
        while self._taking.asked < 3 and not self.written.is_set():
            self.written.wait(0.001)
        self._order.append("read")
        return Transcript("", "fake", "en", None)


def jobs_of(taking: Any, order: list[str], *, clocked: bool = True) -> tuple[Jobs, Reads]:
    recognizer = Reads(taking, order)
    replier = SimpleNamespace(give_way=lambda: None)
    parts: Any = SimpleNamespace(pace=None, recognizer=recognizer, replier=replier, completion=None)
    return Jobs(parts, taking, lambda message: None, clocked=clocked), recognizer


def test_a_reply_that_is_talked_over_stands_still_until_the_words_over_it_are_known() -> None:
    order: list[str] = []
    taking = TalkedOver()
    jobs, recognizer = jobs_of(taking, order)
    jobs.read(2, 2, 0, 100)
    assert not jobs.unhurried(1)()
    order.append("written")
    recognizer.written.set()
    jobs.close()
    assert order == ["read", "written"]


@pytest.mark.parametrize(
    ("held", "voiced_for", "clocked"), [(False, 99_999, True), (True, 0, True), (True, 99_999, False)]
)
def test_a_reply_that_nobody_talks_over_for_long_is_written_on(held: bool, voiced_for: int, clocked: bool) -> None:
    """Where time waits for the workers, a long voice never ends while one of them waits for it."""
    taking = TalkedOver(held)
    taking.voiced_for = voiced_for
    jobs, _ = jobs_of(taking, [], clocked=clocked)
    assert not jobs.unhurried(1)()
    jobs.close()
