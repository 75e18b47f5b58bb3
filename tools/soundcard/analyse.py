"""From the recordings of a scene to what happened in each of its steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from companion.apps.scoring import ErrorRate, errors
from companion.events import Samples, WorkedAhead
from companion.settings import Language
from tools.soundcard import alone, measure
from tools.soundcard.card import RATE
from tools.soundcard.sounds import Sound
from tools.soundcard.stage import ANSWER_S, Performance, Spoken, Take
from tools.soundcard.talk import Told

YIELD_S = 0.7
"""Seconds within which a reply that yields must be silent, where the interruption is shorter than that."""

STILL_S = 0.2
"""So long before the end of that the speaker must be silent: the reply has yielded, and does not draw breath."""

EARLY_S = 0.05
"""A reply may be told to begin so much later than its first sample is at the speaker."""

RESUME_S = 2.0
"""Seconds after a passing sound within which the reply must go on."""

NOD_BEGINS_S, NOD_STILL_S, NOD_LASTS_S = 0.3, 0.15, 1.0
"""A backchannel of ours begins so soon after it is told, ends where it is silent for so long, and is no longer than
that. It is no answer, and cuts in on nobody."""

NEAR_S = 0.5
"""A turn belongs to the sound in which it begins, give or take this: a voice is noticed late, and has a pre-roll."""

Outcome = Literal["yielded", "not yielded", "resumed", "not resumed", "reply was over", "not heard"]


@dataclass(frozen=True, slots=True)
class Interjection:
    """What a sound into the reply led to.

    `barge_in_ms`: from its first sample at the microphone to the last of the reply at the speaker. `from_voice_ms`: the
    same, from where a voice can be told in the recording by itself (`alone.voice_at`). `silence_ms`: the
    longest silence of the reply from the sound until `RESUME_S` after it. `repeated_ms`: what was said again after that
    silence. `answer_ms`: from its last sample to the first of what we say next. None: does not apply.
    """

    name: str
    kind: str
    outcome: Outcome
    barge_in_ms: float | None = None
    from_voice_ms: float | None = None
    silence_ms: float | None = None
    repeated_ms: float | None = None
    answer_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What a step led to. `gap_ms`: last sample of the owner → first at the speaker; None where the turn was missed.

    `told_gap_ms`: the same as the program tells it. `led`: it opened with a lead. `stumbled_ms`: how much longer
    than its recording the opening took on the card; other than 0 where the machine was too busy to play it. `cut_in`:
    an answer sounded before the owner's end; `nodded`: a backchannel of ours did first. `memory_mb`: what the program
    held once the step was over. `ahead`: what was done before the turn was over.
    """

    opening: str
    gap_ms: float | None
    told_gap_ms: float | None
    led: bool
    ahead: WorkedAhead | None
    stages: dict[str, float | None]
    cut_in: bool
    nodded: bool
    stumbled_ms: float
    cpu_s: float
    memory_mb: float
    interjection: Interjection | None = None
    noticed_s: float | None = None
    back_s: float | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What a scene led to.

    `alignment_ms`: how far apart a click into both channels came, at the begin and at the end. `own_turns`,
    `own_holds`, `own_stops`: turns, pauses and ends of a reply without a cause of the scene. `plain` and `over`: errors
    in the words of openings, and of sentences that were said into a reply; `alone`: in the recordings of the latter by
    themselves, which are harder than the openings. `spoken_s`: how long we spoke. `idle`: the share of one core that
    listening to a quiet room takes. `toned`: turns of which it was known how they sounded when they were answered.
    """

    steps: list[Step]
    alignment_ms: list[float]
    own_turns: int
    own_holds: int
    own_stops: int
    plain: ErrorRate
    over: ErrorRate
    alone: ErrorRate
    spoken_s: float
    minutes: float
    idle: float
    toned: int


STAGES = ("endpoint_ms", "stt_ms", "first_token_ms", "first_clause_ms", "first_audio_ms")


class _Evidence:
    """A performance, with its sounds located and its events on the recording's clock."""

    def __init__(self, played: Performance, language: Language) -> None:
        self.played = played
        self.language = language
        self.speaker = measure.activity(played.speaker, RATE, measure.SPEAKER_DB)
        # What an event tells as `at` and `t` is on the session's clock; the event read soonest gives its begin.
        self.offset = min((one.at - one.t for one in played.events), default=0.0)
        nods = [one.record["at"] + self.offset - EARLY_S for one in played.events if one.name == "backchannel"]
        self.answers = self.speaker.without(nods, NOD_BEGINS_S, NOD_STILL_S, NOD_LASTS_S)
        self.spoken = [s for take in played.takes for s in (take.opening, take.interjection) if s is not None]
        self.heard = {id(one): self._locate(one) for one in self.spoken}
        self.turns = self._turns()

    def _locate(self, one: Spoken) -> tuple[float, float] | None:
        return measure.locate(self.played.microphone, one.sound.samples, RATE, one.start, one.until)

    def _turns(self) -> list[tuple[float, str]]:
        """When each turn that was answered began, on the recording's clock, and its words."""
        begun: dict[int, float] = {}
        turns = []
        for one in self.played.events:
            if one.name == "speech.started":
                begun[one.turn] = one.record["at"] + self.offset
            elif one.name == "transcript.final":
                turns.append((begun.get(one.turn, one.t + self.offset), one.record["text"]))
        return turns

    def caused(self, at: float, after: float = NEAR_S) -> bool:
        """Whether what happened at `at` had a cause: a sound of the scene, or trouble, now or `after` seconds ago."""
        troubles = [(take.hung, take.returned) for take in self.played.takes if take.hung and take.returned]
        causes = [*filter(None, self.heard.values()), *troubles]
        return any(begin - NEAR_S <= at <= end + after for begin, end in causes)

    def words(self, one: Spoken | None) -> ErrorRate:
        """The errors in what was understood of a sentence."""
        if one is None or (heard := self._sentence(one)) is None:
            return ErrorRate(0, 0)
        said = " ".join(text for at, text in self.turns if heard[0] - NEAR_S <= at <= heard[1])
        return self._errors(one, said)

    def words_alone(self, one: Spoken | None, read: Callable[[Samples], str]) -> ErrorRate:
        """The errors in what is understood of its recording."""
        if one is None or self._sentence(one) is None:
            return ErrorRate(0, 0)
        return self._errors(one, read(one.sound.samples))

    def _sentence(self, one: Spoken) -> tuple[float, float] | None:
        """When it was heard, if it is a sentence, and was."""
        return self.heard[id(one)] if one.sound.kind == "sentence" else None

    def _errors(self, one: Spoken, said: str) -> ErrorRate:
        return errors(one.sound.text, said, self.language)

    def within(self, name: str, start: float, until: float) -> list[Told]:
        """The events of this name that were read in `start`…`until`."""
        return [one for one in self.played.events if one.name == name and start <= one.at <= until]


def analyse(played: Performance, language: Language, read: Callable[[Samples], str]) -> Found:
    """Measure every step of a scene. `read`: what the recogniser makes of sound at the card's rate."""
    seen = _Evidence(played, language)
    clicks = [measure.clicks(channel, RATE) for channel in (played.speaker, played.microphone)]
    ends = [(one[0], one[-1]) for one in clicks if one]
    plain = over = alone = ErrorRate(0, 0)
    for take in played.takes:
        plain += seen.words(take.opening)
        over += seen.words(take.interjection)
        alone += seen.words_alone(take.interjection, read)
    ours = seen.speaker.windows
    return Found(
        steps=[_step(take, seen) for take in played.takes],
        alignment_ms=[round((a - b) * 1000, 3) for a, b in zip(*ends, strict=True)] if len(ends) == 2 else [],
        own_turns=sum(not seen.caused(at) for at, _ in seen.turns),
        own_holds=sum(
            not seen.caused(one.record["at"] + seen.offset) for one in played.events if one.name == "barge_in"
        ),
        own_stops=sum(
            not seen.caused(one.t + seen.offset, after=2.0)
            for one in played.events
            if one.name == "reply.ended" and one.record["interrupted"]
        ),
        plain=plain,
        over=over,
        alone=alone,
        spoken_s=round(float(ours.sum()) * measure.WINDOW_S, 1),
        minutes=round(len(played.speaker) / RATE / 60, 2),
        idle=round(played.idle, 3),
        toned=sum(one.record["voice"] is not None for one in played.events if one.name == "affect"),
    )


def _step(take: Take, seen: _Evidence) -> Step:
    heard = seen.heard[id(take.opening)]
    voice = take.opening.sound
    begin, end = heard or (take.opening.start, take.opening.until)
    nominal = measure.span(voice.samples, RATE)
    until = min(end + ANSWER_S, take.interjection.start if take.interjection else take.end)
    early, answer = seen.answers.first(begin, end), seen.answers.first(end, until)
    latency = next(iter(seen.within("turn.latency", take.begin, take.end)), None)
    done = next(iter(seen.within("turn.ahead", take.begin, take.end)), None)
    troubles = seen.within("error", take.hung or 0.0, take.end) if take.hung is not None else []
    back = [one.at for one in troubles if take.returned is not None and one.at >= take.returned]
    return Step(
        opening=voice.name,
        gap_ms=None if answer is None else _ms(answer - end),
        told_gap_ms=None if latency is None else latency.record["gap_ms"],
        led=latency is not None and bool(latency.record["led"]),
        ahead=None if done is None else WorkedAhead(*(done.record[key] for key in ("begun", "kept", "unread"))),
        stages={stage: latency.record[stage] if latency is not None else None for stage in STAGES},
        cut_in=early is not None,
        nodded=seen.speaker.first(begin, end) != early,
        stumbled_ms=_ms(end - begin - (nominal[1] - nominal[0])),
        cpu_s=round(take.cpu_s, 2),
        memory_mb=round(take.memory_mb),
        interjection=_interjection(take.interjection, take, seen) if take.interjection is not None else None,
        noticed_s=round(troubles[0].at - take.hung, 2) if troubles and take.hung is not None else None,
        back_s=round(back[-1] - take.returned, 2) if back and take.returned is not None else None,
    )


def _interjection(one: Spoken, take: Take, seen: _Evidence) -> Interjection:
    heard = seen.heard[id(one)]
    if heard is None:
        return Interjection(one.sound.name, one.sound.kind, "not heard")
    begin, end = heard
    ended = next(iter(seen.within("reply.ended", take.opening.until, take.end)), None)
    by_itself = ended.t + seen.offset if ended is not None and not ended.record["interrupted"] else None
    if one.sound.passing:
        return _passing(one, heard, by_itself, ended is not None, seen)
    until = max(end, begin + YIELD_S)
    answers = [told.record["at"] + seen.offset for told in seen.within("reply.started", begin, until)]
    until = min([until, *(at - EARLY_S for at in answers)])  # what we answer to it is no part of what it stopped
    if by_itself is not None and by_itself < until:
        return Interjection(one.sound.name, one.sound.kind, "reply was over")
    last = seen.speaker.last(begin, until)
    answer = seen.speaker.first(end, min(end + ANSWER_S, take.end))  # a stop word has none
    if last is not None and last > until - STILL_S:
        return Interjection(one.sound.name, one.sound.kind, "not yielded")
    return Interjection(
        one.sound.name,
        one.sound.kind,
        "yielded",
        barge_in_ms=0.0 if last is None else _ms(last - begin),
        from_voice_ms=0.0 if last is None else _ms(max(0.0, last - begin - _unvoiced(one.sound))),
        answer_ms=None if answer is None else _ms(answer - end),
    )


def _unvoiced(sound: Sound) -> float:
    """Seconds from the first sample of `sound` to where a voice can be told in it."""
    voice = alone.voice_at(sound.samples)
    return 0.0 if voice is None else max(0.0, voice - measure.span(sound.samples, RATE)[0])


def _passing(
    one: Spoken, heard: tuple[float, float], by_itself: float | None, ended: bool, seen: _Evidence
) -> Interjection:
    """The reply must end by itself, some time after the sound."""
    begin, end = heard
    if by_itself is not None and by_itself < end + 0.3:
        return Interjection(one.sound.name, one.sound.kind, "reply was over")
    until = min(end + RESUME_S, by_itself) if by_itself is not None else end + RESUME_S
    pause = seen.speaker.pause(begin, until)
    goes_on = seen.speaker.first(end, end + RESUME_S) is not None
    return Interjection(
        one.sound.name,
        one.sound.kind,
        "resumed" if goes_on and ended and by_itself is not None else "not resumed",
        silence_ms=_ms(pause[1] - pause[0]),
        repeated_ms=_ms(measure.repeated(seen.played.speaker, RATE, pause)),
    )


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
