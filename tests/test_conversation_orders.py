"""Keys, lost devices, workers that fail, in whatever order: what a conversation promises all the same."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from companion.dialogue.mind import Clause
from companion.events import (
    SAMPLE_RATE,
    Announcement,
    AttentionChanged,
    DeviceTrouble,
    KeyPressed,
    Message,
    ReplyEnded,
    ReplyStarted,
    SpeechStarted,
    Style,
    TranscriptFinal,
    samples,
)
from companion.hands_free import HandsFree
from companion.turns.attention import Attention
from tests.fakes import (
    NEUTRAL,
    Judge,
    ScriptedRecognizer,
    ScriptedReplier,
    ToneVoice,
    converse,
    silence,
    speech,
)
from tests.test_conversation_ends import Diary, workers
from tests.test_hands_free import PressingDevice

FAILS = ("read", "judge", "write", "speak", "save")

MESSAGES = st.one_of(
    st.sampled_from([KeyPressed("talk"), KeyPressed("mute"), KeyPressed("stop")]),
    st.sampled_from([DeviceTrouble("lost", ""), DeviceTrouble("reopened", ""), DeviceTrouble("overrun", "")]),
    st.just(Announcement(np.full(SAMPLE_RATE // 2, 0.01, np.float32), SAMPLE_RATE)),
)

TALK = st.lists(
    st.tuples(
        st.floats(0.1, 1.5),  # silence before it
        st.floats(0.05, 1.2),  # voice
        st.sampled_from(["what about tomorrow then", "mm-hmm", "", "stop", "yes", "stop listening"]),
    ),
    min_size=1,
    max_size=6,
)


class Failing:
    """Fails at the given calls of one kind: a part of a session whose models break now and then."""

    def __init__(self, plan: dict[str, set[int]]) -> None:
        self._plan = plan
        self._calls = dict.fromkeys(FAILS, 0)
        self._lock = threading.Lock()

    def now(self, what: str) -> None:
        with self._lock:
            self._calls[what] += 1
            if self._calls[what] in self._plan.get(what, ()):
                raise RuntimeError("broken")


@settings(max_examples=150, deadline=None)
@given(
    TALK,
    st.lists(st.tuples(st.floats(0.0, 10.0), MESSAGES), max_size=6).map(lambda m: tuple(sorted(m, key=lambda e: e[0]))),
    st.dictionaries(st.sampled_from(FAILS), st.sets(st.integers(1, 4), max_size=3), max_size=3),
    st.booleans(),
    st.booleans(),
)
def test_nothing_hangs_nobody_who_is_muted_is_heard_and_only_what_sounded_is_kept(
    talk: list[tuple[float, float, str]],
    messages: tuple[tuple[float, Message], ...],
    plan: dict[str, set[int]],
    duplex: bool,
    called_only: bool,
) -> None:
    failing = Failing(plan)

    class Recognizer(ScriptedRecognizer):
        def read(self, upto: int):  # type: ignore[no-untyped-def]
            failing.now("read")
            return super().read(upto)

    class Doubtful(Judge):
        def completeness(self, speech, silence):  # type: ignore[no-untyped-def]
            failing.now("judge")
            return super().completeness(speech, silence)

    class Replier(ScriptedReplier):
        def reply(self, *asked: Any, **named: Any) -> Iterator[Clause]:
            for clause in super().reply(*asked, **named):
                failing.now("write")
                yield clause

    class Voice(ToneVoice):
        def synthesize(self, text: str, style: Style = NEUTRAL):  # type: ignore[no-untyped-def]
            failing.now("speak")
            return super().synthesize(text, style)

    class Memory(Diary):
        def save(self, said, answered, ago, interrupted, affect=None):  # type: ignore[no-untyped-def]
            failing.now("save")
            return super().save(said, answered, ago, interrupted, affect)

    sound = [silence(0.6), speech(0.8)]
    for pause, voice, _ in talk:
        sound += [silence(pause), speech(voice)]
    words = ["how are you", *(said for _, _, said in talk)]
    replier, memory = Replier(*(f"word{n} word{n}" for n in range(8))), Memory()
    device = PressingDevice(np.concatenate(sound), messages=messages)
    conversation, _, _, _, log = converse(
        words=words,
        recognizer=Recognizer(*words),
        replier=replier,
        voice=Voice(),
        judge=Doubtful(0.9),
        storage=memory,
        device=device,
        duplex=duplex,
        hands_free=HandsFree(Attention(wake_word=False, called_only=called_only), language="en"),
    )
    assert log.names()[-1] == "session.ended"
    assert device.closed
    assert not workers()
    assert len(log.all(ReplyStarted)) <= len(log.all(ReplyEnded)) <= len(log.all(TranscriptFinal)) + 1
    whole = " ".join(replier.clauses)
    spoken = [exchange.companion for exchange in conversation.history]
    assert all(whole.startswith(said) for said in spoken)
    sounded = int(np.count_nonzero(np.concatenate(device.output)))
    assert sum(len(said.split()) for said in spoken) * samples(0.1) <= sounded, "no word is kept that did not sound"
    assert all(answered in ("", *spoken) for _, answered in memory.kept)
    _nobody_is_heard_while_muted(log.events)


def _nobody_is_heard_while_muted(events: list) -> None:  # type: ignore[type-arg]
    state = "awake"
    for _, _, event in events:
        if isinstance(event, AttentionChanged):
            state = event.state
        assert not (isinstance(event, SpeechStarted | ReplyStarted) and state == "muted")
