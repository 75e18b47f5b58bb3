"""The loop with scripted parts, on virtual time: what a conversation promises whatever the models are."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from companion import heap, jobs
from companion.affect.senses import Senses
from companion.conversation import LONGEST_SILENCE_S
from companion.dialogue.mind import Clause
from companion.events import (
    Affect,
    AffectReading,
    Backchannel,
    Event,
    Exchange,
    ReplyClause,
    ReplyEnded,
    ReplyStarted,
    Samples,
    SessionEnded,
    SpeechStarted,
    Transcript,
    TranscriptFinal,
    Trouble,
    TurnLatency,
    WorkedAhead,
    samples,
    seconds,
)
from companion.tts.rehearsed import Rehearsed
from companion.tts.voice import NEUTRAL
from companion.turns.ahead import MOST
from companion.turns.turn_end import SHORT, EndpointPolicy
from tests.fakes import (
    ForgettingReplier,
    Judge,
    Log,
    LoudnessActivity,
    MemoryDevice,
    ScriptedRecognizer,
    ScriptedReplier,
    ToneVoice,
    converse,
    silence,
    speech,
)

UTTERANCE = np.concatenate((silence(1.0), speech(1.0), silence(0.2)))


def sounding(device: MemoryDevice) -> int:
    """Samples of sound in all that was played."""
    return int(np.count_nonzero(np.concatenate(device.output)))


def test_a_question_is_heard_answered_and_measured() -> None:
    conversation, device, _, _, log = converse(UTTERANCE)
    order = [
        "session.started",
        "speech.started",
        "transcript.partial",
        "speech.ended",
        "transcript.final",
        "reply.clause",
    ]
    order += ["reply.clause", "reply.started", "turn.latency", "reply.ended", "turn.ahead", "session.ended"]
    assert log.names() == order
    (ended,) = log.all(ReplyEnded)
    assert ended.text == "Thank you for asking. All is quiet here."
    assert not ended.interrupted
    assert conversation.history[0].owner == "how are you"
    assert float(np.abs(np.concatenate(device.output)).max()) == 0.5
    assert device.closed


def test_the_gap_runs_from_the_last_voiced_sample_to_the_first_played() -> None:
    _, _, _, _, log = converse(UTTERANCE)
    (latency,) = log.all(TurnLatency)
    (started,) = log.all(ReplyStarted)
    assert latency.gap_ms >= (started.at - 2.0) * 1000 - 33  # the voice ends at 2.0 s, known to a window of 32 ms
    assert latency.endpoint_ms >= 200 - 33


def test_words_that_are_no_whole_sentence_are_waited_for_however_complete_they_sound() -> None:
    class Reads:
        def __init__(self, ends: float) -> None:
            self.probability = ends

        def follow(self, words: str, cancelled: Callable[[], bool]) -> None: ...

        def ends(self, words: str, cancelled: Callable[[], bool]) -> float:
            return self.probability

    def endpoint_ms(ends: float) -> float:
        _, _, _, _, log = converse(UTTERANCE, completion=Reads(ends))
        (latency,) = log.all(TurnLatency)
        return latency.endpoint_ms

    assert endpoint_ms(-0.5) < 400
    assert endpoint_ms(-6.0) > 600


def test_where_nobody_can_tell_a_sentence_turns_are_answered_all_the_same() -> None:
    class Fails:
        def follow(self, words: str, cancelled: Callable[[], bool]) -> None:
            raise RuntimeError

        ends = follow

    conversation, _, _, _, log = converse(UTTERANCE, completion=Fails())
    assert conversation.history[0].owner == "how are you"
    assert not log.all(Trouble)


def test_the_recogniser_hears_half_a_second_from_before_the_voice() -> None:
    _, _, recognizer, _, log = converse(UTTERANCE)
    heard = np.concatenate(recognizer.turns[0])
    before = int(np.argmax(np.abs(heard) > 0.1))
    assert samples(0.45) <= before <= samples(0.65)
    (started,) = log.all(SpeechStarted)
    assert abs(started.at - 1.0) < 0.05


def test_every_frame_of_the_turn_reaches_the_recogniser_once() -> None:
    _, _, recognizer, _, _ = converse(UTTERANCE)
    heard = np.concatenate(recognizer.turns[0])
    assert int(np.count_nonzero(np.abs(heard) > 0.1)) == samples(1.0)


def test_the_words_are_in_the_models_cache_before_the_turn_is_over() -> None:
    _, _, _, replier, _ = converse(UTTERANCE)
    assert replier.prepared[-1] == "how are you"


def pausing(pauses: int) -> Samples:
    """A turn with so many pauses in which it might be over."""
    stretch = np.concatenate((speech(0.6), silence(0.5)))
    return np.concatenate((silence(1.0), *[stretch] * pauses, speech(0.6), silence(0.2)))


@pytest.mark.parametrize(("pauses", "begun"), [(0, 1), (3, 4), (12, MOST)])
def test_what_may_be_thrown_away_is_bounded_and_told(pauses: int, begun: int) -> None:
    replier = ScriptedReplier("Fine.")
    replier.begins_with = Clause("Fine.", last=False)
    _, _, _, _, log = converse(pausing(pauses), judge=Judge(0.1), replier=replier)
    assert len(log.all(ReplyStarted)) == 1, "it is one turn"
    assert len(replier.prepared) == begun
    (ahead,) = log.all(WorkedAhead)
    assert (ahead.begun, ahead.kept) == (begun, False), "the scripted mind begins each anew"
    (latency,) = log.all(TurnLatency)
    assert latency.reason


def test_of_a_first_word_no_reply_is_begun_yet() -> None:
    short = np.concatenate((silence(1.0), speech(0.2), silence(0.6), speech(1.0), silence(0.2)))
    _, _, _, replier, _ = converse(short, judge=Judge(0.1))
    assert len(replier.prepared) == 1


def test_the_model_leaves_the_processor_to_smart_turn() -> None:
    """The model begins after it has answered, also where the words are known before."""
    replier = ScriptedReplier("Good.")
    begun: list[list[str]] = []

    class Watching(Judge):
        def completeness(self, speech: Samples, silence: int) -> float:
            begun.append(list(replier.prepared))
            return super().completeness(speech, silence)

    converse(UTTERANCE, replier=replier, judge=Watching(1.0))
    assert begun == [[]]
    assert replier.prepared == ["how are you"]


@pytest.mark.parametrize(
    ("policy", "quick", "meanwhile", "bound"),
    [(SHORT, 10.0, False, 0.2), (SHORT, 0.0, True, 10.0), (EndpointPolicy(), 10.0, True, 10.0)],
    ids=["short", "short, slow machine", "usual"],
)
def test_smart_turn_waits_for_words_that_are_asked_for_at_once(
    policy: EndpointPolicy, quick: float, meanwhile: bool, bound: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Side by side both would take longer. A slow recogniser is not waited for, nor are words asked for before."""
    monkeypatch.setattr(jobs, "_QUICK_S", quick)
    judged = threading.Event()
    overtaken: list[bool] = []

    class Watching(Judge):
        def completeness(self, speech: Samples, silence: int) -> float:
            judged.set()
            return super().completeness(speech, silence)

    class Slow(ScriptedRecognizer):
        def read(self, upto: int) -> Transcript:
            overtaken.append(judged.wait(timeout=bound))  # a bound, reached where words are waited for
            return super().read(upto)

    device = MemoryDevice(UTTERANCE, waits=False)
    converse(device=device, judge=Watching(1.0), recognizer=Slow("how are you"), policy=policy)
    assert overtaken[:1] == [meanwhile]
    assert judged.is_set()


def test_the_second_clause_is_written_only_once_the_first_one_sounds() -> None:
    """On two cores, writing on would keep the voice from its processor."""
    second_written = threading.Event()

    class Noticing(ScriptedReplier):
        def reply(self, history, words, cancelled, affect=None, lead=""):  # type: ignore[no-untyped-def]
            for number, clause in enumerate(super().reply(history, words, cancelled, affect, lead)):
                if number == 1:
                    second_written.set()
                yield clause

    early: list[bool] = []

    class Patient(ToneVoice):
        def synthesize(self, text, style=None):  # type: ignore[no-untyped-def]
            if not self.spoken:
                early.append(second_written.wait(timeout=0.2))  # a bound, reached where the promise holds
            yield from super().synthesize(text)

    converse(UTTERANCE, replier=Noticing("One.", "Two.", "Three."), voice=Patient())
    assert early == [False]


def test_who_goes_on_after_a_pause_is_answered_once_and_whole() -> None:
    parts = (silence(0.6), speech(0.8), silence(0.3), speech(0.8), silence(0.2))
    _, _, recognizer, replier, log = converse(np.concatenate(parts), completeness=0.3)
    assert len(log.all(TranscriptFinal)) == 1
    assert len(replier.asked) == 1
    assert int(np.count_nonzero(np.abs(np.concatenate(recognizer.turns[0])) > 0.1)) == samples(1.6)


def test_an_answer_that_comes_after_the_owner_went_on_is_dropped() -> None:
    """The first answer is held back until the owner speaks again: it must never sound."""
    went_on = threading.Event()

    class Late(ScriptedReplier):
        def reply(self, history, words, cancelled, affect=None, lead=""):  # type: ignore[no-untyped-def]
            if not self.asked:
                went_on.wait()
            yield from super().reply(history, words, cancelled, affect, lead)

    sound = np.concatenate((silence(0.6), speech(0.8), silence(0.6), speech(0.8), silence(0.2)))
    device = MemoryDevice(sound, waits=False, reached=(2.2, went_on.set))
    replier = Late("One two three.")
    _, _, _, _, log = converse(replier=replier, device=device)
    (ended,) = log.all(ReplyEnded)
    assert ended.text == "One two three."
    assert sounding(device) == samples(0.3)
    assert log.all(ReplyStarted)[0].at > 2.8


@pytest.mark.parametrize("pause", [0.30 + 0.02 * step for step in range(16)])
def test_only_replies_that_were_let_sound_do(pause: float) -> None:
    """Whenever the owner goes on, around the moment of our first sample: all or nothing of a reply is played."""
    sound = np.concatenate((silence(0.6), speech(0.8), silence(pause), speech(0.3), silence(0.2)))
    _, device, _, _, log = converse(sound, replier=ScriptedReplier("One two three."))
    assert sounding(device) == samples(0.3) * len(log.all(ReplyStarted))
    assert [ended.text for ended in log.all(ReplyEnded)] == ["One two three."] * len(log.all(ReplyStarted))


@pytest.mark.parametrize("pause", [0.30 + 0.04 * step for step in range(8)])
def test_what_cannot_be_undone_is_done_once_and_only_if_its_answer_sounds(pause: float) -> None:
    replier = ForgettingReplier("All right.")
    sound = np.concatenate((silence(0.6), speech(0.8), silence(pause), speech(0.3), silence(0.2)))
    _, _, _, _, log = converse(sound, replier=replier)
    assert len(replier.done) == len(log.all(ReplyStarted))
    assert [ended.text for ended in log.all(ReplyEnded)] == ["All right. Done."] * len(replier.done)


def test_what_cannot_be_undone_is_done_too_where_its_answer_comes_while_we_speak() -> None:
    sounds = threading.Event()

    class Late(ForgettingReplier):
        def reply(self, history, words, cancelled, affect=None, lead=""):  # type: ignore[no-untyped-def]
            for number, clause in enumerate(super().reply(history, words, cancelled, affect, lead)):
                if number == 1:
                    sounds.wait()
                yield clause

    class Noticing(Log):
        def event(self, event: Event, t: float, turn: int) -> None:
            super().event(event, t, turn)
            if isinstance(event, ReplyStarted):
                sounds.set()

    replier = Late("All right.", "I will.")
    _, _, _, _, log = converse(device=MemoryDevice(UTTERANCE, waits=False), replier=replier, log=Noticing())
    assert len(replier.done) == 1
    assert [ended.text for ended in log.all(ReplyEnded)] == ["All right. I will. Done."]


def test_a_sound_without_words_is_not_answered() -> None:
    _, device, _, replier, log = converse(UTTERANCE, words=("",))
    assert replier.asked == []
    assert log.all(TranscriptFinal) == []
    assert float(np.abs(np.concatenate(device.output)).max()) == 0.0
    assert log.all(SessionEnded)[0].reason == "input"


def test_silence_ends_the_session_without_a_turn() -> None:
    _, _, recognizer, _, log = converse(silence(3.0))
    assert recognizer.turns == []
    assert log.names() == ["session.started", "session.ended"]


def test_the_next_recording_waits_for_the_reply_to_end() -> None:
    _, _, _, replier, log = converse(UTTERANCE, UTTERANCE, words=("first", "second"))
    ends = [t for t, _, event in log.events if isinstance(event, ReplyEnded)]
    starts = [t for t, _, event in log.events if isinstance(event, SpeechStarted)]
    assert ends[0] < starts[1]
    assert [words for _, words in replier.asked] == ["first", "second"]
    assert replier.asked[1][0][0].companion == "Thank you for asking. All is quiet here."
    assert [turn for _, turn, event in log.events if isinstance(event, TranscriptFinal)] == [1, 2]


def test_what_it_hears_while_it_speaks_is_no_turn() -> None:
    """Half-duplex: until echo is cancelled, what sounds while we speak is ourselves."""
    reply = ScriptedReplier("a b c d e f g h i j k l m n o p q r s t u v w x y z", "one two three four five.")
    over = np.concatenate((UTTERANCE, silence(0.6), speech(1.5), silence(0.2)))
    _, _, recognizer, _, log = converse(over, replier=reply)
    assert len(recognizer.turns) == 1
    assert len(log.all(TranscriptFinal)) == 1


def test_a_model_that_fails_costs_one_turn_and_says_so() -> None:
    replier = ScriptedReplier(RuntimeError("broken"))
    _, _, _, _, log = converse(UTTERANCE, UTTERANCE, words=("a secret", "another"), replier=replier)
    troubles = log.all(Trouble)
    assert len(troubles) == 2
    assert all("secret" not in trouble.detail and "broken" not in trouble.detail for trouble in troubles)
    assert log.names()[-1] == "session.ended"


def test_words_that_stand_still_are_read_ahead() -> None:
    words = "I have a dog now and he is a good old dog who sleeps all day".split()
    steps = range(1, len(words) + 1, 3)

    class Growing(ScriptedRecognizer):
        captions = (" ".join(words[:n]) for n in steps)

        def partial(self) -> str:
            return next(self.captions, " ".join(words))

    long = np.concatenate((silence(0.6), speech(3.0), silence(0.2)))
    _, _, _, replier, _ = converse(long, recognizer=Growing(" ".join(words)))
    assert replier.followed == ["I have a dog now and he is a"]
    assert replier.prepared == [" ".join(words)]


def test_between_turns_freed_memory_goes_back_to_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    monkeypatch.setattr(heap, "give_back", lambda: order.append("given back"))

    class Telling(ScriptedReplier):
        def warm(self, history: Sequence[Exchange], cancelled: Callable[[], bool]) -> None:
            order.append(f"read ahead behind {len(history)}")

    converse(UTTERANCE, replier=Telling("Fine."))
    assert order == ["read ahead behind 0", "given back", "read ahead behind 1", "given back"]


def test_what_was_taken_back_is_not_told() -> None:
    """The owner goes on before our first sample: one transcript, one turn, whatever was begun."""
    for pause in (0.30, 0.32, 0.34):
        sound = np.concatenate((silence(0.6), speech(0.8), silence(pause), speech(0.3), silence(0.2)))
        _, _, _, _, log = converse(sound)
        assert len(log.all(TranscriptFinal)) == len(log.all(ReplyStarted))


def test_captions_that_fail_cost_no_turn() -> None:
    class NoCaptions(ScriptedRecognizer):
        def partial(self) -> str:
            raise RuntimeError("broken")

    _, _, _, _, log = converse(UTTERANCE, recognizer=NoCaptions("how are you"))
    assert len(log.all(ReplyEnded)) == 1
    assert not log.all(Trouble)


def test_a_voice_that_fails_does_not_hang_the_loop() -> None:
    _, _, _, _, log = converse(UTTERANCE, voice=ToneVoice(mute="Thank"))
    assert log.all(Trouble)
    assert log.names()[-1] == "session.ended"


def test_a_voice_that_fails_midway_falls_silent() -> None:
    replier = ScriptedReplier("One " * 30, "Two.")
    _, device, _, _, log = converse(UTTERANCE, replier=replier, voice=ToneVoice(mute="Two"))
    assert log.all(Trouble)
    assert not device.playing


def test_ctrl_c_in_a_reply_keeps_only_what_was_heard() -> None:
    replier = ScriptedReplier("one two three four five six seven eight nine ten")
    conversation, device, _, _, log = converse(UTTERANCE, replier=replier, interrupt_after=2.9)
    (ended,) = log.all(ReplyEnded)
    assert ended.interrupted
    whole = "one two three four five six seven eight nine ten"
    assert whole.startswith(ended.text)
    assert ended.text != whole
    assert conversation.history[0].companion == ended.text != ""
    assert log.all(SessionEnded)[0].reason == "owner"
    assert device.closed


def test_a_sneeze_that_reads_as_a_word_is_not_answered() -> None:
    sneeze = np.concatenate((silence(3.2), speech(0.3), silence(2.0)))
    recognizer = ScriptedRecognizer("Thanks.", confidence=0.6)
    _, _, _, replier, log = converse(sneeze, recognizer=recognizer, activity=LoudnessActivity(0.6))
    assert not replier.asked
    assert not log.all(TranscriptFinal)


def test_a_speaker_lost_before_its_first_sound_does_not_lose_the_words() -> None:
    class Unplugged(MemoryDevice):
        def play(self, tag: int, samples: Samples, rate: int, last: bool) -> None:
            super().play(tag, samples, rate, last)
            self.stop()

    _, _, _, _, log = converse(device=Unplugged(UTTERANCE))
    assert log.names().index("transcript.final") < log.names().index("reply.ended")
    (ended,) = log.all(ReplyEnded)
    assert (ended.text, ended.interrupted) == ("", True)


def test_what_it_says_of_itself_is_heard_but_no_part_of_the_talk() -> None:
    class Disclosing(ScriptedReplier):
        def reply(self, history, words, cancelled, affect=None, lead=""):  # type: ignore[no-untyped-def]
            yield Clause("I'm a program.", last=False, safety="disclosure")
            yield from super().reply(history, words, cancelled, affect, lead)

    conversation, _, _, _, log = converse(UTTERANCE, replier=Disclosing("Good to hear."))
    (ended,) = log.all(ReplyEnded)
    assert ended.text == "I'm a program. Good to hear."
    assert conversation.history[0].companion == "Good to hear."


class Listening(Senses):
    """Measures nothing but that it was asked, and finds every turn as pleasant as it is told to."""

    def __init__(self, valence: float = 0.5) -> None:
        super().__init__("en")
        self.heard: list[Samples] = []
        self.learned: list[object] = []
        self._valence = valence
        self._on = True

    @property
    def listens(self) -> bool:
        return self._on

    def stop_listening(self) -> None:
        self._on = False

    def listen(self, sound: Samples) -> object:
        self.heard.append(sound)
        return "features"

    def sense(self, said: str, voice: object = None) -> Affect:
        reading = AffectReading(self._valence, 0.0, {"happy": 1.0}, 0.9) if voice == "features" else None
        return Affect(self._valence, 0.0, "happy", {"happy": 1.0}, 0.9, reading, None, {}, 0.0)

    def learn(self, voice: object) -> None:
        self.learned.append(voice)


def test_how_the_turn_sounded_is_told_and_known_to_the_answer() -> None:
    asked: list[Affect | None] = []

    class Curious(ScriptedReplier):
        def prepare(self, history, words, cancelled, affect=None):  # type: ignore[no-untyped-def]
            asked.append(affect)
            super().prepare(history, words, cancelled, affect)

    senses = Listening()
    _, _, _, _, log = converse(UTTERANCE, replier=Curious("Good."), senses=senses)
    (affect,) = log.all(Affect)
    assert affect.voice is not None
    assert len(senses.heard) == len(senses.learned) == 1
    assert [one.voice is not None for one in asked if one is not None] == [True], "the words waited for the voice"
    names = log.names()
    assert names.index("transcript.final") < names.index("affect") < names.index("reply.clause")


def test_no_turn_is_answered_before_it_is_known_how_it_sounded() -> None:
    """The measurement is held back until long after the turn is over: the answer waits for it."""
    measured = threading.Event()

    class Slow(Listening):
        def listen(self, sound: Samples) -> object:
            measured.wait()
            return super().listen(sound)

    device = MemoryDevice(UTTERANCE, waits=False, reached=(60.0, measured.set))
    _, _, _, replier, log = converse(device=device, senses=Slow())
    (affect,) = log.all(Affect)
    assert affect.voice is not None
    assert log.all(ReplyStarted)[0].at > 60.0
    assert len(replier.asked) == 1


def test_a_voice_that_cannot_be_measured_does_not_cost_the_answer() -> None:
    class Broken(Listening):
        def listen(self, sound: Samples) -> object:
            raise RuntimeError

    _, _, _, _, log = converse(UTTERANCE, senses=Broken())
    (affect,) = log.all(Affect)
    assert affect.voice is None
    assert not log.all(Trouble)
    assert log.all(ReplyStarted)


def test_after_a_no_the_voice_is_not_listened_to_again() -> None:
    class Obeying(ScriptedReplier):
        def reply(self, history, words, cancelled, affect=None, lead=""):  # type: ignore[no-untyped-def]
            self.asked.append(words)
            yield Clause("All right.", last=True, safety="voice-off")

    senses = Listening()
    converse(UTTERANCE, UTTERANCE, replier=Obeying(), senses=senses)
    assert len(senses.heard) == 1
    assert not senses.learned


def test_the_sound_of_an_answer_begun_ahead_is_made_before_the_turn_is_over() -> None:
    made: list[str] = []

    class Telling(ToneVoice):
        def synthesize(self, text, style=NEUTRAL):  # type: ignore[no-untyped-def]
            made.append(text)
            return super().synthesize(text, style)

    class Asked(ScriptedReplier):
        def reply(self, history, words, cancelled, affect=None, lead=""):  # type: ignore[no-untyped-def]
            made.append("the turn is over")
            yield from super().reply(history, words, cancelled, affect, lead)

    replier = Asked("That is far.")
    replier.begins_with = Clause("That is far.", last=False)
    converse(UTTERANCE, replier=replier, voice=Rehearsed(Telling()))
    assert made == ["That is far.", "the turn is over"]


def test_a_lead_sounds_before_the_model_has_written_a_word_and_belongs_to_the_answer() -> None:
    sounds = threading.Event()
    waited: list[bool] = []

    class Slow(ScriptedReplier):
        def reply(self, history, words, cancelled, affect=None, lead=""):  # type: ignore[no-untyped-def]
            waited.append(sounds.wait(timeout=5))
            yield from super().reply(history, words, cancelled, affect, lead)

    class Telling(ToneVoice):
        def synthesize(self, text, style=None):  # type: ignore[no-untyped-def]
            yield from super().synthesize(text)
            if self.spoken.count("I see.") == 2:  # once beforehand
                sounds.set()

    conversation, _, _, _, log = converse(UTTERANCE, replier=Slow("That is far.", lead="I see."), voice=Telling())
    assert waited == [True]
    assert [clause.text for clause in log.all(ReplyClause)] == ["I see.", "That is far."]  # type: ignore[attr-defined]
    assert conversation.history[-1].companion == "I see. That is far."
    assert log.all(TurnLatency)[0].led  # type: ignore[attr-defined]


def test_an_answer_that_is_late_is_announced_to_sound_after_a_second_and_only_then() -> None:
    sounds = threading.Event()
    device = MemoryDevice(UTTERANCE, waits=False)
    announced: list[float] = []

    class Slow(ScriptedReplier):
        def reply(self, history, words, cancelled, affect=None, lead=""):  # type: ignore[no-untyped-def]
            assert sounds.wait(timeout=30)
            yield from super().reply(history, words, cancelled, affect, lead)

        def hesitate(self, history, words):  # type: ignore[no-untyped-def]
            announced.append(seconds(device.position))
            return super().hesitate(history, words)

    class Telling(ToneVoice):
        def synthesize(self, text, style=NEUTRAL):  # type: ignore[no-untyped-def]
            yield from super().synthesize(text)
            if text == "Let me see.":
                sounds.set()

    replier = Slow("That is far.", hesitation="Let me see.")
    conversation, _, _, _, log = converse(device=device, replier=replier, voice=Telling())
    (at,) = announced
    assert at >= 2.0 + LONGEST_SILENCE_S  # where the voice ends; and the clock does not wait for the answer
    assert [clause.text for clause in log.all(ReplyClause)] == ["Let me see.", "That is far."]  # type: ignore[attr-defined]
    assert conversation.history[-1].companion == "Let me see. That is far."
    assert log.all(TurnLatency)[0].led  # type: ignore[attr-defined]


def test_an_answer_that_comes_in_time_is_not_announced() -> None:
    _, _, _, _, log = converse(UTTERANCE, replier=ScriptedReplier("Far.", hesitation="Let me see."))
    assert [clause.text for clause in log.all(ReplyClause)] == ["Far."]  # type: ignore[attr-defined]


def test_who_tells_something_long_hears_that_it_is_listened_to() -> None:
    sound = np.concatenate((silence(0.6), speech(7.0), silence(0.5), speech(1.0), silence(0.2)))
    _, device, _, replier, log = converse(sound, words=("and then my",), completeness=0.1, duplex=True)
    (backchannel,) = log.all(Backchannel)
    assert 7.6 < backchannel.at < 8.4  # type: ignore[attr-defined]
    assert len(device.overlaid) == 1
    assert len(replier.asked) == 1


def test_where_our_voice_would_be_heard_or_the_turn_is_short_it_is_silent() -> None:
    long = np.concatenate((silence(0.6), speech(7.0), silence(0.8), speech(1.0), silence(0.2)))
    short = np.concatenate((silence(0.6), speech(2.0), silence(0.8), speech(1.0), silence(0.2)))
    for sound, duplex in ((long, False), (short, True)):
        _, device, _, _, log = converse(sound, completeness=0.2, duplex=duplex)
        assert not log.all(Backchannel)
        assert not device.overlaid
