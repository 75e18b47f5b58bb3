"""Scripted parts for tests of the loop: they obey the protocols, hold no model and need no time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from companion.affect.senses import Senses
from companion.audio.device import Echo
from companion.conversation import Conversation
from companion.dialogue.mind import Clause
from companion.events import (
    FRAME,
    SAMPLE_RATE,
    Affect,
    AudioFrame,
    Event,
    Exchange,
    InputEnded,
    MemorySaved,
    Message,
    PlaybackEnded,
    PlaybackHeld,
    PlaybackStarted,
    Samples,
    SessionStarted,
    Style,
    Transcript,
    samples,
)
from companion.hands_free import HandsFree
from companion.parts import Parts, Storage
from companion.turns.taking import Phase, TurnTaking
from companion.turns.turn_end import EndpointPolicy


def speech(duration: float) -> Samples:
    """Something loud, which `LoudnessActivity` takes for a voice."""
    return np.full(samples(duration), 0.3, dtype=np.float32)


def silence(duration: float) -> Samples:
    return np.zeros(samples(duration), dtype=np.float32)


NEUTRAL = Style()


HOPELESS = samples(1200)
"""No conversation of a test takes so long."""


class MemoryDevice:
    """Plays recordings from memory into the loop and keeps what it plays, on one clock that waits for work."""

    name = "memory"
    echo: Echo = "none"

    def __init__(
        self,
        *inputs: Samples,
        interrupt_after: float | None = None,
        waits: bool = True,
        reached: tuple[float, Callable[[], None]] = (0.0, lambda: None),
    ) -> None:
        """`reached`: seconds, and what to call when the clock gets there."""
        self.waits = waits
        self._reached = reached
        self._inputs = deque(inputs)
        self._current: Samples = self._inputs.popleft() if self._inputs else np.empty(0, dtype=np.float32)
        self._ended = False
        self._interrupt_after = interrupt_after
        self._utterance: int | None = None
        self._pending: deque[Samples] = deque()
        self._last = False
        self._played = 0
        self._held = False
        self.position = 0
        self.output: list[Samples] = []
        self.overlaid: list[tuple[int, Samples, int]] = []
        self.closed = False

    def start(self, post: Callable[[Message], None]) -> None:
        self._post = post

    def doze(self, dozing: bool) -> None:
        self.dozing = dozing

    def tick(self) -> float:
        if self._interrupt_after is not None and self.position >= samples(self._interrupt_after):
            raise KeyboardInterrupt
        assert self.position < HOPELESS, "the conversation hangs"
        if self.position == samples(self._reached[0]):
            self._reached[1]()
        frame = np.zeros(FRAME, dtype=np.float32)
        taken = self._current[:FRAME]
        frame[: len(taken)] = taken
        self._current = self._current[FRAME:]
        self._post(AudioFrame(self.position, frame))
        self._play_frame()
        self.position += FRAME
        if not len(self._current) and not self._ended:
            self._ended = True
            self._post(InputEnded(self.position))
        return 0.0

    def play(self, tag: int, samples: Samples, rate: int, last: bool) -> None:
        assert rate == SAMPLE_RATE
        self._utterance = tag
        if len(samples):
            self._pending.append(samples)
        self._last = self._last or last

    def overlay(self, samples: Samples, rate: int) -> None:
        self.overlaid.append((self.position, samples, rate))

    def stop(self) -> None:
        if self._utterance is not None:
            tag, played = self._utterance, self._played
            self._silent()
            self._post(PlaybackEnded(tag, self.position, played, stopped=True))

    def hold(self) -> None:
        self._held = True
        if self._utterance is not None:
            self._post(PlaybackHeld(self._utterance, self.position))

    def go_on(self) -> None:
        self._held = False

    def next_input(self) -> bool:
        if not self._inputs:
            return False
        self._current = self._inputs.popleft()
        self._ended = False
        return True

    def close(self) -> None:
        self.closed = True

    @property
    def playing(self) -> bool:
        return self._utterance is not None

    def _silent(self) -> None:
        self._utterance, self._last, self._played, self._held = None, False, 0, False
        self._pending.clear()

    def _play_frame(self) -> None:
        frame = np.zeros(FRAME, dtype=np.float32)
        filled = 0
        while self._pending and filled < FRAME and not self._held:
            chunk = self._pending.popleft()
            taken = chunk[: FRAME - filled]
            if self._played == 0 and filled == 0:
                assert self._utterance is not None
                self._post(PlaybackStarted(self._utterance, self.position))
            frame[filled : filled + len(taken)] = taken
            filled += len(taken)
            if len(chunk) > len(taken):
                self._pending.appendleft(chunk[len(taken) :])
        self._played += filled
        self.output.append(frame)
        if self._utterance is not None and self._last and not self._pending and not self._held:
            ended = PlaybackEnded(self._utterance, self.position + FRAME, self._played)
            self._silent()
            self._post(ended)


class LoudnessActivity:
    """Whatever is loud is a voice, with the given probability."""

    def __init__(self, voice: float = 0.95) -> None:
        self._voice = voice

    def reset(self) -> None:
        pass

    def probability(self, window: Samples) -> float:
        return self._voice if float(np.abs(window).mean()) > 0.1 else 0.01


class Judge:
    """Every pause sounds equally complete."""

    def __init__(self, completeness: float) -> None:
        self._completeness = completeness

    def completeness(self, speech: Samples, silence: int) -> float:
        return self._completeness


class ScriptedRecognizer:
    """Gives the scripted texts, one a turn, and keeps the sound it was given."""

    def __init__(self, *texts: str, confidence: float = 0.9) -> None:
        self._texts = list(texts)
        self._confidence = confidence
        self._turn = -1
        self.turns: list[list[Samples]] = []
        self.readings: list[int] = []

    def start(self) -> None:
        self._turn += 1
        self.turns.append([])

    def accept(self, samples: Samples) -> None:
        self.turns[-1].append(samples)

    def partial(self) -> str:
        return self._text().split(" ")[0]

    def hurry(self) -> None:
        """There is nothing to give up."""

    def read(self, upto: int) -> Transcript:
        self.readings.append(upto)
        return Transcript(self._text(), "scripted", "en", self._confidence)

    def _text(self) -> str:
        return self._texts[min(self._turn, len(self._texts) - 1)]


class ScriptedReplier:
    """Answers every turn with the same clauses; an exception among them is raised in its place."""

    def __init__(self, *clauses: str | Exception, lead: str = "", hesitation: str = "") -> None:
        self.clauses = clauses
        self.hesitation = Clause(hesitation, last=False) if hesitation else None
        self.leads = Clause(lead, last=False) if lead else None
        self.asked: list[tuple[Sequence[Exchange], str]] = []
        self.followed: list[str] = []
        self.prepared: list[str] = []
        self.begins_with: Clause | None = None
        self.warmed: list[Sequence[Exchange]] = []
        self.written: list[str] = []

    def warm(self, history: Sequence[Exchange], cancelled: Callable[[], bool]) -> None:
        self.warmed.append(history)

    def follow(self, history: Sequence[Exchange], words: str, cancelled: Callable[[], bool]) -> None:
        self.followed.append(words)

    def give_way(self) -> None:
        """Nothing takes time."""

    def familiar(self) -> Sequence[Clause]:
        return [self.leads] if self.leads is not None else []

    def lead(self, history: Sequence[Exchange], words: str, affect: Affect | None = None) -> Clause | None:
        return self.leads

    def hesitate(self, history: Sequence[Exchange], words: str) -> Clause | None:
        return self.hesitation

    def nod(self, history: Sequence[Exchange], words: str) -> Clause | None:
        return Clause("mm-hm", last=False)

    def prepare(
        self, history: Sequence[Exchange], words: str, cancelled: Callable[[], bool], affect: Affect | None = None
    ) -> Clause | None:
        self.prepared.append(words)
        return self.begins_with

    def reply(
        self,
        history: Sequence[Exchange],
        words: str,
        cancelled: Callable[[], bool],
        affect: Affect | None = None,
        lead: str = "",
    ) -> Iterator[Clause]:
        self.asked.append((history, words))
        for index, clause in enumerate(self.clauses):
            if isinstance(clause, Exception):
                raise clause
            self.written.append(clause)
            yield Clause(clause, last=index == len(self.clauses) - 1, first_token=0.1 if index == 0 else None)

    def aside(self, words: str) -> bool:
        return words == "forget that"

    def kept(self, history: Sequence[Exchange]) -> tuple[Exchange, ...]:
        return tuple(history)


class ForgettingReplier(ScriptedReplier):
    """Agrees in the given sentences, and does what cannot be undone behind the last of them."""

    def __init__(self, *agrees: str) -> None:
        super().__init__()
        self._agrees = agrees
        self.done: list[str] = []

    def reply(
        self,
        history: Sequence[Exchange],
        words: str,
        cancelled: Callable[[], bool],
        affect: Affect | None = None,
        lead: str = "",
    ) -> Iterator[Clause]:
        *first, last = self._agrees
        for sentence in first:
            yield Clause(sentence, last=False, aside=True)
        yield Clause(last, last=False, aside=True, waits=True)
        self.done.append(words)
        yield Clause("Done.", last=True, aside=True)


class ToneVoice:
    """A tenth of a second of sound for every word; a clause named in `mute` cannot be spoken."""

    id = "tone"
    rate = SAMPLE_RATE
    language = "en"

    def __init__(self, mute: str = "") -> None:
        self._mute = mute
        self.spoken: list[str] = []

    def synthesize(self, text: str, style: Style = NEUTRAL) -> Iterator[Samples]:
        if self._mute and self._mute in text:
            raise RuntimeError("no voice")
        self.spoken.append(text)
        yield np.full(samples(0.1 * len(text.split())), 0.5, dtype=np.float32)

    def kept(self, text: str, style: Style = NEUTRAL) -> None:
        pass

    def warm_up(self) -> None:
        pass


class SilentVoice(ToneVoice):
    """Makes no sound of anything."""

    def synthesize(self, text: str, style: Style = NEUTRAL) -> Iterator[Samples]:
        return iter(())


class ScriptedStorage:
    """Keeps what is learned, and no turn."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def save(
        self, said: str, answered: str, ago: float, interrupted: bool, affect: Affect | None = None
    ) -> MemorySaved | None:
        return None

    def learned(self, name: str) -> Any:
        return self.values.get(name)

    def learn(self, name: str, value: Any) -> None:
        self.values[name] = value

    def settle(self) -> None:
        pass


class Log:
    """An observer that keeps every event."""

    def __init__(self) -> None:
        self.events: list[tuple[float, int, Event]] = []

    def event(self, event: Event, t: float, turn: int) -> None:
        self.events.append((t, turn, event))

    def level(self, rms: float, phase: Phase) -> None:
        pass

    def all(self, kind: type) -> list[Event]:
        return [event for _, _, event in self.events if isinstance(event, kind)]

    def names(self) -> list[str]:
        return [event.name for _, _, event in self.events]


def converse(
    *inputs: Samples,
    words: Sequence[str] = ("how are you",),
    replier: ScriptedReplier | None = None,
    voice: ToneVoice | None = None,
    completeness: float = 1.0,
    judge: Judge | None = None,
    interrupt_after: float | None = None,
    device: MemoryDevice | None = None,
    recognizer: ScriptedRecognizer | None = None,
    activity: LoudnessActivity | None = None,
    senses: Senses | None = None,
    storage: Storage | None = None,
    completion: Any = None,
    duplex: bool = False,
    log: Log | None = None,
    policy: EndpointPolicy | None = None,
    hands_free: HandsFree | None = None,
) -> tuple[Conversation, MemoryDevice, ScriptedRecognizer, ScriptedReplier, Log]:
    """Run a whole session of scripted parts."""
    device = device or MemoryDevice(*inputs, interrupt_after=interrupt_after)
    recognizer = recognizer or ScriptedRecognizer(*words)
    replier = replier or ScriptedReplier("Thank you for asking.", "All is quiet here.")
    log = log or Log()
    activity = activity or LoudnessActivity()
    judged_by: Any = judge or Judge(completeness)
    spoken: Any = voice or ToneVoice()
    parts = Parts(activity, judged_by, recognizer, replier, spoken, storage, senses, completion)  # type: ignore[arg-type]
    started = SessionStarted("tiny", {}, "en", "test")
    taking = TurnTaking(policy, duplex=duplex, parses=completion is not None)
    conversation = Conversation(device, parts, started, [log], taking, hands_free)
    conversation.run()
    return conversation, device, recognizer, replier, log
