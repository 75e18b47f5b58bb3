"""One utterance at a time, with scripted engines: which pass is asked, how often, and for how much."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from companion.events import FRAME, SAMPLE_RATE, Samples, Transcript, samples
from companion.stt.engine import GivenUp, SpeechModelError, Stop
from companion.stt.turn import CAPTIONED_WITHIN_S, TurnRecognizer, joined, open_recognizer, quietest


class Loudness:
    """An engine for which every second of sound is a word: its level in tenths. Keeps what it was asked."""

    id, language = "loudness", "en"

    def __init__(self) -> None:
        self.asked: list[tuple[int, str | None]] = []

    def transcribe(self, samples: Samples, draft: str | None = None, stop: Stop | None = None) -> Transcript:
        self.asked.append((len(samples), draft))
        seconds = [samples[at : at + SAMPLE_RATE] for at in range(0, len(samples), SAMPLE_RATE)]
        words = [f"{np.abs(second).max() * 10:.0f}" for second in seconds if len(second) > SAMPLE_RATE // 2]
        return Transcript(" ".join(words), self.id, self.language, 0.5)


class Captions:
    """A streaming engine that counts frames."""

    id, language = "captions", "en"

    def start(self) -> None:
        self.frames = 0

    def accept(self, samples: Samples) -> None:
        self.frames += 1

    def partial(self) -> str:
        return f"{self.frames} frames"

    def finish(self) -> Transcript:
        return Transcript(self.partial(), self.id, self.language)


def speech(*levels: float) -> Samples:
    """One second at each level, the last 100 ms of it quiet."""
    sound = np.repeat(np.array(levels, np.float32), SAMPLE_RATE)
    for second in range(len(levels)):
        sound[(second + 1) * SAMPLE_RATE - 1600 : (second + 1) * SAMPLE_RATE] = 0.001
    return sound


def hear(recognizer: TurnRecognizer, sound: Samples) -> None:
    for at in range(0, len(sound), FRAME):
        recognizer.accept(sound[at : at + FRAME])


def test_a_reading_ends_where_it_was_asked_to() -> None:
    recognizer = TurnRecognizer(Loudness(), None)
    hear(recognizer, speech(0.1, 0.2, 0.3, 0.4))
    assert recognizer.read(2 * SAMPLE_RATE) == Transcript("1 2", "loudness", "en", 0.5)
    assert recognizer.read(4 * SAMPLE_RATE).text == "1 2 3 4"


def test_no_caption_is_read_where_that_takes_long() -> None:
    """A clock that a reading moves on by `took` seconds."""
    now, took = 0.0, 2.0

    class Slow(Loudness):
        def transcribe(self, samples: Samples, draft: str | None = None, stop: Stop | None = None) -> Transcript:
            nonlocal now
            now += took
            return super().transcribe(samples, draft, stop)

    recognizer = TurnRecognizer(Slow(), None, clock=lambda: now)
    hear(recognizer, speech(0.1, 0.2))
    assert recognizer.read(SAMPLE_RATE).text == "1"
    assert recognizer.partial() is None
    took = 0.2
    recognizer.start()
    hear(recognizer, speech(0.1, 0.2))
    assert recognizer.partial() is None
    assert recognizer.read(SAMPLE_RATE).text == "1"
    assert recognizer.partial() == "1 2"
    assert TurnRecognizer(Slow(), Captions(), clock=lambda: now).partial() == "0 frames"


@pytest.mark.parametrize(("took", "readings"), [(0.1, 2), (3.0, 1)])
def test_a_machine_is_timed_and_a_slow_one_once(took: float, readings: int) -> None:
    now = 0.0

    class Slow(Loudness):
        def transcribe(self, samples: Samples, draft: str | None = None, stop: Stop | None = None) -> Transcript:
            nonlocal now
            now += took
            return super().transcribe(samples, draft, stop)

    engine = Slow()
    recognizer = TurnRecognizer(engine, None, clock=lambda: now)
    assert recognizer.timed(speech(0.1, 0.2, 0.3)) == pytest.approx(took)
    assert len(engine.asked) == readings
    recognizer.start()
    hear(recognizer, speech(0.4))
    assert recognizer.partial() == (None if took > CAPTIONED_WITHIN_S else "4"), "and nothing of it is left"


def test_a_caption_in_the_making_is_given_up_for_a_reading_and_a_reading_never_is() -> None:
    class Stoppable(Loudness):
        def transcribe(self, samples: Samples, draft: str | None = None, stop: Stop | None = None) -> Transcript:
            recognizer.hurry()  # as another thread does in the middle of it
            if stop is not None and stop.asked:
                raise GivenUp
            return super().transcribe(samples, draft, stop)

    recognizer = TurnRecognizer(Stoppable(), None)
    hear(recognizer, speech(0.1, 0.2))
    recognizer.hurry()
    assert recognizer.partial() is None
    assert recognizer.read(2 * SAMPLE_RATE).text == "1 2"


def test_the_same_reading_again_costs_nothing() -> None:
    engine = Loudness()
    recognizer = TurnRecognizer(engine, None)
    hear(recognizer, speech(0.1, 0.2))
    assert recognizer.read(SAMPLE_RATE) == recognizer.read(SAMPLE_RATE)
    assert len(engine.asked) == 1


def test_what_was_read_before_is_the_draft_of_what_is_read_next() -> None:
    engine = Loudness()
    recognizer = TurnRecognizer(engine, None)
    hear(recognizer, speech(0.1, 0.2))
    recognizer.partial()
    hear(recognizer, speech(0.3))
    recognizer.read(3 * SAMPLE_RATE)
    assert [draft for _, draft in engine.asked] == [None, "1 2"]


def test_a_new_turn_knows_nothing_of_the_last_one() -> None:
    engine = Loudness()
    recognizer = TurnRecognizer(engine, None)
    hear(recognizer, speech(0.1))
    recognizer.read(SAMPLE_RATE)
    recognizer.start()
    hear(recognizer, speech(0.7))
    assert recognizer.read(SAMPLE_RATE).text == "7"
    assert engine.asked[-1] == (SAMPLE_RATE, None)
    recognizer.start()
    assert recognizer.read(0).text == ""


def test_captions_come_from_the_streaming_engine_and_readings_from_the_strong_one() -> None:
    engine = Loudness()
    recognizer = TurnRecognizer(engine, Captions())
    hear(recognizer, speech(0.5))
    assert recognizer.partial() == "50 frames"
    assert engine.asked == []
    assert recognizer.read(SAMPLE_RATE).engine == "loudness"


def test_without_a_strong_engine_the_streaming_one_is_the_reading() -> None:
    recognizer = TurnRecognizer(None, Captions())
    hear(recognizer, speech(0.5))
    assert recognizer.read(SAMPLE_RATE) == Transcript("50 frames", "captions", "en")


def test_without_a_streaming_engine_captions_are_readings() -> None:
    recognizer = TurnRecognizer(Loudness(), None)
    hear(recognizer, speech(0.5, 0.6))
    assert recognizer.partial() == "5 6"


def test_ten_minutes_without_a_pause_lose_no_word_and_are_never_read_at_once() -> None:
    engine = Loudness()
    recognizer = TurnRecognizer(engine, None, longest=samples(20))
    levels = [0.1 * (1 + second % 9) for second in range(600)]
    hear(recognizer, speech(*levels))
    words = recognizer.read(600 * SAMPLE_RATE).text.split()
    assert words == [f"{10 * level:.0f}" for level in levels]
    assert max(length for length, _ in engine.asked) <= samples(20) + FRAME
    assert sum(length for length, _ in engine.asked) == 600 * SAMPLE_RATE, "each second is read once"


def test_memory_is_bounded_by_what_is_not_yet_read() -> None:
    recognizer = TurnRecognizer(Loudness(), None, longest=samples(3))
    for _ in range(20):
        hear(recognizer, speech(0.3))
        assert sum(len(part) for part in recognizer._unread) <= samples(3)


def test_a_reading_that_ends_before_the_settled_part_keeps_the_words_up_to_there() -> None:
    recognizer = TurnRecognizer(Loudness(), None, longest=samples(4))
    hear(recognizer, speech(*[0.1 * level for level in range(1, 10)]))
    assert recognizer.read(2 * SAMPLE_RATE).text in ("1 2", "1 2 3", "1 2 3 4"), "no finer than what was settled"
    assert recognizer.read(9 * SAMPLE_RATE).text == "1 2 3 4 5 6 7 8 9"


def test_what_was_read_of_a_settled_part_is_no_draft_of_the_rest() -> None:
    engine = Loudness()
    recognizer = TurnRecognizer(engine, None, longest=samples(4))
    hear(recognizer, speech(0.1, 0.2, 0.3))
    recognizer.partial()
    hear(recognizer, speech(0.4, 0.5))
    recognizer.partial()
    assert [draft for _, draft in engine.asked] == [None, "1 2 3", None]


def test_the_cut_falls_into_the_quietest_gap() -> None:
    sound = np.full(samples(3), 0.5, np.float32)
    sound[samples(1.0) : samples(1.2)] = 0  # quieter, but too early
    sound[samples(2.5) : samples(2.6)] = 0.01
    assert quietest(sound, samples(2)) == pytest.approx(samples(2.55), abs=samples(0.02))


def test_joined_readings_keep_no_empty_words_and_a_mean_confidence() -> None:
    parts = [Transcript("a", "e", "en", 0.4), Transcript("", "e", "en", None), Transcript("b", "e", "en", 0.8)]
    assert joined(parts) == Transcript("a b", "e", "en", pytest.approx(0.6))
    assert joined([Transcript("", "e", "en", None)]).confidence is None


def test_no_speech_model_at_all_is_one_clear_line() -> None:
    with pytest.raises(SpeechModelError, match="companion models"):
        open_recognizer("en", {})


@pytest.mark.parametrize(("role", "engine"), [("stt", "moonshine"), ("stt", "whisper"), ("stt-stream", "vosk")])
def test_a_missing_model_is_one_clear_line(role: str, engine: str, tmp_path: Path) -> None:
    with pytest.raises(SpeechModelError, match="small-model") as caught:
        open_recognizer("en", {role: (engine, "small-model", tmp_path / "nowhere")})
    assert "\n" not in str(caught.value)


def test_an_unknown_engine_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(SpeechModelError, match="telepathy"):
        open_recognizer("en", {"stt": ("telepathy", "m", tmp_path)})
