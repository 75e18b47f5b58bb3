"""What `companion bench latency --plain` measures against: nothing is done before a turn is over."""

from __future__ import annotations

from typing import Any

import numpy as np

from companion.apps import plain
from companion.apps.bench_latency import Tally, Watch
from companion.conversation import Conversation
from companion.events import SessionStarted, TranscriptFinal, TurnLatency, WorkedAhead, seconds
from companion.parts import Parts
from tests import real
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

LONG = np.concatenate((silence(0.6), speech(2.0), silence(0.4), speech(2.0), silence(0.2)))


def talk(replier: ScriptedReplier, *, ahead: bool) -> Log:
    judge: Any = Judge(0.0)
    recognizer = ScriptedRecognizer("one two three four five six seven eight nine ten")
    given = Parts(LoudnessActivity(), judge, recognizer, replier, ToneVoice())  # type: ignore[arg-type]
    log = Log()
    Conversation(
        MemoryDevice(LONG),
        given if ahead else plain.parts(given),
        SessionStarted("tiny", {}, "en", "test"),
        [log],
        None if ahead else plain.taking(),
    ).run()
    return log


class Counting(ScriptedReplier):
    """Counts what it is asked to do ahead of time."""

    def __init__(self) -> None:
        super().__init__("Good to hear.")
        self.ahead = 0

    def follow(self, *given: Any) -> None:
        self.ahead += 1

    def prepare(self, *given: Any) -> None:
        self.ahead += 1


def test_without_working_ahead_a_turn_is_over_after_a_fixed_silence_and_only_then_answered() -> None:
    replier = Counting()
    log = talk(replier, ahead=False)
    assert replier.ahead == 0
    assert len(replier.asked) == len(log.all(TranscriptFinal)) == 1
    (latency,) = log.all(TurnLatency)
    assert abs(latency.endpoint_ms - seconds(plain.SILENCE) * 1000) < 70  # type: ignore[attr-defined]
    replier = Counting()
    talk(replier, ahead=True)
    assert replier.ahead > 0


def test_the_figures_hold_processor_time_beside_the_gap() -> None:
    clip = real.clips()[0]
    tally = Tally()
    told = TurnLatency(300.0, 250.0, 0.0, 0.0, 1.0, 1.0, True, True)
    tally.add(Watch([told], [WorkedAhead(3, True, 12)], 2, 0.1), 3.0, clip)
    tally.add(Watch([]), 5.0, clip)
    figures = tally.figures()
    assert figures["cpu_s"] == {"p50": 4.0, "p95": 4.9}
    assert figures["gap_ms"]["p50"] == 300.0
    assert figures["with_lead"]["n"] == 1
    assert (figures["ahead"]["kept"], figures["ahead"]["thrown_away"]) == (1, 2)
    assert figures["ahead"]["unread_tokens"]["p50"] == 12
    assert (figures["cut_ins"], figures["missed"]) == (1, 1)
