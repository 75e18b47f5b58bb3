"""The single audio loop: it joins the rooms, and it owns all state of a conversation.

One thread takes frames and results from one queue, asks the pure cores of `companion.turns` what to do, and hands work
to the workers of `companion.jobs`. All work carries the revision it was begun for; when the owner goes on speaking the
revision moves, running work sees it and stops, and results that arrive late are dropped.

The journey of one utterance:

    frame ─▶ voice activity ─▶ TurnTaking
    Read (a pause) ─▶ second pass of the words; the words into the model's cache; how it sounded
    Probe ─▶ Smart Turn: is the turn complete?
    Commit (it lasts) ─▶ reply, clause by clause ─▶ voice ─▶ speaker ─▶ what was heard ─▶ history
    Hold (a voice over ours) ─▶ silence, until its words say whether to give way or to go on
"""

from __future__ import annotations

import queue
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack

import numpy as np

from companion.audio.device import AudioDevice, AudioError
from companion.audio.level import dbfs, decibels, loudness
from companion.audio.microphone import Microphone
from companion.audio.smart_turn import SPAN
from companion.audio.voice_activity import WINDOW
from companion.clock import Clock
from companion.delivery import Delivery, Play, RunDry, Silence, Speak, Step, WriteOn
from companion.dialogue.mind import Clause
from companion.ears import Ears
from companion.events import (
    FRAME,
    Affect,
    Announcement,
    AttentionChanged,
    AudioFrame,
    Backchannel,
    BargeIn,
    ClauseReady,
    CompletenessReady,
    CompletionReady,
    DeviceFailed,
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
    ReplyBegun,
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
    TranscriptFinal,
    TranscriptPartial,
    Trouble,
    TurnSaved,
    VoiceReady,
    WorkedAhead,
    WorkFailed,
    samples,
    seconds,
)
from companion.hands_free import HandsFree, News
from companion.jobs import Jobs, ready
from companion.parts import PAUSES, Observer, Parts
from companion.pending import Kept, Turn, answered, dismissed, latency, unanswered
from companion.tts import earcons
from companion.tts.styles import style
from companion.turns.ahead import worth_beginning
from companion.turns.attention import State
from companion.turns.believable import believable
from companion.turns.bystanders import Bystanders
from companion.turns.interruption import Overlap, asks_to_stop, echoes, plain, weigh
from companion.turns.pauses import Pauses
from companion.turns.speech import SpeechThresholds
from companion.turns.taking import Action, Begin, Commit, Dismiss, Hold, Phase, Probe, Read, Resume, TurnTaking
from companion.turns.words_end import ending

PARTIAL_EVERY = samples(0.4)
"""How often the words so far are asked for while the owner speaks."""

AFTER_INPUT = samples(0.5)
"""Silence after the end of a file before the next one: time enough for a voice at its very end to be noticed."""

READ_AHEAD = 8
"""Words that the model reads at once while the owner speaks. Up to 16 tokens cost it the same as eight, and while it
reads it is not free for the words that matter, the last ones."""

LONGEST_SILENCE_S = 0.8
"""Seconds of silence after which an answer that is late is announced, to be heard some 0.2 s later, when one of two
speakers says something: longer silences are hardly found in talk (Jefferson 1989, a standard maximum silence of
approximately one second in conversation)."""

OWN_TURNS, OWN_WORDS = 2, 5
"""Turns of our own words, so many at least, after which a microphone is listened to only when called. An owner takes up
some words of ours too, and now and then a sentence."""

VOICED_AT = SpeechThresholds().open_at
"""Probability from which a window holds a voice, whosever."""

LEVEL_EVERY = samples(0.1)


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
        self._taking = taking or TurnTaking(duplex=True, parses=parts.completion is not None)
        self._duplex = self._taking.duplex  # as far as echo lets it
        if parts.storage is not None:
            self._taking.pauses = Pauses.restore(parts.storage.learned(PAUSES))
        self._hands_free = hands_free or HandsFree()
        self._queue: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._jobs = Jobs(parts, self._taking, self._queue.put, clocked=not device.waits)
        self._clock = Clock(as_fast_as_it_goes=device.waits)
        self._ears = Ears()
        self._microphone = Microphone()
        self._bystanders = Bystanders(WINDOW)
        self._turn: Turn | None = None  # the owner's, until our reply sounds
        self._spoken: Turn | None = None  # the one whose reply sounds or is held
        self._history: tuple[Exchange, ...] = ()
        self._announcements: deque[Announcement] = deque()
        self._input_ended: int | None = None
        self._silenced = False  # there is no speaker
        self._own_turns = 0  # turns that were our own voice
        self._open = True

    @property
    def _position(self) -> int:
        """The sample that the microphone has come to."""
        return self._clock.position

    @property
    def history(self) -> tuple[Exchange, ...]:
        """What was said and heard so far."""
        return self._history

    def run(self) -> None:
        """Listen and answer until the input is through. Ctrl-C ends the session in order, and so does an error.

        Raises:
            AudioError: the device came to an end that nobody foresaw.
        """
        reason = "trouble"
        try:
            self._warm()
            self._device.start(self._queue.put)
            self._clock.begin()
            self._emit(self._started)
            self._attend(self._hands_free.begin())
            while self._open:
                self._handle(self._next())
            reason = "input"
        except KeyboardInterrupt:
            reason = "owner"
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
        if self._device.waits and not self._jobs.idle:
            # As fast as it goes: the sample clock stands while a worker works, and the session's time goes on.
            began = time.perf_counter()
            message = self._queue.get()
            self._clock.stood_still(time.perf_counter() - began)
            return message
        wait = self._device.tick()
        if wait == 0.0:
            return None
        try:
            return self._queue.get(timeout=wait)
        except queue.Empty:
            return None

    def _emit(self, event: Event, at: float | None = None, turn: int | None = None) -> None:
        number = turn or (self._turn.number if self._turn else self._taking.turn)
        for observer in self._observers:
            observer.event(event, self._clock.now() if at is None else at, number)

    def _hold(self, turn: Turn, event: Event) -> None:
        """Keep an event until the reply sounds: if the owner goes on before, it has not happened."""
        if self._spoken is turn:
            self._emit(event, turn=turn.number)
        else:
            turn.unsaid.append((self._clock.now(), event))

    def _tell(self, turn: Turn) -> None:
        """Tell what was held back, each with its own time."""
        for at, event in turn.unsaid:
            self._emit(event, at, turn.number)
        turn.unsaid.clear()

    def _handle(self, message: Message | None) -> None:
        match message:
            case AudioFrame():
                self._hear(message)
            case InputEnded():
                self._input_ended = message.position
            case TurnSaved():
                self._emit(MemorySaved(message.episode, message.facts), turn=message.turn)
            case ReplyBegun():
                for turn in (self._turn, self._spoken):
                    if turn is not None and turn.number == message.turn:
                        turn.begun += 1
            case WorkFailed(what="memory"):
                trouble = Trouble("memory", f"a turn was not kept ({message.detail})", message.detail)
                self._emit(trouble, turn=message.turn)
            case DeviceTrouble():
                self._silenced = message.kind in ("lost", "stalled") or (self._silenced and message.kind != "reopened")
                self._emit(Trouble("sound", message.detail, message.kind))
            case DeviceFailed():
                raise AudioError(f"the sound device stopped working ({message.detail}); start again")
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
            case CompletenessReady() if self._current(message.revision):
                self._have_completeness(message)
            case CompletionReady() if self._current(message.revision):
                self._have_completion(message)
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

    def _answered(self, revision: int) -> Turn | None:
        """The turn that work begun for `revision` answers, if it is still wanted."""
        if self._spoken is not None and revision == self._taking.replying:
            return self._spoken
        return self._turn if self._current(revision) else None

    def _sounding(self, tag: int) -> Turn | None:
        """The turn whose reply was played as `tag`; it may have lost its validity, but it was heard."""
        turn = self._spoken or self._turn
        return turn if turn is not None and turn.commit is not None and turn.commit.revision == tag else None

    # --- listening ---------------------------------------------------------------------------------------------------

    def _hear(self, frame: AudioFrame) -> None:
        self._clock.heard(frame.position + FRAME)
        self._attend(self._hands_free.hear(frame.samples, self._position, self._taking.phase))
        listens = self._taking.phase is Phase.LISTENING and not self._ears.deaf(self._position)
        if self._announcements and listens and not self._silenced:
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
        for end, window in self._ears.windows(frame.samples, self._position):
            deaf = listening is not State.AWAKE or self._ears.deaf(self._position)
            if self._taking.phase is Phase.SPEAKING:
                self._mind_echo()
                deaf = deaf or not self._taking.duplex
            probability = 0.0 if deaf else self._parts.activity.probability(window)
            self._bystanders.hear(probability >= VOICED_AT)
            self._act_all(self._taking.hear(end - WINDOW, end, probability, dbfs(window)))
        self._mind_silence()
        self._maybe_next_input()

    def _mind_silence(self) -> None:
        """An answer that is late is announced, so that nobody wonders whether they were heard."""
        turn = self._turn
        if turn is None or turn.reply is None or not turn.reply.speechless or self._spoken is not None:
            return
        if self._clock.now() - turn.voice_end_t < LONGEST_SILENCE_S:
            return
        assert turn.commit is not None
        words = self._parts.replier.hesitate(self._history, turn.said)
        clause = None if words is None else ready(words, turn.number, turn.commit.revision)
        self._deliver(turn, turn.commit.revision, turn.reply.hesitate(clause))

    def _mind_echo(self) -> None:
        """Listen over our own voice, where it is not taken for the owner's."""
        leaking = self._device.echo == "leaking"
        self._taking.echo_known = self._device.echo != "unknown"
        if not self._duplex or leaking is not self._taking.duplex:
            return
        if leaking:
            detail = "the microphone hears the speaker too well: it does not listen while it speaks (a key stops it)"
            self._emit(Trouble("sound", detail, "echo"))
            self._ears.forget_pre_roll()
        else:
            self._emit(Trouble("sound", "it listens while it speaks again", "echo over"))
        self._taking.duplex = not leaking

    def _heard_itself(self, words: str) -> bool:
        """Whether a turn of these `words` is our own voice, heard though nobody listened while we spoke.

        Where that goes on, nothing but being called can be trusted.
        """
        ours, heard = plain(self._history[-1].companion if self._history else ""), plain(words)
        if self._taking.duplex or len(heard) < OWN_WORDS or not echoes(heard, ours):
            return False
        self._own_turns += 1
        if self._own_turns == OWN_TURNS and self._hands_free.can_be_called:
            detail = "it hears itself even after it has spoken: from now on it listens when it is called, for one turn"
            self._emit(Trouble("sound", detail, "echo stays"))
            self._attend(self._hands_free.only_when_called())
        return True

    def _keep(self, frame: Samples) -> None:
        """Frames go to the recogniser during a turn, and wait as pre-roll before one."""
        phase = self._taking.phase
        if phase is Phase.LISTENING or (phase is Phase.SPEAKING and self._taking.duplex):
            self._ears.before_a_turn(frame, quiet=phase is Phase.LISTENING)
        elif phase in (Phase.HEARING, Phase.PAUSED, Phase.COMMITTED) and self._turn is not None:
            self._turn.recent.append(frame)
            self._microphone.hear(frame)
            self._jobs.accept(frame)

    def _act_all(self, actions: Iterable[Action]) -> None:
        for action in actions:
            self._act(action)

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
                if self._turn is not None:
                    self._ears.give_back(self._turn.recent)
                    self._end(self._turn, dismissed(self._turn))
                self._attend(self._hands_free.nothing_said())

    def _begin(self, action: Begin) -> None:
        frames = self._ears.pre_roll()
        self._turn = Turn(
            action.turn,
            began=action.at,
            start=self._position - FRAME * len(frames),
            recent=deque(frames, maxlen=SPAN // FRAME),
            asked_partial=self._position,
            began_t=self._clock.now() - seconds(FRAME * len(frames)),
            background=self._ears.background,
        )

        self._jobs.start_reading(frames)
        self._microphone.begin()
        self._hands_free.turn_began()
        self._emit(SpeechStarted(seconds(action.at)))

    def _ask_partial(self) -> None:
        turn = self._turn
        if turn is None or not self._taking.voiced or self._jobs.reads:
            return  # in a pause the reader must be free for the words that may be the last
        if self._position - turn.asked_partial < PARTIAL_EVERY:
            return
        turn.asked_partial = self._position
        self._jobs.caption(turn.number)

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
            self._jobs.follow(self._history, turn.words(standing), message.revision)

    def _free_to_follow(self) -> bool:
        return not self._jobs.writes and self._taking.voiced

    def _read_words(self, action: Read) -> None:
        """A pause, perhaps: what was said, and how did it sound?"""
        turn = self._turn
        assert turn is not None
        turn.voice_end_t = self._clock.now() - seconds(self._position - action.voice_end)
        turn.reading = None
        self._ask_words(turn, action.upto, action.revision)
        turn.listening = self._parts.senses is not None and self._parts.senses.listens
        if turn.listening:
            self._jobs.listen(action, np.concatenate(turn.recent))

    def _probe(self, action: Probe) -> None:
        """A pause: is the turn complete?"""
        assert self._turn is not None
        self._jobs.judge(action, np.concatenate(self._turn.recent), self._position - action.voice_end)

    def _have_completeness(self, message: CompletenessReady) -> None:
        """How complete the turn sounds is known."""
        self._have_cue(self._taking.judge(message.revision, message.probability))
        self._maybe_nod()

    def _have_completion(self, message: CompletionReady) -> None:
        """Whether the words are a whole sentence is known."""
        self._have_cue(self._taking.completes(message.revision, message.ends))

    def _have_cue(self, actions: Sequence[Action]) -> None:
        """The model waited for it, to leave the processor to those who judge."""
        turn = self._turn
        assert turn is not None
        if actions:
            self._act_all(actions)
        elif turn.commit is None and turn.reading is not None and self._spoken is None:
            self._proceed(turn, turn.reading)

    def _ask_words(self, turn: Turn, upto: int, revision: int) -> None:
        turn.asked = revision
        self._jobs.read(turn.number, revision, turn.start, upto)

    def _resume(self) -> None:
        """The owner goes on; nothing of ours has been heard."""
        turn = self._turn
        assert turn is not None
        if turn.reply is not None:
            self._device.stop()
        turn.resume()

    # --- answering ---------------------------------------------------------------------------------------------------

    def _have_words(self, message: ReadingReady) -> None:
        turn = self._turn
        assert turn is not None
        turn.reading = message
        turn.read_at = self._clock.now()
        ends = ending(message.transcript.text, message.transcript.language)
        if actions := self._taking.words(message.revision, ends):
            self._act_all(actions)  # the words were all that was waited for
            return
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
        nod = self._parts.replier.nod(self._history, turn.said)
        if nod is None:
            return
        turn.nodded = self._position
        self._jobs.nod(nod)

    def _nod(self, message: NodReady) -> None:
        if self._taking.phase is Phase.PAUSED:
            self._device.overlay(message.samples, message.rate)
            self._emit(Backchannel(seconds(self._position)))

    def _proceed(self, turn: Turn, reading: ReadingReady) -> None:
        """Answer what was read, or prepare to; both wait until it is known how it sounded.

        The model takes both cores: begun while Smart Turn listens, or the words are parsed, it would keep these from
        being heard in time.
        """
        if turn.listening:
            return
        if turn.commit is not None:
            self._answer(turn, turn.commit, reading)
        elif self._taking.judged and reading.transcript.text:
            self._prepare(turn, turn.words(reading.transcript.text), reading.revision)

    def _have_voice(self, message: VoiceReady) -> None:
        """How it sounded is known; words that waited for it can be answered."""
        turn = self._turn
        assert turn is not None
        turn.listening, turn.tone = False, message.features
        if turn.reading is not None and self._spoken is None:
            self._proceed(turn, turn.reading)

    def _prepare(self, turn: Turn, words: str, revision: int) -> None:
        """Let the model begin to answer words that may be all."""
        if not worth_beginning(self._position - turn.began, turn.prepared):
            return
        turn.prepared += 1
        turn.affect = self._sense(turn, words)
        self._jobs.prepare(self._history, words, turn.number, revision, turn.affect)

    def _sense(self, turn: Turn, words: str) -> Affect | None:
        """What is heard in the turn so far."""
        return self._parts.senses.sense(words, turn.tone) if self._parts.senses is not None else None

    def _commit(self, action: Commit) -> None:
        turn = self._turn
        assert turn is not None
        turn.commit = action
        turn.committed_at = self._clock.now()
        if turn.asked != action.revision:  # committed in mid-speech: nothing has been read yet
            turn.voice_end_t = self._clock.now() - seconds(self._position - action.voice_end)
            self._ask_words(turn, action.upto, action.revision)
        elif turn.reading is not None and self._spoken is None:
            self._proceed(turn, turn.reading)

    def _answer(self, turn: Turn, commit: Commit, reading: ReadingReady) -> None:
        transcript = reading.transcript
        silenced = turn.over_ours and asks_to_stop(transcript.text)
        silenced = silenced or self._heard_itself(transcript.text)
        if silenced or not self._believed(turn, transcript.text, transcript.confidence, commit.sure):
            self._act_all(self._taking.nothing_said(commit.revision))
            return
        self._mind_microphone()
        self._hold(turn, SpeechEnded(seconds(commit.voice_end)))
        heard_as = TranscriptFinal(transcript.text, transcript.engine, transcript.language, transcript.confidence)
        self._hold(turn, heard_as)
        history, void = self._history, self._jobs.unhurried(commit.revision)
        words = turn.words(transcript.text)
        turn.affect = turn.affect or self._sense(turn, words)
        if turn.affect is not None:
            self._hold(turn, turn.affect)
        if (goodbye := self._hands_free.goodbye(transcript.text)) is not None:
            turn.reply = Delivery(self._clock.now())
            self._have_clause(turn, ready(Clause(goodbye, last=True, aside=True), turn.number, commit.revision))
            return
        lead = self._parts.replier.lead(history, words, turn.affect)
        turn.reply = Delivery(self._clock.now())
        turn.rest = self._parts.replier.reply(history, words, void, turn.affect, lead.text if lead is not None else "")
        opening = ready(lead, turn.number, commit.revision) if lead is not None else None
        self._deliver(turn, commit.revision, turn.reply.begin(opening))

    def _mind_microphone(self) -> None:
        """Say so where it is set so that the owner is hard to understand."""
        match self._microphone.over():
            case "clipped":
                self._emit(Trouble("sound", "the voice is cut off: the microphone is set too loud", "clipped"))
            case "faint":
                self._emit(Trouble("sound", "the voice is very faint: come closer, or set it louder", "faint"))

    def _believed(
        self, turn: Turn, words: str, confidence: float | None, sure: float, *, over_ours: bool = False
    ) -> bool:
        clearance = decibels(loudness(turn.recent), turn.background)
        return believable(words, confidence, sure, clearance, over_ours=over_ours)

    def _deliver(self, turn: Turn, revision: int, steps: Iterable[Step]) -> None:
        """Do what is due next of the reply to `turn`, begun for `revision`."""
        for step in steps:
            match step:
                case Speak():
                    self._jobs.speak(step.clause, step.number)
                    self._hold(turn, ReplyClause(step.clause.text, style(step.clause.style, step.clause.pace)))
                case WriteOn():
                    assert turn.rest is not None
                    self._jobs.write(turn.rest, turn.number, revision)
                case Play():
                    self._device.play(revision, step.samples, step.rate, last=False)
                case RunDry():
                    self._device.play(revision, np.empty(0, dtype=np.float32), self._parts.voice.rate, last=True)
                case Silence():
                    self._tell(turn)
                    self._emit(ReplyEnded("", interrupted=False))
                    self._end_unanswered()
                    self._taking.stopped_playing(self._position)
                    self._attend(self._hands_free.turn_over(self._position))

    def _have_clause(self, turn: Turn, message: ClauseReady) -> None:
        assert turn.reply is not None
        if message.recall is not None:
            self._hold(turn, message.recall)
        if message.safety is not None:
            self._hold(turn, Safety(message.safety))
            if message.safety == "voice-off":
                self._stop_listening(turn)
        if message.strategy is not None:
            self._hold(turn, message.strategy)
        self._deliver(turn, message.revision, turn.reply.written(message, self._clock.now()))

    def _stop_listening(self, turn: Turn) -> None:
        """The voice is not listened to from now on, in later talks neither."""
        turn.tone = None
        if self._parts.senses is not None:
            self._parts.senses.stop_listening()
        self._jobs.keep_voice_off()

    def _have_sound(self, turn: Turn, message: SpeechReady) -> None:
        assert turn.reply is not None
        self._deliver(turn, message.revision, turn.reply.voiced(message, self._clock.now()))

    def _reply_sounds(self, turn: Turn, message: PlaybackStarted) -> None:
        assert turn.reply is not None
        self._mind_echo()
        self._taking.started_playing()
        self._spoken, self._turn = turn, None
        self._deliver(turn, message.tag, turn.reply.began(message.position))
        self._tell(turn)
        self._emit(ReplyStarted(seconds(message.position)), turn=turn.number)
        self._emit(latency(turn, turn.reply, self._clock.at(message.position)), turn=turn.number)

    def _reply_is_over(self, turn: Turn, message: PlaybackEnded) -> None:
        self._tell(turn)  # where the speaker was lost before it made a sound
        answer = answered(turn, message.played, self._parts.replier.aside, stopped=message.stopped)
        self._emit(ReplyEnded(answer.text, interrupted=message.stopped), turn=turn.number)
        assert turn.reply is not None
        self._emit(WorkedAhead(turn.begun, turn.reply.ahead, turn.reply.unread), turn=turn.number)
        goes_on = self._turn if self._turn is not turn else None
        if answer.cut_in and goes_on is not None:
            self._carry_on(turn, goes_on)
            self._end(turn, None)
        else:
            self._taking.pauses = self._taking.pauses.answered(cut_in=bool(turn.before))
            self._end(turn, answer.kept)
        self._device.go_on()  # a voice over our last syllable may have held it when it was over: the next is not held
        self._taking.stopped_playing(message.position)
        self._attend(self._hands_free.turn_over(self._position, another=goes_on is not None))
        if not self._taking.duplex:
            self._parts.activity.reset()
        self._warm()
        talked_down = goes_on is not None and message.stopped and not answer.cut_in
        if self._bystanders.reply_ended(talked_down=talked_down):
            self._leave_be()
        elif goes_on is not None and goes_on.reading is not None:
            self._proceed(goes_on, goes_on.reading)  # the owner's words over ours, now that ours are known

    def _leave_be(self) -> None:
        """Others talk, or a television: say so, and rest until somebody calls."""
        self._emit(Trouble("sound", "others seem to talk, or a television: it rests until it is called", "others"))
        if self._hands_free.can_be_called:
            self._end_unanswered()
            self._taking.abandon(self._position)
            self._attend(self._hands_free.leave_be())

    def _carry_on(self, turn: Turn, goes_on: Turn) -> None:
        """We cut in: the owner went on before there was more than a lead to hear. It is one turn, and a pause in it."""
        goes_on.before = turn.said
        if turn.commit is not None:
            self._taking.pauses = self._taking.pauses.observe(seconds(goes_on.began - turn.commit.voice_end))

    # --- the end of a turn -------------------------------------------------------------------------------------------

    def _end(self, turn: Turn, kept: Kept | None) -> None:
        """The turn is over, in whatever way. What is kept of it goes to the memory, and to the talk if it was answered;
        so does what was learned of the owner's voice."""
        if turn is self._turn:
            self._turn = None
        if turn is self._spoken:
            self._spoken = None
        if kept is None:
            return
        if kept.answered:
            self._history = (*self._history, Exchange(kept.said, kept.answered))
        senses, voice = self._parts.senses, None
        if senses is not None and turn.tone is not None:
            senses.learn(turn.tone)
            voice = senses.record()
        ago = self._clock.now() - turn.began_t
        self._jobs.keep(turn.number, kept.said, kept.answered, ago, kept.interrupted, turn.affect, voice)

    def _end_unanswered(self) -> None:
        """The turn that is on, if there is one, gets no answer."""
        if self._turn is not None:
            self._tell(self._turn)
            self._end(self._turn, unanswered(self._turn, self._parts.replier.aside))

    # --- hands-free: keys, and sounds that are no reply ---------------------------------------------------------------

    def _key(self, key: Key) -> None:
        """A key works at any time, whether or not we listen while we speak."""
        if key == "quit":
            raise KeyboardInterrupt
        if self._spoken is not None or self._taking.phase is Phase.COMMITTED:
            self._give_up()
        else:
            self._device.stop()  # an announcement
            self._ears.sound_stopped(self._position)
        if key == "mute" and self._turn is not None:
            self._end_unanswered()
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
            self._parts.activity.reset()
            self._ears.forget()
            self._taking.forget_voice()

    def _sound(self, sound: Samples, rate: int) -> None:
        """Make a sound that is no reply, and take nobody's voice for the owner's meanwhile."""
        self._device.overlay(sound, rate)
        self._ears.deafen(self._position, sound, rate)

    # --- a voice over ours -------------------------------------------------------------------------------------------

    def _hold_breath(self) -> None:
        """The owner's new turn began over our reply."""
        assert self._turn is not None
        self._turn.over_ours = True
        self._device.hold()

    def _weigh(self, turn: Turn, words: str, confidence: float | None = None, *, paused: bool = False) -> None:
        """What is the voice over ours, as far as its words say?"""
        assert self._spoken is not None and self._spoken.reply is not None
        voice, sure = self._taking.voiced_for, self._taking.surely
        english = self._started.language == "en"
        believed = not paused or self._believed(turn, words, confidence, sure, over_ours=english)
        reply = self._spoken.reply
        asked = reply.asks(turn.began, self._parts.voice.rate)
        verdict = weigh(Overlap(words, voice, paused, believed, reply.text, asked))
        if verdict == "wait":
            return
        if verdict == "stop":
            self._taking.give_way()
            self._device.stop()
        else:
            self._go_on()
        after = seconds(self._silent_since(turn) - turn.began) * 1000
        self._emit(BargeIn(seconds(turn.began), verdict, after), turn=turn.number)

    def _silent_since(self, turn: Turn) -> int:
        """The sample at which our reply was silent because of this `turn`: now, where that is not told yet."""
        return self._position if turn.silent_at is None else turn.silent_at

    def _go_on(self) -> None:
        """The voice over ours was nothing to stop for."""
        if self._turn is not None:
            self._ears.give_back(self._turn.recent)
            if self._spoken is not None and self._spoken.reply is not None:
                self._spoken.reply.paused(max(0, self._position - self._silent_since(self._turn)))
            self._end(self._turn, None)
        self._taking.keep_floor()
        self._device.go_on()

    def _warm(self) -> None:
        """Between turns: the model reads what the next prompt will begin with, the voice makes what it may say next."""
        self._history = self._parts.replier.kept(self._history)
        self._jobs.warm(self._history)
        self._jobs.rehearse()

    # --- trouble and the end -----------------------------------------------------------------------------------------

    def _recover(self, failure: WorkFailed) -> None:
        """A worker could not do its work: say so, keep the words, and be ready for the next turn."""
        if failure.what == "end of turn":
            detail = f"{failure.what} failed ({failure.detail}); without it a turn takes longer to be over"
            self._emit(Trouble(failure.what, detail, failure.detail))
            return  # the words and the silence tell it as well
        detail = f"{failure.what} failed ({failure.detail}); this turn is not answered"
        self._emit(Trouble(failure.what, detail, failure.detail))
        if self._taking.held and failure.revision == self._taking.revision:
            self._go_on()
            return
        self._give_up()

    def _give_up(self) -> None:
        """Neither speak nor think on, and listen; the owner's words are kept, and what was heard of our reply."""
        self._device.stop()
        if self._spoken is not None:
            self._taking.give_way()  # what was heard of the reply is kept once it has ended
            return
        self._end_unanswered()
        self._taking.abandon(self._position)
        self._attend(self._hands_free.turn_over(self._position))

    def _maybe_next_input(self) -> None:
        """Files: once the owner's last words are answered, go on to the next recording."""
        if self._input_ended is None or self._taking.phase is not Phase.LISTENING:
            return
        if self._position - self._input_ended < AFTER_INPUT or not self._jobs.idle:
            return
        self._input_ended = None
        self._open = self._device.next_input()

    def _close(self, reason: str) -> None:
        """End the session in order, whatever else goes wrong meanwhile."""
        with ExitStack() as last:
            last.callback(lambda: self._emit(SessionEnded(reason)))
            last.callback(self._tell_what_was_kept)
            last.callback(self._device.close)
            last.callback(self._jobs.close)
            if self._spoken is not None:
                self._device.stop()
                for message in self._queued():
                    if isinstance(message, PlaybackStarted | PlaybackEnded | TurnSaved):
                        self._handle(message)
            self._end_unanswered()
            self._taking.abandon(self._position)  # whatever still runs is void

    def _tell_what_was_kept(self) -> None:
        for message in self._queued():
            if isinstance(message, TurnSaved) or (isinstance(message, WorkFailed) and message.what == "memory"):
                self._handle(message)

    def _queued(self) -> Iterator[Message | None]:
        while not self._queue.empty():
            yield self._queue.get()


def steady(before: str, now: str) -> str:
    """The words that two captions, one after the other, begin with alike; without the last, which may be half heard."""
    same = 0
    words = now.split()
    for old, new in zip(before.split(), words, strict=False):
        if old != new:
            break
        same += 1
    return " ".join(words[: max(0, same - 1)])
