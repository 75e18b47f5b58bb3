"""Hands-free: what is heard asleep, awake and muted, and what sounds where nobody looks at a screen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from companion.conversation import Conversation
from companion.events import (
    SAMPLE_RATE,
    Announcement,
    AttentionChanged,
    DeviceTrouble,
    KeyPressed,
    Message,
    ReplyEnded,
    Samples,
    SessionEnded,
    SessionStarted,
    SpeechStarted,
    TranscriptFinal,
    samples,
    seconds,
)
from companion.hands_free import THINKING_EVERY, HandsFree
from companion.parts import Parts
from companion.tts.earcons import Earcon, earcon
from companion.turns.attention import Attention, AttentionLimits
from companion.turns.taking import Phase, TurnTaking
from tests.fakes import (
    Judge,
    Log,
    LoudnessActivity,
    MemoryDevice,
    ScriptedRecognizer,
    ScriptedReplier,
    ToneVoice,
    silence,
    speech,
)

FOLLOW_UP = 4.0
CALL = np.full(samples(0.5), -0.25, dtype=np.float32)
"""A sound that `Doorbell` takes for the wake word."""


class Doorbell:
    """A wake word that is heard at the end of `CALL`."""

    def __init__(self) -> None:
        self._rang = False

    def heard(self, frame: Samples) -> bool:
        rings = bool((frame == CALL[0]).all())
        heard, self._rang = self._rang and not rings, rings
        return heard

    def reset(self) -> None:
        self._rang = False


class PressingDevice(MemoryDevice):
    """A device at which messages come in at their time, as from a key or another thread."""

    def __init__(self, *inputs: Samples, messages: tuple[tuple[float, Message], ...] = ()) -> None:
        super().__init__(*inputs)
        self._messages = list(messages)

    def tick(self) -> float:
        while self._messages and self.position >= samples(self._messages[0][0]):
            self._post(self._messages.pop(0)[1])
        return super().tick()


def session(
    *inputs: Samples,
    words: tuple[str, ...] = ("how are you",),
    messages: tuple[tuple[float, Message], ...] = (),
    wake_word: bool = True,
    duplex: bool = False,
    replier: ScriptedReplier | None = None,
) -> tuple[Log, PressingDevice, Conversation]:
    """A whole session of scripted parts with a `Doorbell`, or with no wake word."""
    device, log = PressingDevice(*inputs, messages=messages), Log()
    judge: Any = Judge(1.0)
    recognizer: Any = ScriptedRecognizer(*words)
    activity: Any = LoudnessActivity()
    parts = Parts(activity, judge, recognizer, replier or ScriptedReplier("I am well.", "And you?"), ToneVoice())
    attention = Attention(AttentionLimits(follow_up=samples(FOLLOW_UP)), wake_word=wake_word)
    hands_free = HandsFree(attention, Doorbell() if wake_word else None, language="en", sounds=True)
    started = SessionStarted("tiny", {}, "en", "test")
    conversation = Conversation(device, parts, started, [log], TurnTaking(duplex=duplex), hands_free)
    conversation.run()
    return log, device, conversation


def sounds(device: MemoryDevice) -> list[str]:
    """The names of the earcons that were played, in order."""
    kinds: tuple[Earcon, ...] = ("listening", "thinking", "asleep", "muted", "trouble")
    known = {earcon(kind).tobytes(): kind for kind in kinds}
    return [known.get(sound.tobytes(), "other") for _, sound, _ in device.overlaid]


def states(log: Log) -> list[tuple[str, str]]:
    return [(change.state, change.why) for change in log.all(AttentionChanged) if isinstance(change, AttentionChanged)]


QUESTION = np.concatenate((silence(0.6), speech(1.0), silence(1.5)))


def test_asleep_it_answers_nothing_and_reads_nothing() -> None:
    log, device, _ = session(QUESTION, QUESTION)
    assert states(log) == [("asleep", "start")]
    assert log.all(SpeechStarted) == log.all(ReplyEnded) == []
    assert not np.concatenate(device.output).any()


def test_after_the_wake_word_it_answers_and_the_next_sentence_needs_none() -> None:
    log, _, _ = session(np.concatenate((QUESTION, CALL, QUESTION, silence(1.0))), QUESTION)
    assert len(log.all(ReplyEnded)) == 2
    assert states(log)[:2] == [("asleep", "start"), ("awake", "wake word")]


def test_once_the_window_is_over_it_sleeps_again_and_says_so() -> None:
    log, device, _ = session(np.concatenate((CALL, QUESTION, silence(FOLLOW_UP + 2))), QUESTION)
    assert len(log.all(ReplyEnded)) == 1
    assert states(log)[1:] == [("awake", "wake word"), ("asleep", "window over")]
    assert sounds(device)[-1] == "asleep"


def test_who_only_calls_hears_that_it_listens_and_who_speaks_on_is_not_spoken_into() -> None:
    _, called, _ = session(np.concatenate((silence(1.0), CALL, silence(2.0))))
    assert sounds(called) == ["asleep", "listening"]
    _, went_on, _ = session(np.concatenate((silence(1.0), CALL, speech(1.5), silence(2.0))))
    assert sounds(went_on) == ["asleep"]


def test_the_wake_word_is_no_part_of_what_is_said() -> None:
    device, log = PressingDevice(np.concatenate((silence(1.0), CALL, silence(0.2), speech(1.0), silence(1.5)))), Log()
    recognizer = ScriptedRecognizer("how are you")
    judge: Any = Judge(1.0)
    parts = Parts(LoudnessActivity(), judge, recognizer, ScriptedReplier("Well."), ToneVoice())  # type: ignore[arg-type]
    hands_free = HandsFree(Attention(), Doorbell(), language="en")
    Conversation(device, parts, SessionStarted("tiny", {}, "en", "test"), [log], TurnTaking(), hands_free).run()
    heard = np.concatenate(recognizer.turns[0])
    assert not (heard == CALL[0]).any()
    assert np.count_nonzero(heard == np.float32(0.3)) >= samples(0.99)


def test_asked_to_sleep_it_says_goodbye_and_hears_nothing_until_it_is_called() -> None:
    goodbye = np.concatenate((CALL, QUESTION, silence(2.0)))
    replier = ScriptedReplier("I am well.")
    words = ("go to sleep", "how are you")
    log, _, conversation = session(goodbye, QUESTION, np.concatenate((CALL, QUESTION)), words=words, replier=replier)
    assert states(log)[1:3] == [("awake", "wake word"), ("asleep", "asked")]
    goodbye_said, answer = (ended.text for ended in log.all(ReplyEnded) if isinstance(ended, ReplyEnded))
    assert "Call me" in goodbye_said
    assert answer == "I am well."
    assert [asked for _, asked in replier.asked] == ["how are you"]
    assert [exchange.owner for exchange in conversation.history] == ["how are you"]  # no part of the talk


def test_without_a_wake_word_asked_to_rest_is_a_mute_that_a_key_lifts() -> None:
    unheard = np.concatenate((QUESTION, silence(2.0), QUESTION, silence(1.0)))
    words = ("stop listening", "how are you")
    lifted = ((seconds(len(unheard)), KeyPressed("mute")),)
    log, _, _ = session(np.concatenate((unheard, QUESTION)), words=words, wake_word=False, messages=lifted)
    assert states(log) == [("muted", "asked"), ("awake", "key")]
    assert len(log.all(ReplyEnded)) == 2


def test_muted_by_the_key_it_hears_neither_the_owner_nor_the_wake_word() -> None:
    called = np.concatenate((CALL, QUESTION))
    log, device, _ = session(np.concatenate((silence(1.0), called, called)), messages=((0.5, KeyPressed("mute")),))
    assert states(log) == [("asleep", "start"), ("muted", "key")]
    assert log.all(SpeechStarted) == []
    assert sounds(device)[-1] == "muted"


def test_a_mute_in_the_middle_of_a_sentence_drops_the_sentence() -> None:
    sentence = np.concatenate((silence(0.6), speech(3.0), silence(1.5)))
    log, _, _ = session(sentence, wake_word=False, messages=((2.0, KeyPressed("mute")),))
    assert len(log.all(SpeechStarted)) == 1
    assert log.all(TranscriptFinal) == []
    assert log.all(SessionEnded) == [SessionEnded("input")]


@pytest.mark.parametrize("duplex", [False, True])
def test_the_key_to_talk_ends_our_reply_and_what_is_said_then_is_answered(duplex: bool) -> None:
    long = ScriptedReplier("one two three four five six seven eight nine ten", "eleven twelve")
    sentence = np.concatenate((QUESTION, silence(0.5), speech(1.0), silence(1.5)))
    log, _, _ = session(sentence, wake_word=False, duplex=duplex, replier=long, messages=((2.5, KeyPressed("talk")),))
    first, second = (ended for ended in log.all(ReplyEnded) if isinstance(ended, ReplyEnded))
    assert first.interrupted
    assert "seven" not in first.text
    assert not second.interrupted


def test_the_key_to_stop_ends_our_reply_and_nothing_else() -> None:
    log, _, _ = session(QUESTION, QUESTION, wake_word=False, messages=((2.2, KeyPressed("stop")),))
    assert [ended.interrupted for ended in log.all(ReplyEnded) if isinstance(ended, ReplyEnded)] == [True, False]
    assert states(log) == []


def test_the_key_to_talk_wakes_without_the_word() -> None:
    log, device, _ = session(np.concatenate((silence(1.0), QUESTION)), messages=((0.5, KeyPressed("talk")),))
    assert states(log) == [("asleep", "start"), ("awake", "key")]
    assert sounds(device)[1] == "listening"
    assert len(log.all(ReplyEnded)) == 1


def test_the_key_to_quit_ends_the_session_in_order() -> None:
    log, device, _ = session(QUESTION, messages=((0.5, KeyPressed("quit")),))
    assert log.all(SessionEnded) == [SessionEnded("owner")]
    assert device.closed


def test_what_needs_its_owner_is_said_when_nobody_speaks_and_is_not_taken_for_a_voice() -> None:
    notice = Announcement(np.full(SAMPLE_RATE, 0.2, np.float32), SAMPLE_RATE)
    echo = speech(0.9)
    heard = np.concatenate((silence(0.6), speech(1.0), silence(1.2), echo, silence(2.0)))
    log, device, _ = session(heard, wake_word=False, messages=((1.0, notice),))
    (at,) = [at for at, sound, _ in device.overlaid if len(sound) == SAMPLE_RATE]
    (ended,) = log.all(ReplyEnded)
    (over,) = (t for t, _, event in log.events if event is ended)
    assert seconds(at) >= over
    assert len(log.all(SpeechStarted)) == 1


def test_what_is_to_be_said_of_a_lost_device_waits_until_it_is_back() -> None:
    notice = Announcement(np.full(SAMPLE_RATE, 0.2, np.float32), SAMPLE_RATE)
    lost, back = DeviceTrouble("lost", "USB is gone"), DeviceTrouble("reopened", "USB works again")
    _, device, _ = session(silence(6.0), wake_word=False, messages=((0.5, lost), (0.6, notice), (4.0, back)))
    (at,) = [at for at, sound, _ in device.overlaid if len(sound) == SAMPLE_RATE]
    assert seconds(at) >= 4.0


def test_a_voice_that_begins_as_it_falls_asleep_is_nobodys_turn() -> None:
    """Over the end of the goodbye, behind an "mm-hm": the detector has heard it begin by then."""
    rested = 0
    for begins in np.arange(0.2, 1.0, 0.02):
        over = [speech(1.0), silence(begins), speech(1.0), silence(1.0)]
        sound = np.concatenate([silence(0.6), speech(1.0), silence(0.6), *over])
        log, _, _ = session(sound, words=("stop listening", "mm-hmm", "what"), wake_word=False, duplex=True)
        muted = [at for at, _, event in log.events if isinstance(event, AttentionChanged)]
        rested += bool(muted)
        assert all(at <= muted[0] for at, _, event in log.events if muted and isinstance(event, SpeechStarted))
    assert rested


def test_a_long_thought_is_heard_and_a_short_one_is_not() -> None:
    hands_free = HandsFree(sounds=True)
    frame = np.zeros(320, np.float32)
    waited = [hands_free.hear(frame, at, Phase.COMMITTED) for at in range(0, THINKING_EVERY * 2 + 320, 320)]
    assert waited.count(["thinking"]) == 2
    assert hands_free.hear(frame, THINKING_EVERY * 3, Phase.SPEAKING) == []


def test_without_sounds_it_is_silent() -> None:
    hands_free = HandsFree(Attention(), Doorbell())
    assert hands_free.begin() == [AttentionChanged("asleep", "start")]
    assert hands_free.pressed("talk", 5) == [AttentionChanged("awake", "key")]
