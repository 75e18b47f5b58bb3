"""The single audio loop: it joins the rooms, and it owns all state of a conversation.

One thread takes frames and results from one queue, asks the pure cores of `companion.turns` what to do, and hands work
to workers: one reads (speech to text), one judges (Smart Turn), one writes (the language model), one speaks, one keeps
(the memory). No worker holds state or calls another. All work carries the revision it was begun for; when the owner
goes on speaking the revision moves, running work sees it and stops, and results that arrive late are dropped.

The journey of one utterance:

    frame ─▶ voice activity ─▶ TurnTaking
    Read (a pause) ─▶ second pass of the words; the words into the model's cache
    Probe (it goes on) ─▶ Smart Turn: is the turn complete?
    Commit (it lasts) ─▶ reply, clause by clause ─▶ voice ─▶ speaker ─▶ what was heard ─▶ history
    Hold (a voice over ours) ─▶ silence, until its words say whether to give way or to go on
"""

from __future__ import annotations

import math
import queue
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import numpy as np

from companion.affect.senses import Senses
from companion.audio.device import AudioDevice
from companion.audio.smart_turn import SPAN, SmartTurn
from companion.audio.voice_activity import WINDOW, VoiceActivity
from companion.dialogue.reply import Clause, Dialogue
from companion.events import (
    FRAME,
    SAMPLE_RATE,
    Affect,
    Announcement,
    AttentionChanged,
    AudioFrame,
    Backchannel,
    BargeIn,
    ClauseReady,
    CompletenessReady,
    DeviceTrouble,
    Event,
    Exchange,
    InputEnded,
    Key,
    KeyPressed,
    MemorySaved,
    Message,
    NodReady,
    PartialReady,
    PlaybackEnded,
    PlaybackHeld,
    PlaybackStarted,
    ReadingReady,
    ReplyClause,
    ReplyEnded,
    ReplyStarted,
    Safety,
    Samples,
    SessionEnded,
    SessionStarted,
    SpeechEnded,
    SpeechReady,
    SpeechStarted,
    Strategy,
    TranscriptFinal,
    TranscriptPartial,
    Trouble,
    TurnLatency,
    TurnSaved,
    VoiceReady,
    WorkFailed,
    samples,
    seconds,
)
from companion.hands_free import HandsFree, News
from companion.stt.turn import TurnRecognizer
from companion.tts import earcons
from companion.tts.styles import style
from companion.tts.voice import Voice
from companion.turns.attention import State
from companion.turns.believable import believable
from companion.turns.heard import SpokenClause, heard
from companion.turns.interruption import Overlap, asks_to_stop, weigh
from companion.turns.pauses import Pauses
from companion.turns.taking import Action, Begin, Commit, Dismiss, Hold, Phase, Probe, Read, Resume, TurnTaking
from companion.turns.words_end import ending
from companion.worker import Worker

PRE_ROLL = samples(0.5)
"""What the recogniser hears from before the first voiced window: soft first syllables are late to be called voice."""

ROOM = samples(3)
"""The quietest tenth of so long a time is the level of the room: what comes before a voice may be the breath, or the
first half of a sneeze."""

PARTIAL_EVERY = samples(0.4)
"""How often the words so far are asked for while the owner speaks."""

AFTER_INPUT = samples(0.5)
"""Silence after the end of a file before the next one: time enough for a voice at its very end to be noticed."""

VOICE = "voice"
"""The name under which the owner's memory keeps how this owner usually sounds."""

PAUSES = "pauses"
"""The name under which it keeps how long this owner pauses."""

VOICE_OFF = "voice_off"
"""The name under which it keeps that the owner said not to listen to the voice."""

READ_AHEAD = 8
"""Words that the model reads at once while the owner speaks. Up to 16 tokens cost it the same as eight, and while it
reads it is not free for the words that matter, the last ones."""

LEVEL_EVERY = samples(0.1)

AFTER_SOUND = samples(0.3)
"""How long after an earcon or an announcement the speaker, and the room, may still sound of it."""


class Observer(Protocol):
    """Watches the loop without touching it: an events file, a screen, a bench."""

    def event(self, event: Event, t: float, turn: int) -> None:
        """`event` happened `t` seconds after the start, in turn `turn`."""

    def level(self, rms: float, phase: Phase) -> None:
        """The microphone's level (root mean square, 0…1) and who has the floor; about ten times a second."""


class Storage(Protocol):
    """Where turns are kept."""

    def save(
        self, said: str, answered: str, ago: float, interrupted: bool, affect: Affect | None = None
    ) -> MemorySaved | None:
        """Keep a turn that began `ago` seconds ago, and what was heard in it; None where it is not to be kept."""

    def learned(self, name: str) -> Any:
        """What was learned of the owner under this name; None: nothing."""

    def learn(self, name: str, value: Any) -> None:
        """Keep what was learned, in the place of what was there."""

    def settle(self) -> None:
        """Work that had time until now."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The models of a session, open and warm, and the owner's memory, where there is one.

    `senses`: None where nothing is made of how the owner sounds and of the feeling in the words.
    """

    activity: VoiceActivity
    smart_turn: SmartTurn
    recognizer: TurnRecognizer
    replier: Dialogue
    voice: Voice
    storage: Storage | None = None
    senses: Senses | None = None


@dataclass(slots=True)
class _Reply:
    """A reply in the making."""

    asked_at: float
    rest: Iterator[Clause] | None = None
    clauses: list[SpokenClause] = field(default_factory=list)
    complete: bool = False
    spoken: int = 0  # clauses whose sound is whole
    first_token: float | None = None
    ahead: bool = False
    aside: bool = False
    disclosed: int = 0  # clauses at its beginning that say what it is, and are no part of the talk
    led: bool = False  # it opens with a lead, which no model writes
    clause_at: float | None = None
    sound_at: float | None = None
    closed: bool = False


@dataclass(slots=True)
class _Turn:
    """The owner's turn, from the first voiced sample to the end of our reply."""

    number: int
    began: int  # sample number of its first voiced sample
    start: int  # and of the first that the recogniser got
    recent: deque[Samples]  # the last seconds, for Smart Turn
    asked_partial: int
    background: float = 0.0  # level of the room before it, root mean square
    partial: str = ""
    standing: str = ""  # words that stood still over two captions, which the model has read
    voice_end_t: float = 0.0
    probed: int = 0  # the sample up to which words were asked for
    reading: ReadingReady | None = None
    listening: bool = False  # the voice is being measured, or soon will be
    tone: Any = None  # the features of its voice, where it was listened to
    affect: Affect | None = None
    read_at: float = 0.0
    commit: Commit | None = None
    committed_at: float = 0.0
    reply: _Reply | None = None
    over_ours: bool = False  # it began over our reply
    before: str = ""  # the words that it goes on from, where we had begun to answer them too early
    silent_at: int | None = None  # the sample at which our reply was silent because of it
    nodded: int | None = None  # the sample at which we last said "mm-hm"
    unsaid: list[tuple[float, Event]] = field(default_factory=list)  # to be told once the reply sounds

    def words(self, text: str) -> str:
        """All that the owner said, of which `text` is what was said in this turn."""
        return f"{self.before} {text}".strip()


class Conversation:
    """One session over one device. `run` returns when the input is through, or the owner stops it."""

    def __init__(
        self,
        device: AudioDevice,
        parts: Parts,
        started: SessionStarted,
        observers: Sequence[Observer] = (),
        taking: TurnTaking | None = None,
        hands_free: HandsFree | None = None,
    ) -> None:
        self._device = device
        self._parts = parts
        self._started = started
        self._observers = observers
        self._taking = taking or TurnTaking(duplex=True)
        self._duplex = self._taking.duplex  # as far as echo lets it
        if parts.storage is not None:
            self._taking.pauses = Pauses.restore(parts.storage.learned(PAUSES))
        self._hands_free = hands_free or HandsFree()
        self._queue: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._reader, self._judge, self._writer, self._speaker, self._keeper = self._workers = tuple(
            Worker(name, done=lambda: self._queue.put(None))
            for name in ("reader", "judge", "writer", "speaker", "keeper")
        )
        self._position = 0
        self._stalled = 0.0
        self._frame_at = 0.0
        self._window = np.empty(0, dtype=np.float32)
        self._pre_roll: deque[Samples] = deque(maxlen=(PRE_ROLL + samples(0.1)) // FRAME)
        self._room: deque[float] = deque(maxlen=ROOM // FRAME)  # levels of the last frames before a turn
        self._turn: _Turn | None = None  # the owner's, until our reply sounds
        self._spoken: _Turn | None = None  # the one whose reply sounds or is held
        self._history: tuple[Exchange, ...] = ()
        self._announcements: deque[Announcement] = deque()
        self._deaf_until = 0  # while a sound of ours that is no reply is in the room
        self._input_ended: int | None = None
        self._open = True
        self._closing = False

    @property
    def history(self) -> tuple[Exchange, ...]:
        """What was said and heard so far."""
        return self._history

    def run(self) -> None:
        """Listen and answer until the input is through. Ctrl-C ends the session in order."""
        reason = "owner"
        try:
            self._warm()
            self._device.start(self._queue.put)
            self._frame_at = time.perf_counter()
            self._emit(self._started)
            self._attend(self._hands_free.begin())
            while self._open:
                self._handle(self._next())
            reason = "input"
        except KeyboardInterrupt:
            pass
        finally:
            self._close(reason)

    def post(self, message: KeyPressed | Announcement) -> None:
        """From any thread, and from a signal handler: a key was pressed, or something is to be said aloud."""
        self._queue.put(message)

    # --- the queue and the clock -------------------------------------------------------------------------------------

    def _next(self) -> Message | None:
        """The next message; drives a device that has no clock of its own."""
        try:
            return self._queue.get_nowait()
        except queue.Empty:
            pass
        if self._device.waits and not self._idle():
            # As fast as it goes: the sample clock stands while a worker works, and the session's time goes on.
            began = time.perf_counter()
            message = self._queue.get()
            self._stalled += time.perf_counter() - began
            return message
        wait = self._device.tick()
        if wait == 0.0:
            return None
        try:
            return self._queue.get(timeout=wait)
        except queue.Empty:
            return None

    def _idle(self) -> bool:
        return all(worker.idle for worker in self._workers)

    def _now(self) -> float:
        """Seconds since the start: the sample clock, what has passed since its last frame, and where it stood still."""
        within = 0.0 if self._device.waits else min(time.perf_counter() - self._frame_at, seconds(FRAME))
        return seconds(self._position) + within + self._stalled

    def _emit(self, event: Event, at: float | None = None, turn: int | None = None) -> None:
        number = turn or (self._turn.number if self._turn else self._taking.turn)
        for observer in self._observers:
            observer.event(event, self._now() if at is None else at, number)

    def _hold(self, turn: _Turn, event: Event) -> None:
        """Keep an event until the reply sounds: if the owner goes on before, it has not happened."""
        if self._spoken is turn:
            self._emit(event, turn=turn.number)
        else:
            turn.unsaid.append((self._now(), event))

    def _tell(self, turn: _Turn) -> None:
        """Tell what was held back, each with its own time."""
        for at, event in turn.unsaid:
            self._emit(event, at, turn.number)
        turn.unsaid.clear()

    def _void(self, revision: int) -> Callable[[], bool]:
        """A question for workers: has the work begun for `revision` become void?"""
        return lambda: not self._taking.valid(revision)

    def _failed(self, what: str, revision: int) -> Callable[[Exception], None]:
        turn = self._taking.turn
        # Only the kind of the error: its text may hold what was said.
        return lambda error: self._queue.put(WorkFailed(turn, revision, what, type(error).__name__))

    def _handle(self, message: Message | None) -> None:
        match message:
            case AudioFrame():
                self._hear(message)
            case CompletenessReady():
                self._taking.judge(message.revision, message.probability)
                self._maybe_nod()
            case InputEnded():
                self._input_ended = message.position
            case TurnSaved():
                self._emit(MemorySaved(message.episode, message.facts), turn=message.turn)
            case WorkFailed(what="memory"):
                self._emit(Trouble("memory", f"a turn was not kept ({message.detail})"), turn=message.turn)
            case DeviceTrouble():
                self._emit(Trouble("sound", message.detail))
            case KeyPressed():
                self._key(message.key)
            case Announcement():
                self._announcements.append(message)
            case _:
                self._take(message)

    def _take(self, message: Message | None) -> None:
        """Take a result, if it is of the current revision; others came too late."""
        match message:
            case PartialReady() if self._current(message.revision):
                self._show_partial(message)
            case ReadingReady() if self._current(message.revision):
                self._have_words(message)
            case VoiceReady() if self._current(message.revision):
                self._have_voice(message)
            case ClauseReady() if turn := self._answered(message.revision):
                self._have_clause(turn, message)
            case SpeechReady() if turn := self._answered(message.revision):
                self._have_sound(turn, message)
            case PlaybackStarted() if turn := self._answered(message.tag):
                self._reply_sounds(turn, message)
            case NodReady() if self._current(message.revision):
                self._nod(message)
            case PlaybackHeld() if self._turn is not None and self._turn.over_ours:
                self._turn.silent_at = message.position
            case PlaybackEnded() if turn := self._sounding(message.tag):
                self._reply_is_over(turn, message)
            case WorkFailed() if self._taking.valid(message.revision):
                self._recover(message)

    def _current(self, revision: int) -> bool:
        return self._turn is not None and revision == self._taking.revision

    def _answered(self, revision: int) -> _Turn | None:
        """The turn that work begun for `revision` answers, if it is still wanted."""
        if self._spoken is not None and revision == self._taking.replying:
            return self._spoken
        return self._turn if self._current(revision) else None

    def _sounding(self, tag: int) -> _Turn | None:
        """The turn whose reply was played as `tag`; it may have lost its validity, but it was heard."""
        turn = self._spoken or self._turn
        return turn if turn is not None and turn.commit is not None and turn.commit.revision == tag else None

    # --- listening ---------------------------------------------------------------------------------------------------

    def _hear(self, frame: AudioFrame) -> None:
        self._position = frame.position + FRAME
        self._frame_at = time.perf_counter()
        self._attend(self._hands_free.hear(frame.samples, self._position, self._taking.phase))
        if self._announcements and self._taking.phase is Phase.LISTENING and self._position >= self._deaf_until:
            announcement = self._announcements.popleft()
            self._sound(announcement.samples, announcement.rate)
        listening = self._hands_free.state
        if self._position % LEVEL_EVERY == 0:
            rms = loudness((frame.samples,)) if listening is not State.MUTED else 0.0
            for observer in self._observers:
                observer.level(rms, self._taking.phase)
        self._ask_partial()  # before this frame is handed on: the reader has nothing in hand then
        if listening is not State.MUTED:
            self._keep(frame.samples)
        self._window = np.concatenate((self._window, frame.samples))
        while len(self._window) >= WINDOW:
            end = self._position - len(self._window) + WINDOW
            window, self._window = self._window[:WINDOW], self._window[WINDOW:]
            deaf = listening is not State.AWAKE or self._position < self._deaf_until
            if self._taking.phase is Phase.SPEAKING:
                self._mind_echo()
                deaf = deaf or not self._taking.duplex
            probability = 0.0 if deaf else self._parts.activity.probability(window)
            for action in self._taking.hear(end - WINDOW, end, probability):
                self._act(action)
        self._maybe_next_input()

    def _mind_echo(self) -> None:
        """Listen over our own voice, where it is not taken for the owner's."""
        leaking = self._device.echo == "leaking"
        if leaking and self._taking.duplex:
            detail = (
                "the microphone hears the speaker too well: it does not listen while it speaks; press a key instead"
            )
            self._emit(Trouble("sound", detail))
        self._taking.duplex = self._duplex and not leaking

    def _keep(self, frame: Samples) -> None:
        """Frames go to the recogniser during a turn, and wait as pre-roll before one."""
        phase = self._taking.phase
        if phase is Phase.SPEAKING and self._taking.duplex:
            self._pre_roll.append(frame)
        elif phase is Phase.LISTENING:
            self._pre_roll.append(frame)
            self._room.append(loudness((frame,)))
        elif phase in (Phase.HEARING, Phase.PAUSED, Phase.COMMITTED) and self._turn is not None:
            self._turn.recent.append(frame)
            self._read(lambda: self._parts.recognizer.accept(frame))

    def _read(self, job: Callable[[], None]) -> None:
        self._reader.submit(job, self._failed("speech to text", self._taking.revision))

    def _act(self, action: Action) -> None:
        match action:
            case Begin():
                self._begin(action)
            case Hold():
                self._hold_breath()
            case Read():
                self._read_words(action)
            case Probe():
                self._probe(action)
            case Resume():
                self._resume()
            case Commit():
                self._commit(action)
            case Dismiss():
                self._dismiss()
                self._hands_free.nothing_said()

    def _dismiss(self) -> None:
        """Nothing was said, or nothing to be answered; what it would have gone on from was."""
        turn, self._turn = self._turn, None
        if turn is not None and turn.before:
            self._save(turn, turn.before, "", interrupted=True)

    def _begin(self, action: Begin) -> None:
        frames = list(self._pre_roll)
        self._pre_roll.clear()
        self._turn = _Turn(
            action.turn,
            began=action.at,
            start=self._position - FRAME * len(frames),
            recent=deque(frames, maxlen=SPAN // FRAME),
            asked_partial=self._position,
            background=float(np.quantile(self._room, 0.1)) if self._room else 0.0,
        )

        def start() -> None:
            self._parts.recognizer.start()
            for frame in frames:
                self._parts.recognizer.accept(frame)

        self._read(start)
        self._hands_free.turn_began()
        self._emit(SpeechStarted(seconds(action.at)))

    def _ask_partial(self) -> None:
        turn = self._turn
        if turn is None or not self._taking.voiced or not self._reader.idle:
            return  # in a pause the reader must be free for the words that may be the last
        if self._position - turn.asked_partial < PARTIAL_EVERY:
            return
        turn.asked_partial = self._position
        revision = self._taking.revision

        def caption() -> None:
            self._queue.put(PartialReady(turn.number, revision, self._parts.recognizer.partial()))

        # Captions are a comfort: where they fail, the reading that matters is still to come, and will say so.
        self._reader.submit(caption, failed=lambda error: None)

    def _show_partial(self, message: PartialReady) -> None:
        turn = self._turn
        assert turn is not None
        if self._taking.held:
            self._weigh(turn, message.text)
            return
        if not message.text or message.text == turn.partial:
            return
        standing = steady(turn.partial, message.text)
        turn.partial = message.text
        self._emit(TranscriptPartial(message.text))
        if len(standing.split()) - len(turn.standing.split()) >= READ_AHEAD and self._free_to_follow():
            turn.standing = standing
            self._follow(turn.words(standing), message.revision)

    def _free_to_follow(self) -> bool:
        return self._writer.idle and self._taking.voiced

    def _read_words(self, action: Read) -> None:
        """A pause, perhaps: what was said?"""
        turn = self._turn
        assert turn is not None
        turn.voice_end_t = self._now() - seconds(self._position - action.voice_end)
        turn.reading = None
        turn.listening = self._parts.senses is not None and self._parts.senses.listens
        self._ask_words(turn, action.upto, action.revision)

    def _probe(self, action: Probe) -> None:
        """A pause: is the turn complete?"""
        assert self._turn is not None
        recent = np.concatenate(self._turn.recent)
        senses = self._parts.senses

        def judge() -> None:
            probability = self._parts.smart_turn.completeness(recent)
            self._queue.put(CompletenessReady(action.turn, action.revision, action.upto, probability))

        self._judge.submit(judge, self._failed("end of turn", action.revision))
        if senses is not None and self._turn.listening:
            self._listen(action, recent, senses)

    def _listen(self, action: Probe, recent: Samples, senses: Senses) -> None:
        """How does the turn sound? Where that fails, the words are heard all the same."""
        void = self._void(action.revision)

        def listen() -> None:
            if not void():
                self._queue.put(VoiceReady(action.turn, action.revision, senses.listen(recent)))

        nothing = VoiceReady(action.turn, action.revision, None)
        self._judge.submit(listen, failed=lambda error: self._queue.put(nothing))

    def _ask_words(self, turn: _Turn, upto: int, revision: int) -> None:
        turn.probed = upto
        void = self._void(revision)

        def read() -> None:
            if void():
                return
            began = time.perf_counter()
            transcript = self._parts.recognizer.read(upto - turn.start)
            took = time.perf_counter() - began
            self._queue.put(ReadingReady(turn.number, revision, upto, transcript, took))

        self._read(read)

    def _resume(self) -> None:
        """The owner goes on; nothing of ours has been heard."""
        turn = self._turn
        assert turn is not None
        if turn.reply is not None:
            self._device.stop()
        turn.reading, turn.tone, turn.commit, turn.reply = None, None, None, None
        turn.listening, turn.affect = False, None
        turn.unsaid.clear()

    # --- answering ---------------------------------------------------------------------------------------------------

    def _have_words(self, message: ReadingReady) -> None:
        turn = self._turn
        assert turn is not None
        turn.reading = message
        turn.read_at = self._now()
        self._taking.words(message.revision, ending(message.transcript.text, message.transcript.language))
        if self._taking.held:
            self._weigh(turn, message.transcript.text, message.transcript.confidence, paused=True)
        if turn is self._turn and self._spoken is None:
            self._proceed(turn, message)
            self._maybe_nod()

    def _maybe_nod(self) -> None:
        """In a pause of a long turn that goes on: a sound that says so, made beforehand."""
        turn = self._turn
        if turn is None or turn.reading is None or self._spoken is not None:
            return
        since = None if turn.nodded is None else self._position - turn.nodded
        if not self._taking.nod_due(since):
            return
        nod = self._parts.replier.nod(self._history, turn.words(turn.reading.transcript.text))
        if nod is None:
            return
        turn.nodded = self._position
        revision = self._taking.revision
        voice = self._parts.voice

        def speak() -> None:
            sound = [*voice.synthesize(nod.text, style(nod.style, nod.pace))]
            if sound:
                self._queue.put(NodReady(revision, np.concatenate(sound), voice.rate))

        self._speaker.submit(speak, failed=lambda error: None)  # nobody waits for it

    def _nod(self, message: NodReady) -> None:
        if self._taking.phase is Phase.PAUSED:
            self._device.overlay(message.samples, message.rate)
            self._emit(Backchannel(seconds(self._position)))

    def _proceed(self, turn: _Turn, reading: ReadingReady) -> None:
        """Answer what was read, or prepare to."""
        if turn.commit is not None:
            self._answer(turn, turn.commit, reading)
        elif reading.transcript.text and not turn.listening:
            self._prepare(turn, turn.words(reading.transcript.text), reading.revision)

    def _have_voice(self, message: VoiceReady) -> None:
        """How it sounded is known; words that waited for it can be answered."""
        turn = self._turn
        assert turn is not None
        turn.listening, turn.tone = False, message.features
        if turn.reading is not None and turn.commit is None and self._spoken is None:
            self._proceed(turn, turn.reading)

    def _follow(self, words: str, revision: int) -> None:
        """Let the model read how the owner's turn begins."""
        history, void = self._history, self._void(revision)
        self._writer.submit(
            lambda: self._parts.replier.follow(history, words, void), self._failed("language model", revision)
        )

    def _prepare(self, turn: _Turn, words: str, revision: int) -> None:
        """Let the model begin to answer words that may be all."""
        history, void = self._history, self._void(revision)
        affect = turn.affect = self._sense(turn, words)
        self._writer.submit(
            lambda: self._parts.replier.prepare(history, words, void, affect), self._failed("language model", revision)
        )

    def _sense(self, turn: _Turn, words: str) -> Affect | None:
        """What is heard in the turn so far."""
        return self._parts.senses.sense(words, turn.tone) if self._parts.senses is not None else None

    def _commit(self, action: Commit) -> None:
        turn = self._turn
        assert turn is not None
        turn.commit = action
        turn.committed_at = self._now()
        if turn.probed <= action.voice_end:  # committed in mid-speech: nothing has been read yet
            turn.voice_end_t = self._now() - seconds(self._position - action.voice_end)
            self._ask_words(turn, action.upto, action.revision)
        elif turn.reading is not None and self._spoken is None:
            self._answer(turn, action, turn.reading)

    def _answer(self, turn: _Turn, commit: Commit, reading: ReadingReady) -> None:
        transcript = reading.transcript
        silenced = turn.over_ours and asks_to_stop(transcript.text)
        if silenced or not self._believed(turn, transcript.text, transcript.confidence, commit.sure):
            for action in self._taking.nothing_said(commit.revision):
                self._act(action)
            return
        self._hold(turn, SpeechEnded(seconds(commit.voice_end)))
        heard_as = TranscriptFinal(transcript.text, transcript.engine, transcript.language, transcript.confidence)
        self._hold(turn, heard_as)
        history, void = self._history, self._void(commit.revision)
        words = turn.words(transcript.text)
        turn.affect = turn.affect or self._sense(turn, words)
        if turn.affect is not None:
            self._hold(turn, turn.affect)
        if (goodbye := self._hands_free.goodbye(transcript.text)) is not None:
            turn.reply = _Reply(self._now(), iter((Clause(goodbye, last=True, aside=True),)))
            self._write_on(turn.number, commit.revision, turn.reply)
            return
        lead = self._parts.replier.lead(history, words, turn.affect)
        reply = turn.reply = _Reply(asked_at=self._now(), led=lead is not None)
        text = lead.text if lead is not None else ""
        reply.rest = self._parts.replier.reply(history, words, void, turn.affect, text)
        if lead is not None:
            self._say(turn, reply, _ready(lead, turn.number, commit.revision))
        self._write_on(turn.number, commit.revision, reply)

    def _believed(self, turn: _Turn, words: str, confidence: float | None, sure: float) -> bool:
        clearance = decibels(loudness(turn.recent), turn.background)
        return believable(words, confidence, sure, clearance)

    def _write_on(self, number: int, revision: int, reply: _Reply) -> None:
        """Ask for the next clause."""
        rest, void = reply.rest, self._void(revision)
        assert rest is not None

        def write() -> None:
            if void():
                return
            clause = next(rest, Clause("", last=True))
            self._queue.put(_ready(clause, number, revision))

        self._writer.submit(write, self._failed("language model", revision))

    def _have_clause(self, turn: _Turn, message: ClauseReady) -> None:
        reply = turn.reply
        assert reply is not None
        reply.complete = message.last
        first = reply.clause_at is None
        if first:
            reply.clause_at = self._now()
            reply.first_token, reply.ahead, reply.aside = message.first_token, message.ahead, message.aside
        if message.recall is not None:
            self._hold(turn, message.recall)
        if message.safety is not None:
            self._hold(turn, Safety(message.safety))
            reply.disclosed += message.safety == "disclosure"
            if message.safety == "voice-off":
                self._stop_listening(turn)
        if message.strategy is not None:
            self._hold(turn, message.strategy)
        if message.text:
            self._say(turn, reply, message)
        if message.last:
            self._close_reply(turn, reply, message.revision)
        elif not first or not message.text:
            self._write_on(message.turn, message.revision, reply)
        # The clause after the first waits for the first one's sound: with two cores, writing on would delay it.

    def _say(self, turn: _Turn, reply: _Reply, clause: ClauseReady) -> None:
        self._speak(clause, len(reply.clauses))
        reply.clauses.append(SpokenClause(clause.text, 0))
        self._hold(turn, ReplyClause(clause.text, style(clause.style, clause.pace)))

    def _stop_listening(self, turn: _Turn) -> None:
        """The voice is not listened to from now on, in later talks neither."""
        turn.tone = None
        if self._parts.senses is not None:
            self._parts.senses.stop_listening()
        if (storage := self._parts.storage) is not None:
            self._keeper.submit(lambda: storage.learn(VOICE_OFF, True), self._failed("memory", self._taking.revision))

    def _speak(self, message: ClauseReady, clause: int) -> None:
        void = self._void(message.revision)
        voice = self._parts.voice

        def speak() -> None:
            for sound in voice.synthesize(message.text, style(message.style, message.pace)):
                if void():
                    return
                self._queue.put(SpeechReady(message.turn, message.revision, clause, sound, voice.rate, last=False))
            nothing = np.empty(0, dtype=np.float32)
            self._queue.put(SpeechReady(message.turn, message.revision, clause, nothing, voice.rate, last=True))

        self._speaker.submit(speak, self._failed("voice", message.revision))

    def _have_sound(self, turn: _Turn, message: SpeechReady) -> None:
        reply = turn.reply
        assert reply is not None
        spoken = reply.clauses[message.clause]
        reply.clauses[message.clause] = SpokenClause(spoken.text, spoken.samples + len(message.samples))
        if len(message.samples):
            self._device.play(message.revision, message.samples, message.rate, last=False)
            if reply.sound_at is None:
                reply.sound_at = self._now()
        if message.last:
            reply.spoken += 1
            if message.clause == reply.led and not reply.complete:  # the first that was written
                self._write_on(message.turn, message.revision, reply)
            self._close_reply(turn, reply, message.revision)

    def _close_reply(self, turn: _Turn, reply: _Reply, revision: int) -> None:
        """Once every clause is written and its sound is whole, the speaker may run dry."""
        if reply.closed or not reply.complete or reply.spoken < len(reply.clauses):
            return
        reply.closed = True
        if reply.sound_at is None:
            self._nothing_to_play(turn)
        else:
            self._device.play(revision, np.empty(0, dtype=np.float32), self._parts.voice.rate, last=True)

    def _nothing_to_play(self, turn: _Turn) -> None:
        """The reply has no sound. The turn ends all the same."""
        self._tell(turn)
        self._emit(ReplyEnded("", interrupted=False))
        self._turn = None
        self._taking.stopped_playing(self._position)
        self._attend(self._hands_free.turn_over(self._position))

    def _reply_sounds(self, turn: _Turn, message: PlaybackStarted) -> None:
        reply = turn.reply
        assert reply is not None
        self._mind_echo()
        self._taking.started_playing()
        self._spoken, self._turn = turn, None
        self._tell(turn)
        self._emit(ReplyStarted(seconds(message.position)), turn=turn.number)
        started = seconds(message.position) + self._stalled
        self._emit(_latency(turn, reply, started), turn=turn.number)

    def _reply_is_over(self, turn: _Turn, message: PlaybackEnded) -> None:
        reply = turn.reply
        assert reply is not None
        self._tell(turn)  # where the speaker was lost before it made a sound
        text = heard(reply.clauses, message.played)
        assert turn.reading is not None
        said = turn.words(turn.reading.transcript.text)
        self._emit(ReplyEnded(text, interrupted=message.stopped), turn=turn.number)
        disclosed = " ".join(clause.text for clause in reply.clauses[: reply.disclosed])
        answered = text[len(disclosed) :].strip()  # a model that reads in its history what it is says it again
        led = reply.clauses[0].text if reply.led else ""
        unanswered = message.stopped and not reply.aside and led.startswith(answered)
        if unanswered and self._turn is not None and self._turn is not turn:
            self._carry_on(turn, self._turn, said)
        elif not reply.aside:
            self._history = (*self._history, Exchange(said, answered)) if answered else self._history
            self._save(turn, said, answered, message.stopped)
        if turn is self._turn:
            self._turn = None
        self._spoken = None
        self._taking.stopped_playing(message.position)
        self._attend(self._hands_free.turn_over(self._position, another=self._turn is not None))
        if not self._taking.duplex:
            self._parts.activity.reset()
        self._warm()
        if self._turn is not None and self._turn.reading is not None:
            self._proceed(self._turn, self._turn.reading)  # the owner's words over ours, now that ours are known

    def _carry_on(self, turn: _Turn, goes_on: _Turn, said: str) -> None:
        """We cut in: the owner went on before there was more than a lead to hear. It is one turn, and a pause in it."""
        goes_on.before = said
        if turn.commit is not None:
            self._taking.pauses = self._taking.pauses.observe(seconds(goes_on.began - turn.commit.voice_end))

    # --- hands-free: keys, and sounds that are no reply ---------------------------------------------------------------

    def _key(self, key: Key) -> None:
        """A key works at any time, whether or not we listen while we speak."""
        if key == "quit":
            raise KeyboardInterrupt
        if self._spoken is not None or self._taking.phase is Phase.COMMITTED:
            self._give_up()
        else:
            self._device.stop()  # an announcement
        if key == "mute" and self._turn is not None:
            self._turn = None
            self._taking.abandon(self._position)
        self._attend(self._hands_free.pressed(key, self._position))

    def _attend(self, news: Iterable[News]) -> None:
        """Listen as it says, and make the sounds that say so."""
        for item in news:
            if not isinstance(item, AttentionChanged):
                self._sound(earcons.earcon(item), earcons.RATE)
                continue
            self._emit(item)
            self._device.doze(item.state != "awake")
            # What was heard before, the wake word itself, is no part of what is said now.
            self._parts.activity.reset()
            self._pre_roll.clear()
            self._window = np.empty(0, dtype=np.float32)

    def _sound(self, sound: Samples, rate: int) -> None:
        """Make a sound that is no reply, and take nobody's voice for the owner's meanwhile."""
        self._device.overlay(sound, rate)
        self._deaf_until = self._position + len(sound) * SAMPLE_RATE // rate + AFTER_SOUND

    # --- a voice over ours -------------------------------------------------------------------------------------------

    def _hold_breath(self) -> None:
        """The owner's new turn began over our reply."""
        assert self._turn is not None
        self._turn.over_ours = True
        self._device.hold()

    def _weigh(self, turn: _Turn, words: str, confidence: float | None = None, *, paused: bool = False) -> None:
        """What is the voice over ours, as far as its words say?"""
        assert self._spoken is not None and self._spoken.reply is not None
        voice, sure = self._taking.voiced_for, self._taking.surely
        believed = not paused or self._believed(turn, words, confidence, sure)
        ours = " ".join(clause.text for clause in self._spoken.reply.clauses)
        verdict = weigh(Overlap(words, voice, paused, believed, ours))
        if verdict == "wait":
            return
        if verdict == "stop":
            self._taking.give_way()
            self._device.stop()
        else:
            self._go_on()
        silent_at = self._position if turn.silent_at is None else turn.silent_at
        after = seconds(silent_at - turn.began) * 1000
        self._emit(BargeIn(seconds(turn.began), verdict, after), turn=turn.number)

    def _go_on(self) -> None:
        """The voice over ours was nothing to stop for."""
        self._taking.keep_floor()
        self._device.go_on()
        self._turn = None

    def _save(self, turn: _Turn, said: str, answered: str, interrupted: bool) -> None:
        """Let the memory keep the turn, and what was learned of the owner's voice in it."""
        storage, senses, ago = self._parts.storage, self._parts.senses, self._now() - seconds(turn.start)
        voice = None
        if senses is not None and turn.tone is not None:
            senses.learn(turn.tone)
            voice = senses.record()
        if storage is None:
            return

        pauses = self._taking.pauses.record()

        def save() -> None:
            saved = storage.save(said, answered, ago, interrupted, turn.affect)
            storage.learn(PAUSES, pauses)
            if voice is not None:
                storage.learn(VOICE, voice)
            if saved is not None:
                self._queue.put(TurnSaved(turn.number, saved.episode, saved.facts))
            storage.settle()

        self._keeper.submit(save, self._failed("memory", self._taking.revision))

    def _warm(self) -> None:
        """Let the model read what the next prompt will begin with, while nobody waits for it."""
        self._history = self._parts.replier.kept(self._history)
        history = self._history
        # Whatever the owner says next comes behind it: only the end of the session makes it void.
        self._writer.submit(
            lambda: self._parts.replier.warm(history, lambda: self._closing),
            self._failed("language model", self._taking.revision),
        )
        self._rehearse()

    def _rehearse(self) -> None:
        """Let the voice make the sound of what it is likely to say, while nobody speaks."""
        voice = self._parts.voice

        def rehearse(clause: Clause) -> None:
            if self._taking.phase is Phase.LISTENING:
                for _ in voice.synthesize(clause.text, style(clause.style, clause.pace)):
                    pass

        for clause in self._parts.replier.familiar():
            # Where that fails, it will when the words are needed, and be told.
            self._speaker.submit(partial(rehearse, clause), failed=lambda error: None)

    # --- trouble and the end -----------------------------------------------------------------------------------------

    def _recover(self, failure: WorkFailed) -> None:
        """A worker could not do its work: say so, keep the words, and be ready for the next turn."""
        self._emit(Trouble(failure.what, f"{failure.what} failed ({failure.detail}); this turn is not answered"))
        if self._taking.held and failure.revision == self._taking.revision:
            self._go_on()
            return
        self._give_up()

    def _give_up(self) -> None:
        """Neither speak nor think on, and listen; the owner's words are kept, and what was heard of our reply."""
        turn = self._turn
        self._device.stop()
        if self._spoken is not None:
            self._taking.give_way()  # what was heard of the reply is kept once it has ended
            return
        if turn is not None:
            self._tell(turn)
            words = turn.words(turn.reading.transcript.text if turn.reading is not None else "")
            if words and (turn.commit is not None or turn.before):
                self._save(turn, words, "", interrupted=False)
        self._turn = None
        self._taking.abandon(self._position)
        self._attend(self._hands_free.turn_over(self._position))

    def _maybe_next_input(self) -> None:
        """Files: once the owner's last words are answered, go on to the next recording."""
        if self._input_ended is None or self._taking.phase is not Phase.LISTENING:
            return
        if self._position - self._input_ended < AFTER_INPUT or not self._idle():
            return
        self._input_ended = None
        self._open = self._device.next_input()

    def _close(self, reason: str) -> None:
        if self._spoken is not None:
            self._device.stop()
            while not self._queue.empty():
                self._handle(self._queue.get())
        self._closing = True
        self._taking.abandon(self._position)  # whatever still runs is void
        for worker in self._workers:
            worker.close()
        self._device.close()
        while not self._queue.empty():  # what was kept of the last turn
            if isinstance(message := self._queue.get(), TurnSaved):
                self._handle(message)
        self._emit(SessionEnded(reason))


def loudness(frames: Iterable[Samples]) -> float:
    """Root mean square of all samples, 0…1; 0 where there are none."""
    power = [float(np.mean(np.square(frame))) for frame in frames]
    return math.sqrt(sum(power) / len(power)) if power else 0.0


def decibels(level: float, reference: float) -> float:
    """`level` over `reference`, two root mean squares, in dB; at most 100."""
    return 20 * math.log10(max(level, 1e-9) / max(reference, level * 1e-5, 1e-9))


def steady(before: str, now: str) -> str:
    """The words that two captions, one after the other, begin with alike; without the last, which may be half heard."""
    same = 0
    words = now.split()
    for old, new in zip(before.split(), words, strict=False):
        if old != new:
            break
        same += 1
    return " ".join(words[: max(0, same - 1)])


def _ready(clause: Clause, turn: int, revision: int) -> ClauseReady:
    """`clause` as a message, for the reply begun for `revision`."""
    return ClauseReady(
        turn,
        revision,
        clause.text,
        clause.last,
        clause.first_token,
        clause.ahead,
        clause.aside,
        clause.recall,
        clause.safety,
        clause.style,
        Strategy(clause.plan.strategy, clause.plan.why) if clause.plan is not None else None,
        clause.pace,
    )


def _latency(turn: _Turn, reply: _Reply, started: float) -> TurnLatency:
    """The stages of a turn whose reply sounds since `started` (seconds)."""

    def ms(begin: float | None, end: float | None) -> float | None:
        return None if begin is None or end is None else max(0.0, (end - begin) * 1000)

    return TurnLatency(
        gap_ms=(started - turn.voice_end_t) * 1000,
        endpoint_ms=(turn.committed_at - turn.voice_end_t) * 1000,
        stt_ms=max(0.0, (turn.read_at - turn.committed_at) * 1000),
        first_token_ms=None if reply.first_token is None else reply.first_token * 1000,
        first_clause_ms=ms(reply.asked_at, reply.clause_at),
        first_audio_ms=ms(reply.clause_at, reply.sound_at),
        speculated=reply.ahead,
        led=reply.led,
    )
