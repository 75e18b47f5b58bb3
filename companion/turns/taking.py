"""Who has the floor: the state machine of a conversation.

It takes what was sensed (windows of voice, how complete a turn sounds, what the speaker plays) and returns what to do.
It knows no microphone, no model and no clock: time is the sample number of what it is told.

    LISTENING ──voice──▶ HEARING ──silence──▶ PAUSED ──silence lasts──▶ COMMITTED ──first sample──▶ SPEAKING
        ▲                ▲  ▲                    │                           │                       │     │
        │                │  └──────voice─────────┘◀──────────voice───────────┘                       │ last sample
        │                └──────────────────voice over ours: we hold our breath──────────────────────┘     │
        └──────────────────────────────────guard is over──────────── GUARD ◀───────────────────────────────┘

Voice after the commit but before our first sample takes the turn back: nothing was heard, so nothing was said.

Voice while we speak begins a turn of its own and holds our reply where it is. Nobody knows yet what it is: until
`give_way` or `keep_floor` decides, that turn is heard, paused and read like any other but never committed, and the
reply (`replying`) is as valid as the turn. Where our own voice would be taken for the owner's (`duplex` is False), we
do not listen while we speak, nor for a guard time after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from companion.events import samples, seconds
from companion.turns import backchannel
from companion.turns.pauses import Pauses
from companion.turns.speech import SpeechDetector, Voicing
from companion.turns.turn_end import Cues, Endpoint, EndpointPolicy, policy_of, turn_end
from companion.turns.words_end import Ending


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
    """A pause, perhaps: read what was said up to `upto`; the voice ended at `voice_end`, or fades since."""

    turn: int
    revision: int
    upto: int
    voice_end: int


@dataclass(frozen=True, slots=True)
class Probe:
    """Find out how complete the turn sounds up to `upto`; the voice ended at `voice_end`, or fades since."""

    turn: int
    revision: int
    upto: int
    voice_end: int


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
class Hold:
    """The turn that just began speaks over our reply: fall silent, and find out what it is."""

    turn: int
    revision: int


@dataclass(frozen=True, slots=True)
class Dismiss:
    """It was no speech (a click, a cough): as if nothing had happened."""

    turn: int


Action = Begin | Hold | Read | Probe | Resume | Commit | Dismiss


@dataclass(frozen=True, slots=True)
class TurnLimits:
    """`least_voice`: less voice than this is no turn ("no" takes about 200 ms). `longest`: a turn is answered at the
    latest after this. `guard`: after our own last sample, for the room and the speaker to fall silent. `over_ours`:
    voice of this length over our own, a syllable, holds our reply; `unsure`: the same where nothing is known yet of our
    own voice's echo. Once a voice was decided to be none of our business, silence of `quiet` must come before another
    can. If that was decided of less than `fragment`, a syllable with a gap behind it, and the voice then goes on for
    `persists`, it is heard all the same. All in samples.
    """

    least_voice: int = samples(0.16)
    longest: int = samples(15 * 60)
    guard: int = samples(0.2)
    over_ours: int = samples(0.096)
    unsure: int = samples(0.5)
    quiet: int = samples(0.25)
    fragment: int = samples(0.25)
    persists: int = samples(0.4)


class TurnTaking:
    """Decides when to listen and when to answer. One instance a session; see the module for its states."""

    def __init__(
        self,
        policy: EndpointPolicy | None = None,
        limits: TurnLimits | None = None,
        *,
        duplex: bool = False,
        parses: bool = False,
    ) -> None:
        """`parses`: of all words that are read, `completes` will be told."""
        self.duplex = duplex
        self.echo_known = True  # whether it is known by now how much of our voice comes back, and taken out
        self._parses = parses
        self.pauses = Pauses()  # this owner's, within turns
        self._policy = policy or policy_of("normal", parses=parses)
        self._limits = limits or TurnLimits()
        self._detector = SpeechDetector()
        self._completeness: float | None = None
        self._ending: Ending | None = None
        self._ends: float | None = None
        self._parsed = not parses  # whether it is known, or not to be had
        self._heard = 0
        self._voice_end = 0
        self._began = 0
        self._guard_until = 0
        self._voiced = 0
        self._sure = 0
        self._overlong = False
        self._probed = False
        self._ignored = False
        self._fragment = False  # what is ignored was decided on little
        self.phase = Phase.LISTENING
        self.turn = 0
        self.revision = 0
        self.replying: int | None = None  # the revision of the reply that sounds, or is held

    @property
    def voiced(self) -> bool:
        """Whether the owner is speaking right now: the last window held voice."""
        return self.phase is Phase.HEARING and self._heard == self._voice_end

    @property
    def held(self) -> bool:
        """Our reply waits for what the owner's voice over it turns out to be."""
        return self.replying is not None and self.phase is not Phase.SPEAKING

    @property
    def judged(self) -> bool:
        """How complete the turn sounds is known in this pause, and whether its words are a sentence, if ever."""
        return self._completeness is not None and self._parsed

    @property
    def voiced_for(self) -> int:
        """Samples of voice in the owner's turn so far."""
        return self._voiced

    @property
    def surely(self) -> float:
        """The share of that which surely was a voice, 0…1."""
        return self._sure / self._voiced if self._voiced else 0.0

    def nod_due(self, since_last: int | None) -> bool:
        """Whether this pause calls for a backchannel of ours; `since_last`: samples since the last one of this turn."""
        if self.phase is not Phase.PAUSED or self._ending is None or not self.duplex or self.held:
            return False
        left = self._voice_end + self._due().wait - self._heard
        return left >= backchannel.ROOM and backchannel.due(
            self._voice_end - self._began, since_last, self._completeness, self._ending
        )

    def valid(self, revision: int) -> bool:
        """Whether work begun for `revision` is still wanted."""
        return revision in (self.revision, self.replying)

    def hear(self, start: int, end: int, probability: float, level: float = 0.0) -> list[Action]:
        """A window of the microphone, samples `start`…`end`, holds voice with this probability (0…1); `level`: dBFS."""
        self._heard = end
        if self.phase is Phase.SPEAKING:
            return self._over_ours(start, end, probability, level) if self.duplex else []
        if self.phase is Phase.GUARD:
            if end < self._guard_until:
                return []
            self._listen()
        voicing = self._detector.push(start, end, probability, level)
        self._voiced, self._sure = voicing.voiced, voicing.sure
        if self.phase is Phase.LISTENING:
            return self._begin(voicing)
        if voicing.fading and self._policy.fading and self.phase is not Phase.COMMITTED and not self.held:
            return self._fade(voicing, start, end)
        if voicing.last_voiced > self._voice_end:
            return self._go_on(voicing, start, end)
        return self._pause(end)

    def judge(self, revision: int, completeness: float) -> list[Action]:
        """Smart Turn's answer to the probe of `revision`: how complete the turn sounds, 0…1."""
        if revision != self.revision or self.phase is not Phase.PAUSED:
            return []
        self._completeness = completeness
        return self._end_if_due()

    def words(self, revision: int, ending: Ending) -> list[Action]:
        """How the words end that were read for `revision`."""
        if revision != self.revision or self.phase is not Phase.PAUSED:
            return []
        self._ending = ending
        return self._end_if_due()

    def completes(self, revision: int, ends: float | None) -> list[Action]:
        """How probable (natural logarithm) it is that a sentence ends with the words of `revision`; None: unknown."""
        if revision != self.revision or self.phase is not Phase.PAUSED:
            return []
        self._ends, self._parsed = ends, True
        return self._end_if_due()

    def nothing_said(self, revision: int) -> list[Action]:
        """The committed turn holds no words, or none that can be believed."""
        if revision != self.revision or self.phase is not Phase.COMMITTED:
            return []
        return self._dismiss()

    def started_playing(self) -> None:
        """The first sample of our reply left for the speaker."""
        self.phase = Phase.SPEAKING
        self.replying = self.revision
        self._detector.reset()
        self._ignored = False

    def forget_voice(self) -> None:
        """Who is listened to has changed: a voice that had begun, and is no turn yet, is none."""
        if self.phase not in (Phase.HEARING, Phase.PAUSED):
            self._detector.reset()

    def give_way(self) -> None:
        """The voice over ours wants to be heard: the reply is void, its turn goes on like any other."""
        self.replying = None

    def keep_floor(self) -> None:
        """The voice over ours was none of our business: the reply goes on, what the voice began is void."""
        if not self.held:
            return
        self.turn -= 1
        self.revision += 1
        self.phase = Phase.SPEAKING
        self._detector.reset()
        self._ignored, self._fragment = True, self._voiced < self._limits.fragment

    def stopped_playing(self, at: int) -> None:
        """The last sample of our reply was played at sample `at`, or there was none to play."""
        if self.phase in (Phase.SPEAKING, Phase.COMMITTED):
            self._after_speaking(at)
        self.replying = None

    def abandon(self, at: int) -> None:
        """The turn cannot be answered; listen again from sample `at` on."""
        self.revision += 1
        self.replying = None
        self._after_speaking(at)

    def _after_speaking(self, at: int) -> None:
        if self.duplex and self.phase is Phase.SPEAKING:
            self.phase = Phase.LISTENING  # a voice that began over our last syllable goes on
        else:
            self.phase = Phase.GUARD
            self._guard_until = at + self._limits.guard

    def _over_ours(self, start: int, end: int, probability: float, level: float) -> list[Action]:
        """A window while we speak."""
        voicing = self._detector.push(start, end, probability, level)
        self._voiced, self._sure = voicing.voiced, voicing.sure
        if self._ignored and not (self._fragment and voicing.voiced >= self._limits.persists):
            self._ignored = end - max(voicing.last_voiced, self._voice_end) < self._limits.quiet
            if not self._ignored:
                self._detector.reset()
            return []
        self._ignored = False
        if voicing.speaking and end - voicing.last_voiced >= self._limits.quiet:
            self._detector.reset()  # too short to hold our breath for
        least = self._limits.over_ours if self.echo_known else self._limits.unsure
        if not voicing.speaking or voicing.voiced < least:
            return []
        began = self._begin(voicing)
        return [*began, Hold(self.turn, self.revision)]

    def _listen(self) -> None:
        self.phase = Phase.LISTENING
        self._detector.reset()

    def _begin(self, voicing: Voicing) -> list[Action]:
        if not voicing.speaking:
            return []
        self.phase = Phase.HEARING
        self.turn += 1
        self.revision += 1
        self._forget_cues()
        self._overlong = False
        self._began = voicing.began
        self._voice_end = voicing.last_voiced
        return [Begin(self.turn, voicing.began)]

    def _go_on(self, voicing: Voicing, start: int, end: int) -> list[Action]:
        if self._overlong:
            return []  # the turn was taken in mid-speech; the owner will be heard again after the answer
        pause = start - self._voice_end
        self._voice_end = voicing.last_voiced
        if self.phase is Phase.HEARING:
            if end - self._began < self._limits.longest or self.held:
                return []
            self._overlong = True
            return self._commit(end, "longest turn")
        self.phase = Phase.HEARING
        self.pauses = self.pauses.observe(seconds(pause))
        self.revision += 1
        self._forget_cues()
        return [Resume(self.turn, self.revision)]

    def _fade(self, voicing: Voicing, start: int, end: int) -> list[Action]:
        """Whatever there is to find out in a pause is found out meanwhile. Its silence has not begun.

        Not where our reply waits for it: the words of a pause decide then, and a soft syllable must not be one.
        """
        self._voice_end = voicing.last_voiced
        return self._find_out(end, start)

    def _pause(self, end: int) -> list[Action]:
        silence = end - self._voice_end
        if self.phase is Phase.COMMITTED or silence < self._policy.read:
            return []
        return [*self._find_out(end, self._voice_end), *self._end_if_due()]

    def _find_out(self, end: int, voice_end: int) -> list[Action]:
        """Each once a pause."""
        actions: list[Action] = []
        if self.phase is Phase.HEARING:
            self.phase = Phase.PAUSED
            self._probed = False
            actions.append(Read(self.turn, self.revision, end, voice_end))
        if not self._probed and end - voice_end >= self._policy.probe:
            self._probed = True
            actions.append(Probe(self.turn, self.revision, end, voice_end))
        return actions

    def _end_if_due(self) -> list[Action]:
        """The turn is over if it has been silent for long enough: asked with every window, and with every cue."""
        silence, due = self._heard - self._voice_end, self._due()
        unread = self._ending is None and silence < max(self._policy.longest, self._policy.words)
        unparsed = not self._parsed and silence < self._policy.parsed
        if silence < due.wait or unread or unparsed or self.held:
            return []
        if self._voiced < self._limits.least_voice:
            return self._dismiss()
        return self._commit(self._heard, due.reason)

    def _due(self) -> Endpoint:
        """What silence ends this turn, as far as is known by now."""
        spoken = seconds(self._voice_end - self._began)
        return turn_end(Cues(spoken, self._completeness, self._ending, self._ends), self.pauses, self._policy)

    def _forget_cues(self) -> None:
        self._completeness = self._ending = self._ends = None
        self._parsed = not self._parses

    def _commit(self, end: int, reason: str) -> list[Action]:
        self.phase = Phase.COMMITTED
        return [Commit(self.turn, self.revision, end, self._voice_end, reason, self.surely)]

    def _dismiss(self) -> list[Action]:
        dismissed = Dismiss(self.turn)
        self.turn -= 1
        self.revision += 1
        self._listen()
        return [dismissed]
