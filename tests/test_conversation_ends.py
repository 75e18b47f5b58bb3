"""How turns and sessions end when they do not end well: nothing that was said is lost, and nothing is left running."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from companion.audio.device import AudioError
from companion.dialogue.mind import Clause
from companion.events import (
    Affect,
    Announcement,
    DeviceFailed,
    Event,
    Exchange,
    Key,
    KeyPressed,
    MemorySaved,
    ReplyEnded,
    Samples,
    SessionEnded,
    Style,
    TranscriptFinal,
    Trouble,
    samples,
)
from tests.fakes import (
    NEUTRAL,
    ForgettingReplier,
    Judge,
    Log,
    MemoryDevice,
    ScriptedRecognizer,
    ScriptedReplier,
    ScriptedStorage,
    SilentVoice,
    ToneVoice,
    converse,
    silence,
    speech,
)
from tests.test_hands_free import PressingDevice, session, states

UTTERANCE = np.concatenate((silence(1.0), speech(1.0), silence(0.2)))
LONG = " ".join(f"word{number}" for number in range(30))


class Diary(ScriptedStorage):
    """Keeps what was said, what was answered, and how long ago it began."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[tuple[str, str]] = []
        self.ago: list[float] = []

    def save(
        self, said: str, answered: str, ago: float, interrupted: bool, affect: Affect | None = None
    ) -> MemorySaved | None:
        self.kept.append((said, answered))
        self.ago.append(ago)
        return None


def workers() -> set[str]:
    return {thread.name for thread in threading.enumerate()} & {
        *("reader", "parser", "judge", "writer", "speaker", "keeper")
    }


def test_quitting_twice_ends_the_session_in_order_all_the_same() -> None:
    diary, quit_ = Diary(), (3.2, KeyPressed("quit"))
    conversation, device, _, _, log = converse(
        device=PressingDevice(UTTERANCE, messages=(quit_, quit_)), replier=ScriptedReplier(LONG), storage=diary
    )
    assert device.closed
    assert log.all(SessionEnded) == [SessionEnded("owner")]
    assert [said for said, _ in diary.kept] == [exchange.owner for exchange in conversation.history] == ["how are you"]
    assert not workers()


def test_what_fails_after_a_turn_was_kept_does_not_say_that_it_was_not() -> None:
    class Unsettled(Diary):
        def learn(self, name: str, value: Any) -> None:
            raise OSError("no index")

    diary = Unsettled()
    _, _, _, _, log = converse(UTTERANCE, storage=diary)
    assert [said for said, _ in diary.kept] == ["how are you"]
    assert not log.all(Trouble)


def test_a_turn_of_which_nobody_can_tell_how_it_sounds_is_answered_all_the_same() -> None:
    class Broken(Judge):
        def completeness(self, speech: Samples, silence: int) -> float:
            raise RuntimeError("broken")

    conversation, _, _, _, log = converse(UTTERANCE, judge=Broken(1.0))
    assert [exchange.owner for exchange in conversation.history] == ["how are you"]
    assert {trouble.what for trouble in log.all(Trouble)} == {"end of turn"}


def test_an_observer_that_fails_leaves_no_device_open_and_no_worker_running() -> None:
    class Full(Log):
        def event(self, event: Event, t: float, turn: int) -> None:
            super().event(event, t, turn)
            if isinstance(event, TranscriptFinal):
                raise OSError("no space left on device")

    device, log = MemoryDevice(UTTERANCE), Full()
    with pytest.raises(OSError, match="no space"):
        converse(device=device, log=log)
    assert device.closed
    assert log.all(SessionEnded) == [SessionEnded("trouble")]
    assert not workers()


def test_a_device_that_dies_ends_the_session_and_says_so() -> None:
    device, log = PressingDevice(UTTERANCE, messages=((1.5, DeviceFailed("RuntimeError")),)), Log()
    with pytest.raises(AudioError, match="stopped working"):
        converse(device=device, log=log)
    assert device.closed
    assert log.all(SessionEnded) == [SessionEnded("trouble")]


def test_quitting_waits_for_no_sound_that_is_made_ahead_of_time() -> None:
    begun, closing = threading.Event(), threading.Event()

    class Prepared(ScriptedReplier):
        def familiar(self) -> Sequence[Clause]:
            return [Clause(f"phrase {number}", last=False) for number in range(40)]

        def warm(self, history: Sequence[Exchange], cancelled: Callable[[], bool]) -> None:
            while not cancelled():
                time.sleep(0)
            closing.set()

    class Slow(ToneVoice):
        def synthesize(self, text: str, style: Style = NEUTRAL) -> Iterator[Samples]:
            begun.set()
            closing.wait()  # the session ends in the middle of a phrase
            yield from super().synthesize(text, style)

    class Quit(MemoryDevice):
        def tick(self) -> float:
            begun.wait()
            raise KeyboardInterrupt

    voice = Slow()
    converse(device=Quit(silence(1.0), waits=False), replier=Prepared("Fine."), voice=voice)
    assert voice.spoken == ["phrase 0"]


@pytest.mark.parametrize("key", ["quit", "stop", "mute"])
def test_what_was_said_is_kept_though_no_answer_came(key: Key) -> None:
    device, diary = MemoryDevice(UTTERANCE), Diary()

    class Thinking(ScriptedReplier):
        def reply(self, history, words, cancelled, affect=None, lead=""):  # type: ignore[no-untyped-def]
            device._post(KeyPressed(key))
            while not cancelled():
                time.sleep(0)
            yield from ()

    converse(device=device, replier=Thinking(), storage=diary, words=("I lost my job.",))
    assert diary.kept == [("I lost my job.", "")]


def test_a_request_to_the_memory_is_not_kept_where_it_gets_no_answer() -> None:
    diary = Diary()
    converse(UTTERANCE, voice=SilentVoice(), storage=diary, words=("forget that",))
    assert diary.kept == []


def test_what_cannot_be_undone_is_not_done_where_its_answer_has_no_sound() -> None:
    replier = ForgettingReplier("All right.")
    _, _, _, _, log = converse(UTTERANCE, UTTERANCE, replier=replier, voice=SilentVoice())
    assert len(log.all(ReplyEnded)) == 2  # and it listens on
    assert replier.done == []


def test_words_whose_answer_has_no_sound_are_kept() -> None:
    diary = Diary()
    converse(UTTERANCE, voice=SilentVoice(), storage=diary, words=("I lost my job.",))
    assert diary.kept == [("I lost my job.", "")]


@pytest.mark.parametrize("key", ["quit", "mute"])
def test_who_goes_on_over_our_first_words_and_then_ends_it_loses_none_of_theirs(key: Key) -> None:
    sound = np.concatenate((silence(0.6), speech(0.8), silence(0.6), speech(3.0), silence(0.3)))
    diary = Diary()
    converse(
        device=PressingDevice(sound, messages=((3.2, KeyPressed(key)),)),
        words=("i went home", "then she was gone"),
        replier=ScriptedReplier(LONG, lead="I see what you mean now."),
        duplex=True,
        storage=diary,
    )
    assert [said for said, _ in diary.kept] == ["i went home"]


def test_how_long_ago_a_turn_began_does_not_grow_with_the_session() -> None:
    diary = Diary()
    converse(*[UTTERANCE] * 6, storage=diary)
    assert len(diary.ago) == 6
    assert max(diary.ago) < min(diary.ago) + 1.0


def test_what_only_makes_it_faster_may_fail_in_silence() -> None:
    class Clumsy(ScriptedReplier):
        def warm(self, *_: object) -> None:
            raise RuntimeError("no room")

        def follow(self, *_: object) -> None:
            raise RuntimeError("no room")

        def prepare(self, *_: object) -> Clause | None:
            raise RuntimeError("no room")

    class Growing(ScriptedRecognizer):
        captions = 0

        def partial(self) -> str:
            self.captions += 1
            return " ".join(f"w{number}" for number in range(6 * self.captions))

    long = np.concatenate((silence(0.6), speech(4.0), silence(0.3)))
    _, _, _, _, log = converse(long, replier=Clumsy("Fine."), recognizer=Growing("how are you"))
    assert log.all(Trouble) == []
    assert [ended.text for ended in log.all(ReplyEnded) if isinstance(ended, ReplyEnded)] == ["Fine."]
    assert len(log.all(TranscriptFinal)) == 1


def test_an_announcement_that_is_cut_short_leaves_nobody_unheard() -> None:
    notice = Announcement(np.full(samples(6), 0.2, np.float32), 16_000)
    sound = np.concatenate((silence(1.5), speech(1.0), silence(4.0)))
    log, _, _ = session(sound, wake_word=False, messages=((0.2, notice), (0.8, KeyPressed("talk"))))
    assert len(log.all(TranscriptFinal)) == 1


def test_asked_to_rest_it_rests_though_its_goodbye_is_stopped() -> None:
    sound = np.concatenate((silence(0.6), speech(1.0), silence(0.7), speech(0.5), silence(3.0)))
    log, _, _ = session(sound, words=("Stop listening.", "Stop."), wake_word=False, duplex=True)
    assert states(log) == [("muted", "asked")]


def test_our_own_voice_is_no_part_of_what_the_owner_says_next() -> None:
    """The speaker begins to leak in the middle of a reply; what leaked before that was known is thrown away."""

    class Leaking(MemoryDevice):
        @property
        def echo(self):  # type: ignore[no-untyped-def,override]
            return "leaking" if self.position > samples(3.0) else "none"

    leak = 0.05
    heard = np.concatenate((silence(0.6), speech(0.8), silence(0.5), np.full(samples(1.1), leak, np.float32)))
    sound = np.concatenate((heard, silence(1.9), speech(0.8), silence(0.5)))  # as soon as our reply is over
    _, _, recognizer, _, log = converse(
        device=Leaking(sound), words=("how are you", "what now"), replier=ScriptedReplier(LONG), duplex=True
    )
    assert len(log.all(TranscriptFinal)) == 2
    assert not np.isclose(np.concatenate(recognizer.turns[1]), leak).any()
