"""What the workers owe each other: who writes gives way to who listens, and who is ready waits for nobody."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from companion.events import ClauseReady, SpeechReady, Transcript
from companion.jobs import Jobs
from companion.tts.rehearsed import Rehearsed
from tests.fakes import ToneVoice


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


def test_an_opening_that_is_kept_sounds_while_the_voice_still_makes_another_sound() -> None:
    goes_on, posted = threading.Event(), list[Any]()

    class Busy(ToneVoice):
        def synthesize(self, text, style=None):  # type: ignore[no-untyped-def]
            assert text in ("I see.", "Far.") or goes_on.wait(timeout=30)
            yield from super().synthesize(text)

    voice = Rehearsed(Busy())
    for text in ("I see.", "Far."):
        assert [*voice.synthesize(text)]
    parts: Any = SimpleNamespace(pace=None, voice=voice)
    taking: Any = SimpleNamespace(valid=lambda revision: True, turn=1, revision=1)
    jobs = Jobs(parts, taking, lambda message: posted.append(message) if message is not None else None)
    jobs.speak(ClauseReady(1, 1, "Something new.", last=False), 0)
    jobs.speak(ClauseReady(1, 1, "I see.", last=False), 0)
    jobs.speak(ClauseReady(1, 1, "Far.", last=False), 1)  # behind the opening's sound, whenever that comes
    assert [(sound.clause, sound.last) for sound in posted] == [(0, False), (0, True)]
    goes_on.set()
    jobs.close()
    assert all(isinstance(sound, SpeechReady) for sound in posted)
    assert [sound.clause for sound in posted] == [0, 0, 0, 0, 1, 1]
