"""What the loop lets others do: each method hands a job to a worker and returns at once.

What comes of it is a message on the loop's queue, with the revision it was begun for; a job that has become void by
then does nothing. One reads (speech to text), one parses (whether the words are a sentence), one judges (Smart Turn and
the voice), one writes (the language model), one speaks, one keeps (the memory). No job holds state, and only the reader
gives work to others: to the parser, and to the judge where that waits for the words.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from companion import heap
from companion.dialogue.mind import Clause
from companion.events import (
    Affect,
    ClauseReady,
    CompletenessReady,
    CompletionReady,
    Exchange,
    Message,
    NodReady,
    PartialReady,
    ReadingReady,
    ReplyBegun,
    Samples,
    SpeechReady,
    Strategy,
    TurnSaved,
    VoiceReady,
    WorkFailed,
    samples,
)
from companion.parts import PAUSES, VOICE, VOICE_OFF, Parts
from companion.tts.styles import style
from companion.turns.taking import Phase, Probe, Read, TurnTaking
from companion.worker import Job, Worker

_QUICK_S = 0.2
"""A reading that takes longer is not waited for: where nothing is known of the sound, a turn is over after 0.64 s."""

_TALKS = samples(0.5)
"""Who has talked over us for so long, without a pause, is hardly going to let us go on."""

_LOOK_S = 0.01
"""How often a reply that stands still looks whether it may go on: a sixth of what a token takes."""


def _no_matter(error: Exception) -> None:
    """What is read, made or shown ahead of time is a comfort: where it fails, the work that matters comes later."""


class Jobs:
    """The workers of a session. `taking` is looked at, never changed: which revisions hold, and who has the floor."""

    def __init__(
        self, parts: Parts, taking: TurnTaking, post: Callable[[Message | None], None], *, clocked: bool = True
    ) -> None:
        """`post`: puts a message on the loop's queue; None says that a worker may have become idle. `clocked`: time
        goes on while a worker works; False where it waits for them.
        """
        self._parts = parts
        self._taking = taking
        self._post = post
        self._clocked = clocked
        self._closing = False
        self._asked: int | None = None  # the sample up to which the words were asked for last
        self._reads = 0  # how often they were
        self._read_through = 0  # which of these is over, the last one of all
        self._took = parts.pace.reading if parts.pace is not None else 0.0  # the last reading, in seconds
        self._reader, self._parser, self._judge, self._writer, self._speaker, self._keeper = self._workers = tuple(
            Worker(name, done=lambda: post(None))
            for name in ("reader", "parser", "judge", "writer", "speaker", "keeper")
        )

    @property
    def idle(self) -> bool:
        """Every job is done and its messages are posted."""
        return all(worker.idle for worker in self._workers)

    @property
    def reads(self) -> bool:
        """The recogniser has something in hand."""
        return not self._reader.idle

    @property
    def writes(self) -> bool:
        """The language model has something in hand."""
        return not self._writer.idle

    def close(self) -> None:
        """End what runs and what waits; returns once every worker has stopped."""
        self._closing = True
        for worker in self._workers:
            worker.close()

    def void(self, revision: int) -> Callable[[], bool]:
        """A question for workers: has the work begun for `revision` become void?"""
        return lambda: not self._taking.valid(revision)

    def unhurried(self, revision: int) -> Callable[[], bool]:
        """As `void`, for who writes a reply, which stands still there while the owner talks over it.

        The model takes both cores. What the owner says over a reply, five words of Korean, was known 2.4 s after the
        last of them beside a model that wrote on, and what it wrote was thrown away.
        """
        void = self.void(revision)

        def asked() -> bool:
            while self._talked_over and not (void() or self._closing):
                time.sleep(_LOOK_S)
            return void()

        return asked

    @property
    def _talked_over(self) -> bool:
        """Whether there is a voice over our reply, and its words are being read, or it has lasted long."""
        long = self._clocked and self._taking.voiced_for >= _TALKS
        return self._taking.held and (long or self._read_through < self._reads)

    def _failed(self, what: str, revision: int) -> Callable[[Exception], None]:
        turn = self._taking.turn
        # Only the kind of the error: its text may hold what was said.
        return lambda error: self._post(WorkFailed(turn, revision, what, type(error).__name__))

    # --- reading -----------------------------------------------------------------------------------------------------

    def start_reading(self, frames: Sequence[Samples]) -> None:
        """A turn begins with these `frames`."""
        recognizer = self._parts.recognizer

        def start() -> None:
            recognizer.start()
            for frame in frames:
                recognizer.accept(frame)

        self._read(start)

    def accept(self, frame: Samples) -> None:
        """The next frame of the turn."""
        self._read(lambda: self._parts.recognizer.accept(frame))

    def caption(self, turn: int) -> None:
        """`PartialReady`: the words so far."""
        revision = self._taking.revision
        void, reads = self.void(revision), self._reads

        def caption() -> None:
            if self._reads != reads:
                return  # the words themselves are asked for: they do not wait for a caption
            if (words := self._parts.recognizer.partial()) is not None:
                self._post(PartialReady(turn, revision, words))
                if (completion := self._parts.completion) is not None:
                    self._parser.submit(lambda: completion.follow(words, void), _no_matter)

        self._reader.submit(caption, _no_matter)

    def read(self, turn: int, revision: int, start: int, upto: int) -> None:
        """`ReadingReady`: the words of the turn that began at sample `start`, up to sample `upto`."""
        void = self.void(revision)
        self._asked = upto
        self._reads += 1
        number = self._reads
        self._parts.recognizer.hurry()
        self._parts.replier.give_way()

        def read() -> None:
            try:
                if void():
                    return
                began = time.perf_counter()
                transcript = self._parts.recognizer.read(upto - start)
                took = self._took = time.perf_counter() - began
                self._parse(turn, revision, transcript.text)
                self._post(ReadingReady(turn, revision, upto, transcript, took))
            finally:
                self._read_through = number

        self._read(read)

    def _parse(self, turn: int, revision: int, words: str) -> None:
        """`CompletionReady`: whether the words are a whole sentence."""
        completion, void = self._parts.completion, self.void(revision)
        if completion is None:
            return

        def parse() -> None:
            ends = completion.ends(words, void) if words else None
            self._post(CompletionReady(turn, revision, ends))

        nothing = CompletionReady(turn, revision, None)
        self._parser.submit(parse, failed=lambda error: self._post(nothing))

    def _read(self, job: Job) -> None:
        self._reader.submit(job, self._failed("speech to text", self._taking.revision))

    # --- judging -----------------------------------------------------------------------------------------------------

    def judge(self, probe: Probe, recent: Samples, silence: int) -> None:
        """`CompletenessReady`: whether the turn sounds complete, whose last seconds are `recent`, the last `silence`
        samples of these the pause.

        Where the words are asked for at the same moment, after them, unless the machine is slow: side by side on two
        cores they took 101 ms, one after the other 88, and the grammar is read meanwhile (medians of 25).
        """
        void = self.void(probe.revision)

        def judge() -> None:
            if not void():
                probability = self._parts.smart_turn.completeness(recent, silence)
                self._post(CompletenessReady(probe.turn, probe.revision, probe.upto, probability))

        failed = self._failed("end of turn", probe.revision)
        if probe.upto == self._asked and self._took < _QUICK_S:
            self._reader.submit(lambda: self._judge.submit(judge, failed), failed)
        else:
            self._judge.submit(judge, failed)

    def listen(self, pause: Read, recent: Samples) -> None:
        """`VoiceReady`: how the turn sounds. Where that fails, the words are heard all the same."""
        senses, void = self._parts.senses, self.void(pause.revision)
        assert senses is not None

        def listen() -> None:
            if not void():
                self._post(VoiceReady(pause.turn, pause.revision, senses.listen(recent)))

        nothing = VoiceReady(pause.turn, pause.revision, None)
        self._judge.submit(listen, failed=lambda error: self._post(nothing))

    # --- writing -----------------------------------------------------------------------------------------------------

    def warm(self, history: tuple[Exchange, ...]) -> None:
        """Let the model read what the next prompt will begin with, while nobody waits for it; then tidy up."""

        def warm() -> None:
            # Whatever the owner says next comes behind it: only the end of the session makes it void.
            self._parts.replier.warm(history, lambda: self._closing)
            heap.give_back()

        self._writer.submit(warm, _no_matter)

    def follow(self, history: tuple[Exchange, ...], words: str, revision: int) -> None:
        """Let the model read how the owner's turn begins."""
        void = self.void(revision)
        self._writer.submit(lambda: self._parts.replier.follow(history, words, void), _no_matter)

    def prepare(
        self, history: tuple[Exchange, ...], words: str, turn: int, revision: int, affect: Affect | None
    ) -> None:
        """Let the model begin to answer words that may be all, and the voice make the sound of that beginning;
        `ReplyBegun`."""
        void, unhurried = self.void(revision), self.unhurried(revision)

        def prepare() -> None:
            first = self._parts.replier.prepare(history, words, unhurried, affect)
            if first is not None or void():
                self._post(ReplyBegun(turn))
            if first is not None and first.text:
                self._rehearse(first, lambda: not void())

        self._writer.submit(prepare, _no_matter)

    def write(self, rest: Iterator[Clause], turn: int, revision: int) -> None:
        """`ClauseReady`: the next clause of the reply."""
        void = self.void(revision)

        def write() -> None:
            if not void():
                self._post(ready(next(rest, Clause("", last=True)), turn, revision))

        self._writer.submit(write, self._failed("language model", revision))

    # --- speaking ----------------------------------------------------------------------------------------------------

    def speak(self, message: ClauseReady, clause: int) -> None:
        """`SpeechReady`, several: the sound of clause number `clause` of the reply.

        A first one that is kept does not wait for the speaker, who may be making the sound of what comes behind it.
        """
        void, voice = self.void(message.revision), self._parts.voice
        kept = voice.kept(message.text, style(message.style, message.pace)) if clause == 0 else None

        def speak() -> None:
            for sound in self._sound(message) if kept is None else (kept,):
                if void():
                    return
                self._post(SpeechReady(message.turn, message.revision, clause, sound, voice.rate, last=False))
            nothing = np.empty(0, dtype=np.float32)
            self._post(SpeechReady(message.turn, message.revision, clause, nothing, voice.rate, last=True))

        if kept is not None:
            speak()
        else:
            self._speaker.submit(speak, self._failed("voice", message.revision))

    def nod(self, nod: Clause) -> None:
        """`NodReady`: the sound of a backchannel. Nobody waits for it."""
        revision, rate = self._taking.revision, self._parts.voice.rate

        def speak() -> None:
            sound = [*self._sound(nod)]
            if sound:
                self._post(NodReady(revision, np.concatenate(sound), rate))

        self._speaker.submit(speak, _no_matter)

    def rehearse(self) -> None:
        """Let the voice make the sound of what it is likely to say, while nobody speaks."""

        def wanted() -> bool:
            return not self._closing and self._taking.phase in (Phase.LISTENING, Phase.GUARD)

        for clause in self._parts.replier.familiar():
            self._rehearse(clause, wanted)

    def _rehearse(self, clause: Clause, wanted: Callable[[], bool]) -> None:
        """Let the voice make the sound of `clause`, if it is `wanted` by then; the voice keeps it."""

        def rehearse() -> None:
            if wanted():
                for _ in self._sound(clause):
                    pass

        self._speaker.submit(rehearse, _no_matter)

    def _sound(self, clause: Clause | ClauseReady) -> Iterator[Samples]:
        """The sound of `clause` in its own style, piece by piece."""
        return self._parts.voice.synthesize(clause.text, style(clause.style, clause.pace))

    # --- keeping -----------------------------------------------------------------------------------------------------

    def keep(
        self, turn: int, said: str, answered: str, ago: float, interrupted: bool, affect: Affect | None, voice: Any
    ) -> None:
        """`TurnSaved`: the turn that began `ago` seconds ago, the owner's pauses, and their `voice` if not None."""
        storage = self._parts.storage
        if storage is None:
            return
        pauses = self._taking.pauses.record()

        def save() -> None:
            saved = storage.save(said, answered, ago, interrupted, affect)
            if saved is not None:
                self._post(TurnSaved(turn, saved.episode, saved.facts))

        def learn() -> None:
            storage.learn(PAUSES, pauses)
            if voice is not None:
                storage.learn(VOICE, voice)
            storage.settle()

        self._keeper.submit(save, self._failed("memory", self._taking.revision))
        self._keeper.submit(learn, _no_matter)

    def keep_voice_off(self) -> None:
        """The voice is not to be listened to in later talks either."""
        if (storage := self._parts.storage) is not None:
            self._keeper.submit(lambda: storage.learn(VOICE_OFF, True), self._failed("memory", self._taking.revision))


def ready(clause: Clause, turn: int, revision: int) -> ClauseReady:
    """`clause` as a message, for the reply begun for `revision`."""
    return ClauseReady(
        turn,
        revision,
        clause.text,
        clause.last,
        clause.first_token,
        clause.unread,
        clause.ahead,
        clause.aside,
        clause.recall,
        clause.safety,
        clause.style,
        Strategy(clause.plan.strategy, clause.plan.why) if clause.plan is not None else None,
        clause.pace,
        clause.waits,
    )
