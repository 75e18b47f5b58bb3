"""Is the turn over? Smart Turn, the words, the turn's length and the owner's pauses together, as one probability.

A logistic combination gives the odds that the turn goes on; the longer the silence, the fewer of the owner's pauses
outlast it. The turn is over once the odds that it goes on have fallen to the risk that is accepted (the threshold
rule of Raux & Eskenazi 2009, A finite-state turn-taking model for spoken dialog systems, NAACL). The coefficients come
from 642 silences of 58 speakers, English and Korean, read and talked, fitted by logistic regression with and without
the words. Pitch (its level, slope and fall over the last 300 ms) was fitted with them and improved nothing on speakers
left out: Smart Turn hears it. Hesitations and numbers are not in such data; they count like words that are unfinished.

Measured by `companion bench latency --data`. The loop still asks `companion.turns.endpoint` (the row "loop" there).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from companion.events import samples
from companion.turns.endpoint import Endpoint
from companion.turns.pauses import Pauses
from companion.turns.words_end import Ending

RISK = 0.05
"""Odds of cutting in that are accepted: on read English 1 utterance in 16 was cut in on, with 0.1 it were 2."""

SHORTEST, LONGEST, TIMEOUT = samples(0.2), samples(1.2), samples(1.8)
"""Silence in samples: the least, the most, and the most after words that are surely unfinished."""

_UNFINISHED = 0.18
"""Probability that the turn is over below which `TIMEOUT` holds."""

_CERTAIN = 0.98
"""Smart Turn is never believed more than this, nor its opposite."""

_WORDS = {"closed": 1.66, "open": 0.0, "unfinished": -2.02, "number": -2.02, "hesitation": -2.02}


@dataclass(frozen=True, slots=True)
class Cues:
    """What is known in a pause; None: not yet. `completeness`: Smart Turn's, 0…1. `spoken`: seconds since the turn
    began, pauses included. `ending`: of the words up to the pause."""

    spoken: float
    completeness: float | None = None
    ending: Ending | None = None


def probability(cues: Cues) -> float:
    """Probability, 0…1, that the turn is over, before its silence is counted.

    Turns of less than 1.5 s count like those: read speech, on which this was fitted, has no short answers.
    """
    sure = min(_CERTAIN, max(1 - _CERTAIN, cues.completeness if cues.completeness is not None else 0.5))
    sound = math.log(sure / (1 - sure))
    spoken = math.log(min(10.0, max(1.5, cues.spoken)) / 3)
    if cues.ending is None:
        logit = -0.69 + 0.34 * sound + 1.06 * spoken
    else:
        logit = -0.78 + 0.25 * sound + 0.90 * spoken + _WORDS[cues.ending]
    return 1 / (1 + math.exp(-logit))


def turn_end(cues: Cues, pauses: Pauses, risk: float = RISK) -> Endpoint:
    """The silence to wait for, 200 to 1,200 ms (1,800 where surely more is coming), and what decided it.

    `risk`: accepted odds of cutting in, above 0; the smaller, the more patient. Ask again when a cue arrives.
    """
    over = probability(cues)
    wait = samples(pauses.outlasting(risk * over / (1 - over)))
    longest = TIMEOUT if over < _UNFINISHED else LONGEST
    reason = cues.ending if cues.ending not in (None, "open") else "silence" if cues.completeness is None else "sound"
    return Endpoint(min(longest, max(SHORTEST, wait)), str(reason))
