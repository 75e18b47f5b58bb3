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
from dataclasses import dataclass

from companion.events import samples
from companion.turns.pauses import PRIOR, Pauses
from companion.turns.words_end import Ending


@dataclass(frozen=True, slots=True)
class EndpointPolicy:
    """How patient it is. Times in samples of silence.

    The words are read after `read` already, two windows without voice, by when the voice has been over for some 0.13
    s: later, the recogniser hears no better (54 words in error of 933, and 134 Korean syllables of 1,486; 59 and 135
    after 0.128 s, 56 and 132 after 0.16), and it is asked 7 to 12 % more often than after 0.128 s. A pause is worth
    asking about after `probe`: people leave gaps of about 200 ms between turns, plosives inside words are shorter,
    and sooner Smart Turn is less sure of a complete turn.

    No turn is answered before `shortest`. One that Smart Turn is sure of is answered then, where its words end in a
    comma after `comma`, or as much later as the owner pauses longer than others. Other turns are answered once the odds
    of cutting in are `risk`, or `asked` where the words ask for more, at the latest after `longest`; where the words
    are surely unfinished, after `timeout`.

    `shortest` (seven windows, by when all cues are there) may be as short, and `risk` as high, as they are because most
    answers open with a few words that leave the floor to the owner: who goes on over them has not been cut short, and
    is answered to all that was said. With 0.25 s and a risk of 0.25, on the same 643 silences, the reply comes 26 ms
    later (p50) and 190 (p95) in read English; a sound of ours falls into 10 % of the utterances instead of 17, more
    than a lead into 1 % instead of 2.
    """

    read: int = samples(0.064)
    probe: int = samples(0.16)
    shortest: int = samples(0.224)
    comma: int = samples(0.416)
    longest: int = samples(1.2)
    timeout: int = samples(1.8)
    risk: float = 0.6
    asked: float = 0.25


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`wait`: samples of silence after which the turn is over. `reason`: for the reader of a log."""

    wait: int
    reason: str


_UNFINISHED = 0.18
"""Probability that the turn is over below which `timeout` holds."""

_SURE = 0.9
"""Smart Turn is sure: of 110 ends of read English 68 are, of the pauses within them one in three."""

_CERTAIN = 0.98
"""Smart Turn is never believed more than this, nor its opposite."""

GOES_ON: frozenset[Ending | None] = frozenset({"unfinished", "number", "hesitation"})
"""Words that ask for more."""

_WORDS = {"closed": 1.66, "open": 0.0, "comma": 0.0, **dict.fromkeys(GOES_ON, -2.02)}


@dataclass(frozen=True, slots=True)
class Cues:
    """What is known in a pause; None: not yet. `completeness`: Smart Turn's, 0…1. `spoken`: seconds since the turn
    began, pauses included. `ending`: of the words up to the pause."""

    spoken: float
    completeness: float | None = None
    ending: Ending | None = None


def sound_of(completeness: float | None) -> float:
    """Smart Turn's answer as log-odds, which the coefficient counts; 0 where it is not known."""
    sure = min(_CERTAIN, max(1 - _CERTAIN, completeness if completeness is not None else 0.5))
    return math.log(sure / (1 - sure))


def length_of(spoken: float) -> float:
    """The length of a turn in seconds, as the coefficient counts it.

    Turns of less than 1.5 s count like those: read speech, on which this was fitted, has no short answers.
    """
    return math.log(min(10.0, max(1.5, spoken)) / 3)


def probability(cues: Cues) -> float:
    """Probability, 0…1, that the turn is over, before its silence is counted."""
    sound, spoken = sound_of(cues.completeness), length_of(cues.spoken)
    if cues.ending is None:
        logit = -0.69 + 0.34 * sound + 1.06 * spoken
    else:
        logit = -0.78 + 0.25 * sound + 0.90 * spoken + _WORDS[cues.ending]
    return 1 / (1 + math.exp(-logit))


def turn_end(cues: Cues, pauses: Pauses, policy: EndpointPolicy) -> Endpoint:
    """The silence to wait for, and what decided it. Ask again when a cue arrives."""
    if cues.completeness is not None and cues.completeness >= _SURE and cues.ending not in GOES_ON:
        slower = max(1.0, pauses.median / PRIOR)
        wait = max(policy.shortest, policy.comma) if cues.ending == "comma" else policy.shortest
        return Endpoint(min(policy.longest, round(wait * slower)), "sound")
    over = probability(cues)
    risk = min(policy.risk, policy.asked) if cues.ending in GOES_ON else policy.risk
    wait = samples(pauses.outlasting(risk * over / (1 - over)))
    longest = policy.timeout if over < _UNFINISHED else policy.longest
    reason: str = "silence" if cues.completeness is None else "sound"
    if cues.ending is not None and _WORDS[cues.ending]:
        reason = cues.ending
    return Endpoint(min(longest, max(policy.shortest, wait)), reason)
