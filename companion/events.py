"""Every message that passes between rooms: one frozen dataclass each, and nothing else.

There are two kinds. **Messages** travel inside the process, on the one queue of `companion.conversation`: what the
sound device and the workers say to the loop. **Events** leave the loop: the lines of the events file, and what an
interface draws. A room may import this module and `companion.settings`; it imports nothing of its neighbours.

Time is counted in samples at `SAMPLE_RATE` since the session's first frame, never by the wall clock. Every piece of
work carries `turn` and `revision`; a result whose revision is old is dropped.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
"""Mono sound, shape (n,), nominal range -1…1."""

SAMPLE_RATE = 16_000
"""Hz. The rate of everything that listens: VAD, Smart Turn and every recogniser are trained on it."""

FRAME = 320
"""Samples in a frame: 20 ms, a multiple of the 10 ms that echo cancellers work in."""


def seconds(samples: int) -> float:
    """Length of `samples` at `SAMPLE_RATE`, in seconds."""
    return samples / SAMPLE_RATE


def samples(duration_s: float) -> int:
    """Number of samples in `duration_s` seconds at `SAMPLE_RATE`, rounded."""
    return round(duration_s * SAMPLE_RATE)


# --- values that several rooms share ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was heard.

    `confidence` is 0…1, or None where the engine gives none. `engine` is the id of the model that produced the text.
    """

    text: str
    engine: str
    language: str
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Style:
    """How a clause is spoken. The neutral style changes nothing.

    `rate`: 1.0 as the voice was trained, 1.1 is 10 % faster. `energy`: level in dB relative to the voice's own.
    `pause`: silence after the clause, in seconds. `pitch`: semitones above the voice's own median. `pitch_range`: the
    spread of pitch around the median, 1.0 as the voice was trained, 1.2 is 20 % livelier in semitones.
    """

    rate: float = 1.0
    energy: float = 0.0
    pause: float = 0.0
    pitch: float = 0.0
    pitch_range: float = 1.0


EMOTIONS = ("neutral", "happy", "sad", "angry", "afraid", "disgusted", "surprised")
"""What a listener might call it: Ekman's six and neutral. Words for how something was said, not for what is felt."""


@dataclass(frozen=True, slots=True)
class AffectReading:
    """What one source (the voice, the words) says of a turn, or all of them together.

    `valence` (unpleasant … pleasant) and `arousal` (calm … excited): -1…1, for the voice relative to how this owner
    usually sounds. `scores`: each of `EMOTIONS` → probability, together 1. `confidence`: 0…1, the chance that a
    listener would give the likeliest of them the same name; 0 where the source has nothing to say.
    """

    valence: float
    arousal: float
    scores: dict[str, float]
    confidence: float


@dataclass(frozen=True, slots=True)
class Exchange:
    """One turn as the model may know it: what the owner said and what was **heard** of the reply."""

    owner: str
    companion: str


# --- messages: device and workers -> loop ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AudioFrame:
    """`FRAME` samples from the microphone; `position` is the sample number of the first of them."""

    position: int
    samples: Samples


@dataclass(frozen=True, slots=True)
class InputEnded:
    """A file has no more samples; silence follows until the next input is asked for."""

    position: int


@dataclass(frozen=True, slots=True)
class PlaybackStarted:
    """The first sample of utterance `tag` left for the speaker at `position`."""

    tag: int
    position: int


@dataclass(frozen=True, slots=True)
class PlaybackHeld:
    """Utterance `tag` waits: the speaker is silent from `position` on, until the device is told to go on or to stop."""

    tag: int
    position: int


@dataclass(frozen=True, slots=True)
class PlaybackEnded:
    """The last sample of utterance `tag` was played, or it was stopped; `played` counts samples at the voice's rate."""

    tag: int
    position: int
    played: int
    stopped: bool = False


SoundTrouble = Literal["silent", "stalled", "lost", "overrun", "reopened"]


@dataclass(frozen=True, slots=True)
class DeviceTrouble:
    """Something is wrong, or right again, with the sound device.

    `kind`: `silent` (the microphone gives digital silence), `stalled` (no callback for a second), `lost` (unplugged),
    `overrun` (frames were dropped), `reopened` (it works again). `detail` is one line for a person.
    """

    kind: SoundTrouble
    detail: str


@dataclass(frozen=True, slots=True)
class DeviceFailed:
    """The sound device ended for a reason that nobody foresaw, and will post nothing more: the kind of the error."""

    detail: str


@dataclass(frozen=True, slots=True)
class PartialReady:
    """Words so far, while the owner speaks."""

    turn: int
    revision: int
    text: str


@dataclass(frozen=True, slots=True)
class ReadingReady:
    """The stronger engine's text of everything up to `upto` (sample number); `took` is its time in seconds."""

    turn: int
    revision: int
    upto: int
    transcript: Transcript
    took: float


@dataclass(frozen=True, slots=True)
class CompletenessReady:
    """How complete the turn sounds at `upto` (sample number), 0…1."""

    turn: int
    revision: int
    upto: int
    probability: float


@dataclass(frozen=True, slots=True)
class CompletionReady:
    """`ends`: natural logarithm of the probability that a sentence ends with the words of `revision`; None: unknown."""

    turn: int
    revision: int
    ends: float | None


@dataclass(frozen=True, slots=True)
class VoiceReady:
    """What was measured in the voice of the turn, for `companion.affect` alone to read; None: nothing."""

    turn: int
    revision: int
    features: Any


@dataclass(frozen=True, slots=True)
class ClauseReady:
    """The next clause of the reply. `last` closes the reply and may come with an empty `text`.

    `first_token` is the time from asking the model to its first token, in seconds, and `unread` the number of tokens
    that it had not read when it was asked, given with the first clause; `ahead`: the reply was begun before it was sure
    that the turn is over. `aside`: this is about the memory, and no part of the talk. `recall`: what came to mind,
    given with the first clause. `safety`: the kind of `Safety` answer that begins here. `style`: how it is spoken, of
    `tts.styles`; `pace`: its rate beside that of the style. `strategy`: given with the first clause. `waits`: the next
    clause is asked for only once this one sounds.
    """

    turn: int
    revision: int
    text: str
    last: bool
    first_token: float | None = None
    unread: int | None = None
    ahead: bool = False
    aside: bool = False
    recall: Recall | None = None
    safety: str | None = None
    style: str = "neutral"
    strategy: Strategy | None = None
    pace: float = 1.0
    waits: bool = False


@dataclass(frozen=True, slots=True)
class ReplyBegun:
    """In a pause of the turn the model began a reply, whatever becomes of it."""

    turn: int


@dataclass(frozen=True, slots=True)
class TurnSaved:
    """The owner's memory has kept the turn."""

    turn: int
    episode: int
    facts: int


@dataclass(frozen=True, slots=True)
class SpeechReady:
    """A piece of the spoken clause `clause` (0, 1, …), mono at `rate` Hz. `last` closes the clause."""

    turn: int
    revision: int
    clause: int
    samples: Samples
    rate: int
    last: bool


@dataclass(frozen=True, slots=True)
class WorkFailed:
    """A worker could not do its work. `what` names the stage, `detail` is one line; it never holds what was said."""

    turn: int
    revision: int
    what: str
    detail: str


Key = Literal["talk", "mute", "stop", "quit"]
"""`talk`: listen to me now, whatever you do; `mute`: hear nothing, and the end of it; `stop`: be silent; `quit`."""


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """The owner pressed a key, or its signal came."""

    key: Key


@dataclass(frozen=True, slots=True)
class Announcement:
    """Something that is no part of the talk, to be said as soon as nobody speaks: sound, mono at `rate` Hz."""

    samples: Samples
    rate: int


@dataclass(frozen=True, slots=True)
class NodReady:
    """The sound of a backchannel of ours, mono at `rate` Hz, for the pause of `revision`."""

    revision: int
    samples: Samples
    rate: int


Message = (
    AudioFrame
    | NodReady
    | InputEnded
    | PlaybackStarted
    | PlaybackHeld
    | PlaybackEnded
    | DeviceTrouble
    | DeviceFailed
    | PartialReady
    | ReadingReady
    | CompletenessReady
    | CompletionReady
    | VoiceReady
    | ClauseReady
    | SpeechReady
    | ReplyBegun
    | TurnSaved
    | WorkFailed
    | KeyPressed
    | Announcement
)

# --- events: loop -> events file and interfaces ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SessionStarted:
    """The loop listens from now on. `models`: role → id. `network`: how the offline lock holds. `pace`: how long the
    stages before an answer take on this machine, in milliseconds, as far as they were timed."""

    name: ClassVar[str] = "session.started"
    profile: str
    models: dict[str, str]
    language: str
    network: str
    pace: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """The last event of a session. `reason`: `input` (files are through), `owner` (asked to stop), `trouble`."""

    name: ClassVar[str] = "session.ended"
    reason: str


@dataclass(frozen=True, slots=True)
class AttentionChanged:
    """Who is listened to from now on: `asleep` (the wake word alone), `awake` (the owner), `muted` (nobody)."""

    name: ClassVar[str] = "attention"
    state: Literal["asleep", "awake", "muted"]
    why: Literal["start", "wake word", "key", "window over", "asked", "turn over", "others"]


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """`at`: seconds on the sample clock of the first voiced frame."""

    name: ClassVar[str] = "speech.started"
    at: float


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """`at`: seconds on the sample clock of the last voiced frame."""

    name: ClassVar[str] = "speech.ended"
    at: float


@dataclass(frozen=True, slots=True)
class TranscriptPartial:
    """Words so far."""

    name: ClassVar[str] = "transcript.partial"
    text: str


@dataclass(frozen=True, slots=True)
class TranscriptFinal:
    """What the turn is answered by. Fields as in `Transcript`."""

    name: ClassVar[str] = "transcript.final"
    text: str
    engine: str
    language: str
    confidence: float | None


@dataclass(frozen=True, slots=True)
class Affect:
    """What was heard in a turn, and how sure that is; never "you are sad".

    `valence`, `arousal`, `scores` and `confidence` as in `AffectReading`, all sources together; `emotion` is the
    likeliest of the scores, and "neutral" where the confidence is low. `voice` and `words`: what each said, None where
    it could not be asked. `relative`: what was measured in the voice against this owner's own running baseline, in
    its standard deviations (`pitch`, `energy`, `rate`, …). `disagreement`: 0…1, how far voice and words are apart.
    """

    name: ClassVar[str] = "affect"
    valence: float
    arousal: float
    emotion: str
    scores: dict[str, float]
    confidence: float
    voice: AffectReading | None
    words: AffectReading | None
    relative: dict[str, float]
    disagreement: float


@dataclass(frozen=True, slots=True)
class Strategy:
    """How the turn is answered (one of the planner's strategies), and why."""

    name: ClassVar[str] = "strategy"
    strategy: str = field(metadata={"key": "name"})  # `name` is taken, by the event's own
    why: str = ""


@dataclass(frozen=True, slots=True)
class Safety:
    """Something was said in code, whatever the model would have said.

    `kind`: `crisis`, `crisis-again` (the help is offered once more), `check-in` (at the end of an answer: more may
    be behind these words), `goodbye`, `identity`, `medicine`, `disclosure`, `voice-off` (the owner does not want
    the voice listened to).
    """

    name: ClassVar[str] = "safety"
    kind: str


@dataclass(frozen=True, slots=True)
class ReplyClause:
    """A clause on its way to the voice."""

    name: ClassVar[str] = "reply.clause"
    text: str
    style: Style


@dataclass(frozen=True, slots=True)
class ReplyStarted:
    """`at`: seconds on the sample clock of the first sample played."""

    name: ClassVar[str] = "reply.started"
    at: float


@dataclass(frozen=True, slots=True)
class ReplyEnded:
    """`text`: what was heard, and nothing more."""

    name: ClassVar[str] = "reply.ended"
    text: str
    interrupted: bool


@dataclass(frozen=True, slots=True)
class BargeIn:
    """A voice began over ours at `at` (sample-clock seconds), and we were silent `stopped_after_ms` after that.

    `stop`: the owner has the floor. `backchannel`: it asked for nothing ("mm-hm", a cough, a door), and `echo`: it was
    our own voice; after these the reply went on where it was.
    """

    name: ClassVar[str] = "barge_in"
    at: float
    kind: Literal["stop", "backchannel", "echo"]
    stopped_after_ms: float


@dataclass(frozen=True, slots=True)
class Backchannel:
    """At `at` (sample-clock seconds), in a pause of the owner's, a sound of ours that says "go on"."""

    name: ClassVar[str] = "backchannel"
    at: float


@dataclass(frozen=True, slots=True)
class RecallItem:
    """`kind` ("fact", "episode") and `id` name what came to mind; `score` orders the items of one kind."""

    id: int
    kind: str
    score: float


@dataclass(frozen=True, slots=True)
class Recall:
    """What of the owner's memory came to mind at the words, in `ms` milliseconds; without the words themselves."""

    name: ClassVar[str] = "recall"
    items: tuple[RecallItem, ...]
    ms: float


@dataclass(frozen=True, slots=True)
class MemorySaved:
    """The turn is in the owner's memory: the id of its episode, and how many facts its words proved."""

    name: ClassVar[str] = "memory.saved"
    episode: int
    facts: int


@dataclass(frozen=True, slots=True)
class TurnLatency:
    """Where the time of one turn went, in milliseconds.

    `gap_ms`: last voiced sample → first reply sample. The stages, each from the last voiced sample: `endpoint_ms` the
    turn was committed; from the commit on: `stt_ms` until the text was final, `first_token_ms` and `first_clause_ms`
    from asking the model, `first_audio_ms` from the first clause to its first samples. None: the stage did not run.
    `led`: what sounded first was a lead, and the model's stages fell into it.
    `speculated`: it was the beginning of a reply that was begun ahead. `reason`: what decided that the turn was over,
    of `turns.turn_end.Endpoint`.
    """

    name: ClassVar[str] = "turn.latency"
    gap_ms: float
    endpoint_ms: float
    stt_ms: float
    first_token_ms: float | None
    first_clause_ms: float | None
    first_audio_ms: float | None
    speculated: bool
    led: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class WorkedAhead:
    """What was done of a reply before its turn was over, told once it has ended.

    `begun`: replies that the model began in pauses of the turn; `kept`: the last of them was said. `unread`: tokens of
    the prompt that it had not read when it began; None: no model was asked.
    """

    name: ClassVar[str] = "turn.ahead"
    begun: int
    kept: bool
    unread: int | None


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something went wrong. `what` names the part, `detail` is one line for a person, without a word that was said.

    `kind`: for programs: that of a `DeviceTrouble`; `echo` (our own voice leaks: it does not listen while it speaks),
    `echo over` (it does again), `echo stays` (it listens only when called), `others` (they talk, or a television: it
    rests until it is called), `clipped`, `faint` (the owner's voice, see `audio.microphone`); or the kind of error;
    empty where `what` says it all.
    """

    name: ClassVar[str] = "error"
    what: str
    detail: str
    kind: str = ""


Event = (
    SessionStarted
    | SessionEnded
    | AttentionChanged
    | SpeechStarted
    | SpeechEnded
    | TranscriptPartial
    | TranscriptFinal
    | Recall
    | Affect
    | Strategy
    | Safety
    | ReplyClause
    | ReplyStarted
    | ReplyEnded
    | BargeIn
    | Backchannel
    | TurnLatency
    | WorkedAhead
    | MemorySaved
    | Trouble
)


def to_record(event: Event, t: float, turn: int) -> dict[str, Any]:
    """The event as one line of the events file: `{"t", "turn", "event", …fields}`, ready for `json.dumps`."""
    return {
        "t": round(t, 4),
        "turn": turn,
        "event": event.name,
        **{f.metadata.get("key", f.name): _plain(getattr(event, f.name)) for f in fields(event)},
    }


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
