"""Is the turn over? Smart Turn, the words, the turn's length and the owner's pauses together, as one probability.

A logistic combination gives the odds that the turn goes on; the longer the silence, the fewer of the owner's pauses
outlast it. The turn is over once the odds that it goes on have fallen to the risk that is accepted (the threshold
rule of Raux & Eskenazi 2009, A finite-state turn-taking model for spoken dialog systems, NAACL). The coefficients come
from 642 silences of 58 speakers, English and Korean, read and talked, fitted by logistic regression with and without
the words (`tools/fit_endpoint.py`). Pitch (its level, slope and fall over the last 300 ms) was fitted with them and
improved nothing on speakers left out: Smart Turn hears it. Hesitations and numbers are not in such data; they count
like words that are unfinished.

Measured by `companion bench latency --data`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from companion.events import samples
from companion.turns.pauses import PRIOR, Pauses
from companion.turns.words_end import Ending

if TYPE_CHECKING:
    from companion.settings import Patience


@dataclass(frozen=True, slots=True)
class EndpointPolicy:
    """How patient it is. Times in samples of silence.

    The words are read after `read` already, two windows without voice, by when the voice has been over for some 0.13 s:
    later, the recogniser hears no better (54 words in error of 933, and 134 Korean syllables of 1,486; 59 and 135 after
    0.128 s, 56 and 132 after 0.16), and it is asked 7 to 12 % more often than after 0.128 s. With `fading` they are
    read as soon as the voice fades (`companion.turns.speech`), before the silence begins, and where it `hurries` they
    are on a machine that reads slowly (`fitted`). Smart Turn is asked after `probe`. It might be asked as soon as the
    words are (`companion.audio.smart_turn`), which costs a little: in read English without a room's noise a sound of
    ours would then fall into 10 of 110 utterances instead of 8, with that noise into 12 instead of 11. It looks at the
    last `span` of the turn.

    No turn is answered before `shortest`, but `sooner` by so much one that ends as whole sentences do: Smart Turn is
    `sure`, a language model that reads along finds a probability of exp(`whole`) and more that its sentence ends, and
    nothing is known of this owner that asks for patience. An owner who pauses for long in many turns is not answered
    before `lingering`. A turn that Smart Turn is `sure` of, as it is of two thirds of the ends of read English and of
    one in three of the pauses within it, or `nearly` sure where its sentence is whole, is answered after `shortest`,
    where its words end in a comma after `comma`, or as much later as the owner pauses longer than others; unless the
    language model finds that its sentence ends with a probability of less than exp(`ends`). Where all cues together
    make it less than `likely` that the turn is over, it is answered after `doubted`. Other turns are answered once the
    odds of cutting in are `risk`, or `asked` where the words ask for more, at the latest after `longest`; where the
    probability that the turn is over is less than `unfinished`, after `timeout`. What the language model finds is
    waited for no longer than `parsed`; the words themselves, without which nothing can be answered, until `longest`, or
    `words` where that is longer (`fitted`).

    `shortest` (seven windows, by when all cues are there) may be as short, and `risk` as high, as they are because most
    answers open with a few words that leave the floor to the owner: who goes on over them has not been cut short, and
    is answered to all that was said. With 0.25 s and a risk of 0.25, on the same 643 silences, the reply comes 26 ms
    later (p50) and 190 (p95) in read English; a sound of ours falls into 10 % of the utterances instead of 17, more
    than a lead into 1 % instead of 2.
    """

    read: int = samples(0.064)
    probe: int = samples(0.16)
    shortest: int = samples(0.224)
    sooner: int = 0
    comma: int = samples(0.416)
    longest: int = samples(1.2)
    timeout: int = samples(1.8)
    risk: float = 0.6
    asked: float = 0.25
    unfinished: float = 0.18
    sure: float = 0.9
    nearly: float = 0.8
    ends: float = -2.5
    whole: float = -1.4
    likely: float = 0.0
    doubted: int = samples(0.288)
    parsed: int = samples(0.416)
    words: int = 0
    fading: bool = False
    lingering: int = 0
    span: int = samples(8.0)
    hurries: bool = False

    @property
    def soonest(self) -> int:
        """Before this no turn is answered."""
        return self.shortest - self.sooner


PARSED = EndpointPolicy(
    read=samples(0.032),
    probe=samples(0.096),
    sooner=samples(0.064),
    longest=samples(0.64),
    lingering=samples(0.448),
    risk=0.05,
    unfinished=0.13,
    likely=0.4,
    hurries=True,
)
"""Where a language model reads along.

Smart Turn is sure of three pauses in ten within read English, the language model of other ones: with both, a sound of
ours falls into 8 of 110 utterances instead of 19, as soon after the end as without (314 ms p50, 730 p95 instead of 792;
on virtual time and on the recordings that this was chosen on). What is whole besides is answered a little sooner, and
where Smart Turn is nearly sure at once: by 31 ms (mean), in a room with noise by 29, and a sound of ours falls into as
many. What they are not both sure of mostly waits for `longest`. The words are read a window sooner, so that all cues
are there in time: of 1,432 words before an end 123 are wrong then, and 124 a window later.
"""

SHORT = replace(
    PARSED,
    probe=samples(0.032),
    shortest=samples(0.096),
    sooner=0,
    risk=0.2,
    ends=-3.5,
    likely=0.3,
    sure=0.8,
    fading=True,
    lingering=0,
    span=samples(3.0),
)
"""For whom an answer cannot come soon enough: all is asked at once, and what surely sounds complete, and may be a whole
sentence, is answered as soon as that is known, for which Smart Turn looks at less. A sound of ours falls into 23 of the
same utterances (with the noise of a room as well), more than a lead into 2.
"""


_LATE, _LATEST = samples(0.7), samples(1.2)
"""`shortest` and `longest` for whom it is to wait as long as it can."""


def policy_of(patience: Patience, *, parses: bool) -> EndpointPolicy:
    """For an owner who wants it to wait so long in pauses; `parses`: whether a language model reads along."""
    usual = PARSED if parses else EndpointPolicy()
    if patience == "long":
        return replace(usual, shortest=_LATE, sooner=0, longest=_LATEST, risk=min(usual.risk, 0.15), hurries=False)
    return SHORT if patience == "short" and parses else usual


def eased(policy: EndpointPolicy, pauses: Pauses) -> EndpointPolicy:
    """`policy` for this owner: nearer to all the time that there is to give, the oftener they need it.

    Whom we cut in on lately is given more time for all turns; who pauses for long in many turns, more where it is not
    sure that the turn is over, and a little more where it is: until half of all people's pauses are over (`PRIOR`). Not
    in Korean, where the words' endings tell. Who hardly pauses is answered as soon as ever.

    On virtual time a sound of ours falls into 4 of 110 utterances of read English (6 if only its cut-ins are learned
    from, 7 if nothing is), and the answers come after 358 ms (338, 323; p50); of the 16 of them that are in the bench's
    table of pauses, into 1 (4, 6), and after 1,145 ms (865, 736; mean).
    """
    cut_in_on, lingering = pauses.cut_in_on, pauses.lingering
    if not (cut_in_on or lingering):
        return policy
    late = round(cut_in_on * max(0, _LATE - policy.shortest))
    lingers = round(lingering * max(0, policy.lingering - policy.shortest))
    return replace(
        policy,
        shortest=policy.shortest + max(late, lingers),
        sooner=0,
        longest=policy.longest + round(max(cut_in_on, lingering) * max(0, _LATEST - policy.longest)),
    )


_SLOWER = 1.5
"""A reading may take so much longer than the one that was timed: of a longer turn, or beside other work."""

_PARSING_S = 0.2
"""From the words to whether they are a sentence."""

_IN_VAIN_S = 0.4
"""A reading that was begun because the voice faded for a moment keeps the next one waiting for no longer than this."""

_LATER_S = 0.032
"""Beside words that are read slowly Smart Turn takes twice as long; a window later they hinder each other less. Asked
with them it is answered after them, or keeps them waiting: 585 ms of gap instead of 451 (p50, n = 40 each)."""


def fitted(policy: EndpointPolicy, reading_s: float, judging_s: float) -> EndpointPolicy:
    """`policy` for a machine that takes so many seconds to read three seconds of speech, and to judge their sound.

    Smart Turn is asked as much sooner as its answer takes, to be there when the first turns may be answered. Where the
    words come late, what they say is waited for all the same: a turn that is taken to be over before they are there
    cannot be answered any sooner, and is taken back more often. If they come only a little late, they are asked for as
    soon as the voice fades, where the policy `hurries`, and Smart Turn two windows into the silence. Two cores of a PC
    with VNNI are quick enough as it is.
    """
    probe = max(policy.read, policy.shortest - samples(_SLOWER * judging_s))
    policy = replace(policy, probe=min(policy.probe, probe))
    there = policy.read + samples(_SLOWER * reading_s)
    parsed = there + samples(_PARSING_S)
    if parsed <= policy.parsed:
        return policy
    policy = replace(policy, parsed=parsed, words=max(policy.longest, 2 * there))
    if reading_s > _IN_VAIN_S or not policy.hurries:
        return policy
    return replace(policy, fading=True, probe=policy.read + samples(_LATER_S))


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`wait`: samples of silence after which the turn is over. `reason`: for the reader of a log."""

    wait: int
    reason: str


_CERTAIN = 0.98
"""Smart Turn is never believed more than this, nor its opposite."""

GOES_ON: frozenset[Ending | None] = frozenset({"unfinished", "number", "hesitation"})
"""Words that ask for more."""

_COMMON = -2.3
"""`Cues.ends` where it says neither."""

_LEAST = -8.0
"""`Cues.ends` is never believed to be less."""

_WORDS = {"closed": 1.66, "open": 0.0, "comma": 0.0, **dict.fromkeys(GOES_ON, -2.02)}


@dataclass(frozen=True, slots=True)
class Cues:
    """What is known in a pause; None: not yet. `completeness`: Smart Turn's, 0…1. `spoken`: seconds since the turn
    began, pauses included. `ending`: of the words up to the pause. `ends`: natural logarithm of the probability that a
    sentence ends with them, where a language model reads along."""

    spoken: float
    completeness: float | None = None
    ending: Ending | None = None
    ends: float | None = None


def sound_of(completeness: float | None) -> float:
    """Smart Turn's answer as log-odds, which the coefficient counts; 0 where it is not known."""
    sure = min(_CERTAIN, max(1 - _CERTAIN, completeness if completeness is not None else 0.5))
    return math.log(sure / (1 - sure))


def length_of(spoken: float) -> float:
    """The length of a turn in seconds, as the coefficient counts it.

    Turns of less than 1.5 s count like those: read speech, on which this was fitted, has no short answers.
    """
    return math.log(min(10.0, max(1.5, spoken)) / 3)


def grammar_of(ends: float | None) -> float:
    """What a language model expects, as the coefficient counts it: 0 where it says neither, or is not known."""
    return max(_LEAST, ends) - _COMMON if ends is not None else 0.0


def probability(cues: Cues) -> float:
    """Probability, 0…1, that the turn is over, before its silence is counted."""
    sound, spoken = sound_of(cues.completeness), length_of(cues.spoken)
    if cues.ending is None:
        logit = -0.69 + 0.34 * sound + 1.06 * spoken
    else:
        logit = -0.78 + 0.25 * sound + 0.90 * spoken + _WORDS[cues.ending]
    return 1 / (1 + math.exp(-logit - 0.54 * grammar_of(cues.ends)))


def turn_end(cues: Cues, pauses: Pauses, policy: EndpointPolicy) -> Endpoint:
    """The silence to wait for, and what decided it. Ask again when a cue arrives."""
    policy = eased(policy, pauses)
    over, sound = probability(cues), cues.completeness or 0.0
    sure, whole = sound >= policy.sure, cues.ends is not None and cues.ends >= policy.whole
    complete = sure or (whole and sound >= policy.nearly)
    if complete and cues.ending not in GOES_ON and (cues.ends is None or cues.ends >= policy.ends):
        slower = max(1.0, pauses.median / PRIOR)
        wait = policy.soonest if sure and whole and slower == 1.0 else policy.shortest
        if over < policy.likely:
            wait = max(policy.shortest, policy.doubted)
        if cues.ending == "comma":
            wait = max(wait, policy.comma)
        return Endpoint(min(policy.longest, round(wait * slower)), "sound")
    risk = min(policy.risk, policy.asked) if cues.ending in GOES_ON else policy.risk
    wait = samples(pauses.outlasting(risk * over / (1 - over)))
    # What sounds complete and is half a sentence is not waited for to the last: one of the two is wrong.
    unfinished = cues.ending in GOES_ON or (over < policy.unfinished and not sure)
    longest = policy.timeout if unfinished else policy.longest
    reason: str = "silence" if cues.completeness is None else "sound"
    if cues.ending is not None and _WORDS[cues.ending]:
        reason = cues.ending
    return Endpoint(min(longest, max(policy.shortest, wait)), reason)
