"""Who has the floor: the state machine of a conversation.

It takes what was sensed (windows of voice, how complete a turn sounds, what the speaker plays) and returns what to do.
It knows no microphone, no model and no clock: time is the sample number of what it is told.

    LISTENING ──voice──▶ HEARING ──silence──▶ PAUSED ──silence lasts──▶ COMMITTED ──first sample──▶ SPEAKING
        ▲                   ▲                    │                           │                         │
        │                   └──────voice─────────┘◀──────────voice───────────┘                     last sample
        └───────────────────────────────guard is over─────── GUARD ◀─────────────────────────────────┘

Voice after the commit but before our first sample takes the turn back: nothing was heard, so nothing was said. While we
speak, and for a guard time after it, we do not listen: until echo is cancelled, the voice we would hear is our own.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from companion.events import samples
from companion.turns.endpoint import EndpointPolicy, endpoint
from companion.turns.speech import SpeechDetector, Voicing


class Phase(Enum):
    """Who has the floor."""

    LISTENING = "listening"
    HEARING = "hearing"
    PAUSED = "paused"
    COMMITTED = "thinking"
    SPEAKING = "speaking"
    GUARD = "guard"


@dataclass(frozen=True, slots=True)
class Begin:
    """The owner began to speak at `at`."""

    turn: int
    at: int


@dataclass(frozen=True, slots=True)
class Read:
    """A pause, perhaps: read what was said up to `upto`; the voice ended at `voice_end`."""

    turn: int
    revision: int
    upto: int
    voice_end: int


@dataclass(frozen=True, slots=True)
class Probe:
    """A pause: find out how complete the turn sounds up to `upto`."""

    turn: int
    revision: int
    upto: int


@dataclass(frozen=True, slots=True)
class Resume:
    """The owner goes on: what was begun for an older revision is void."""

    turn: int
    revision: int


@dataclass(frozen=True, slots=True)
class Commit:
    """The turn is over: answer what was said up to `upto`, if it can be believed."""

    turn: int
    revision: int
    upto: int
    voice_end: int
    reason: str
    sure: float = 1.0  # share of its voice that surely was one, 0…1


@dataclass(frozen=True, slots=True)
class Dismiss:
    """It was no speech (a click, a cough): as if nothing had happened."""

    turn: int


Action = Begin | Read | Probe | Resume | Commit | Dismiss


@dataclass(frozen=True, slots=True)
class TurnLimits:
    """`least_voice`: less voice than this is no turn ("no" takes about 200 ms). `longest`: a turn is answered at the
    latest after this. `guard`: after our own last sample, for the room and the speaker to fall silent. All in samples.
    """

    least_voice: int = samples(0.16)
    longest: int = samples(15 * 60)
    guard: int = samples(0.2)


class TurnTaking:
    """Decides when to listen and when to answer. One instance a session; see the module for its states."""

    def __init__(self, policy: EndpointPolicy | None = None, limits: TurnLimits | None = None) -> None:
        self._policy = policy or EndpointPolicy()
        self._limits = limits or TurnLimits()
        self._detector = SpeechDetector()
        self._completeness: float | None = None
        self._heard = 0
        self._voice_end = 0
        self._began = 0
        self._guard_until = 0
        self._overlong = False
        self._probed = False
        self.phase = Phase.LISTENING
        self.turn = 0
        self.revision = 0

    @property
    def voiced(self) -> bool:
        """Whether the owner is speaking right now: the last window held voice."""
        return self.phase is Phase.HEARING and self._heard == self._voice_end

    def hear(self, start: int, end: int, probability: float) -> list[Action]:
        """A window of the microphone, samples `start`…`end`, holds voice with this probability (0…1)."""
        self._heard = end
        if self.phase is Phase.SPEAKING:
            return []
        if self.phase is Phase.GUARD:
            if end < self._guard_until:
                return []
            self._listen()
        voicing = self._detector.push(start, end, probability)
        if self.phase is Phase.LISTENING:
            return self._begin(voicing)
        if voicing.last_voiced > self._voice_end:
            return self._go_on(voicing, end)
        return self._pause(voicing, end)

    def judge(self, revision: int, completeness: float) -> None:
        """Smart Turn's answer to the probe of `revision`: how complete the turn sounds, 0…1."""
        if revision == self.revision and self.phase is Phase.PAUSED:
            self._completeness = completeness

    def nothing_said(self, revision: int) -> list[Action]:
        """The committed turn holds no words, or none that can be believed."""
        if revision != self.revision or self.phase is not Phase.COMMITTED:
            return []
        return self._dismiss()

    def started_playing(self) -> None:
        """The first sample of our reply left for the speaker."""
        self.phase = Phase.SPEAKING

    def stopped_playing(self, at: int) -> None:
        """The last sample of our reply was played at sample `at`, or there was none to play."""
        self.phase = Phase.GUARD
        self._guard_until = at + self._limits.guard

    def abandon(self, at: int) -> None:
        """The turn cannot be answered; listen again from sample `at` on."""
        self.revision += 1
        self.stopped_playing(at)

    def _listen(self) -> None:
        self.phase = Phase.LISTENING
        self._detector.reset()

    def _begin(self, voicing: Voicing) -> list[Action]:
        if not voicing.speaking:
            return []
        self.phase = Phase.HEARING
        self.turn += 1
        self.revision += 1
        self._completeness = None
        self._overlong = False
        self._began = voicing.began
        self._voice_end = voicing.last_voiced
        return [Begin(self.turn, voicing.began)]

    def _go_on(self, voicing: Voicing, end: int) -> list[Action]:
        if self._overlong:
            return []  # the turn was taken in mid-speech; the owner will be heard again after the answer
        self._voice_end = voicing.last_voiced
        if self.phase is Phase.HEARING:
            if end - self._began < self._limits.longest:
                return []
            self._overlong = True
            return self._commit(voicing, end, "longest turn")
        self.phase = Phase.HEARING
        self.revision += 1
        self._completeness = None
        return [Resume(self.turn, self.revision)]

    def _pause(self, voicing: Voicing, end: int) -> list[Action]:
        silence = end - self._voice_end
        if self.phase is Phase.COMMITTED or silence < self._policy.read:
            return []
        actions: list[Action] = []
        if self.phase is Phase.HEARING:
            self.phase = Phase.PAUSED
            self._probed = False
            actions.append(Read(self.turn, self.revision, end, self._voice_end))
        if not self._probed and silence >= self._policy.probe:
            self._probed = True
            actions.append(Probe(self.turn, self.revision, end))
        due = endpoint(self._policy, self._completeness)
        if silence < due.wait:
            return actions
        if voicing.voiced < self._limits.least_voice:
            return self._dismiss()
        return [*actions, *self._commit(voicing, end, due.reason)]

    def _commit(self, voicing: Voicing, end: int, reason: str) -> list[Action]:
        self.phase = Phase.COMMITTED
        return [Commit(self.turn, self.revision, end, self._voice_end, reason, voicing.sure / voicing.voiced)]

    def _dismiss(self) -> list[Action]:
        dismissed = Dismiss(self.turn)
        self.turn -= 1
        self.revision += 1
        self._listen()
        return [dismissed]
