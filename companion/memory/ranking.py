"""Which past moments matter to what the owner just said: a pure ranking, nothing read and nothing stored.

How a search uses it (`candidates.gather` does the middle):

1. `cues.read_cue(text, people, periods)` takes the words apart: what to look for, who is named, which days are meant.
2. The candidates are gathered: the best by words (FTS5 with `cues.match_query`), the nearest in meaning to `cue.text`,
   those of the days named, and **the two turns before and after each** in its session, which are read as context.
3. Each becomes a `Candidate`: its place and time, who spoke, `cues.held(cue, text)`, its cosine in standard deviations.
4. `rank(cue, candidates, frequency, total, now)` gives a `Recollection`: the items, best first, each with its score and
   reasons; none where nothing is relevant enough; with a doubt where it was someone else who spoke of it.

The score is a sum in which 1 is about what doubles or halves, e-fold, the odds that a turn is the one that is meant.
Its constants are round numbers near the optimum of a listwise logistic regression on five LoCoMo conversations
(Maharana et al., ACL 2024, CC BY-NC 4.0), each fitted with one conversation left out and tested on it: 760 questions,
share of the evidence turns among the first ten. All of it reaches 0.825, words and meaning alone 0.71, BM25 0.62. The
optimum is flat: halving or doubling any one of them costs at most 0.02. What each brings is said beside it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from companion.memory.cues import Cue, Period, rarity

Floats = NDArray[np.float64]
Verdict = Literal["found", "nothing", "doubt"]

WINDOW = {-2: 0.4, -1: 0.6, 0: 1.0, 1: 0.4, 2: 0.3}
"""What a word counts for that is said so many turns from here. An answer seldom repeats its question, a story spreads
over turns: without this window and the next, 0.798."""

MEANING_WINDOW = {-1: 0.6, 0: 1.0, 1: 0.2}
"""The same for meaning: the question before (−1) tells more than the reaction after."""

WORDS = 4.5
"""Weight of the share of the cue, by rarity, that a turn and its surroundings hold (0…1)."""

MEANING = 0.5
"""Weight of a standard deviation of the cosine above unrelated text. Without it 0.786; without words 0.637."""

SPEAKER = 2.5
"""For a turn of the one person whom the cue names: "what did Mina say about…". Without it 0.793; more costs again,
since what is told to Mina is about her too."""

ASKING = -0.9
"""For a turn that ends as a question: it asks for what the cue asks for, and seldom knows."""

LENGTH = 0.2
"""For every e-fold of letters: who says more answers more. Settles ties where words are all there is: 0.775 → 0.786."""

PERIOD = 3.0
"""For a turn of the days that the cue names. Without it 0.80 of those that name one, 0.915 with it."""

TOLD_LATER_DAYS = 5.0
"""People tell of a day in the days after it: outside the period the weight falls to 1/e in so many days, and starts at
half of it before the period, when it was only planned."""

SESSION = 0.3
"""Share of its session's best turn that every turn of the session gets: what is talked of at length matters more.
Without it 0.817."""

RECENT, RECENT_DAYS = 0.2, 30.0
"""A little for what was said lately, falling to 1/e in a month. LoCoMo asks of all times alike, so this is only large
enough to order what is otherwise equal."""

FELT = 0.2
"""A little for what was said with strong feeling, of whichever kind: such moments matter more, and preferring those of
the present mood would feed a low one. Not measurable on LoCoMo."""

FLOOR, FLOOR_OF_WORDS = 1.4, 0.7
"""Words and meaning (or words alone, without vectors) of the best turn below this: nothing is recalled. Of 400
questions about other people's lives 27 % find nothing, of 200 strangers' sentences half, of the answerable ones 1 %."""

DISTINCT, DISTINCT_SHARE = 5.0, 0.65
"""Nats: a word that one turn in fifty holds, or two that one in five does; in a young memory less, a share of what a
word never said before tells."""

CLOSE = 3.0
"""Standard deviations. A cue that names nobody and no day, of which no turn holds anything distinct and to which none
is this close in meaning, is small talk: half of twenty greetings and the like are. If LoCoMo's questions named nobody
either, 3 % would be lost."""

OTHERS_WORDS = 0.25
"""If another person's turn holds so much more of the cue than any of the person it names, the memory doubts: "what is
Mina's sister called", where it was Jun who spoke of a sister. 41 % of LoCoMo's trick questions, 3.5 % of the others."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One turn, or a fact, that may be recalled.

    `session` and `turn` give its place among its neighbours; a fact has none and stands alone (`session` None).
    `person`: who spoke, "" for the owner. `held`: the terms of the cue that it holds. `meaning`: cosine with the cue in
    standard deviations above unrelated text (`standardised`), 0 where there is no vector. `letters`: how long it is.
    `asks`: ends as a question. `felt`: how strong the feeling was, 0…1.
    """

    id: int
    kind: Literal["episode", "fact"]
    session: int | None
    turn: int
    at: datetime
    person: str = ""
    held: frozenset[str] = frozenset()
    meaning: float = 0.0
    letters: int = 0
    asks: bool = False
    felt: float = 0.0


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate to recall. `score` orders the items of one recall only. `reason`: what each sign added to it.

    `itself`: its own words or meaning would do to be recalled; without that it is context of others, or of a time.
    `share`: how much of the cue its own words hold, 0…1, by rarity.
    """

    candidate: Candidate
    score: float
    reason: dict[str, float]
    itself: bool = True
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class Recollection:
    """What came to mind: `items`, best first.

    `verdict`: `found`; `nothing` is relevant, and there are no items; `doubt`: someone else than the one named seems to
    have spoken of it, so the items are not to be taken for an answer.
    """

    verdict: Verdict
    items: tuple[Ranked, ...] = ()


def rank(
    cue: Cue, candidates: Sequence[Candidate], frequency: Mapping[str, int], total: int, now: datetime, limit: int = 10
) -> Recollection:
    """The candidates that matter to the cue, best first, at most `limit`. Each candidate is given once.

    `frequency`: in how many of the `total` turns each term occurs. `now` in local time. Candidates are context for each
    other and may all be returned.
    """
    if not candidates:
        return Recollection("nothing")
    told = rarity(cue, frequency, total)
    weights = np.array([told[term] for term in cue.terms])
    holds = np.array([[term in c.held for term in cue.terms] for c in candidates], float).reshape(len(candidates), -1)
    meaning = np.array([c.meaning for c in candidates])
    speaks = _speaks(cue, candidates)
    asks = np.array([c.asks for c in candidates])

    own = _share(holds, weights)
    enough = min(DISTINCT, DISTINCT_SHARE * math.log(2 * total + 2))
    small_talk = not cue.people and not cue.periods and max(own) * weights.sum() < enough and max(meaning) < CLOSE
    verdict: Verdict = "nothing" if small_talk else _verdict(cue, own, meaning, speaks, asks)
    if not cue.terms and (cue.people or cue.periods):
        verdict = "found"  # "what did we talk about yesterday?": the day, or the person, is all that is asked for
    if verdict == "nothing":
        return Recollection("nothing")

    around = _neighbours(candidates)
    signs = {
        "words": WORDS * _share(_spread(holds, around, WINDOW), weights),
        "meaning": MEANING * _summed(meaning, around),
    }
    relevance = signs["words"] + signs["meaning"]
    signs |= {
        "speaker": SPEAKER * speaks,
        "asking": ASKING * asks,
        "length": LENGTH * np.log1p([c.letters for c in candidates]),
        "period": PERIOD * np.array([_closeness(c.at, cue.periods) for c in candidates]),
        "session": SESSION * _best_of_session(relevance, candidates),
        "recent": RECENT * np.array([math.exp(-max(_days(now - c.at), 0.0) / RECENT_DAYS) for c in candidates]),
        "felt": FELT * np.array([c.felt for c in candidates]),
    }
    score = np.sum(list(signs.values()), axis=0)
    relevant = WORDS * own + MEANING * meaning >= _floor(meaning)
    if not cue.terms:
        relevant = signs["period"] + signs["speaker"] > 0
    best = np.argsort(-score, kind="stable")[:limit]
    return Recollection(
        verdict,
        tuple(
            Ranked(
                candidates[i],
                float(score[i]),
                {name: float(sign[i]) for name, sign in signs.items() if sign[i]},
                bool(relevant[i]),
                float(own[i]),
            )
            for i in best.tolist()
        ),
    )


def _verdict(cue: Cue, own: Floats, meaning: Floats, speaks: Floats, asks: NDArray[np.bool_]) -> Verdict:
    """Whether to recall at all, by each turn's own words and meaning: what stands around it proves nothing."""
    doubt = False
    counts = np.ones(len(own), bool)
    if len(cue.people) == 1:
        theirs, others = (max(own[~asks & who], default=0.0) for who in (speaks > 0, speaks == 0))
        doubt = others - theirs > OTHERS_WORDS
        counts = counts if doubt else speaks > 0
    if max((WORDS * own + MEANING * meaning)[counts], default=0.0) < _floor(meaning):
        return "nothing"
    return "doubt" if doubt else "found"


def _floor(meaning: Floats) -> float:
    return FLOOR if meaning.any() else FLOOR_OF_WORDS


def _speaks(cue: Cue, candidates: Sequence[Candidate]) -> Floats:
    """1 for turns of the one person named. Two names tell of a relation, and prefer neither."""
    return np.array([float(len(cue.people) == 1 and c.person in cue.people) for c in candidates])


def _share(holds: Floats, weights: Floats) -> Floats:
    """The share of the cue that each row holds, by rarity: 0…1."""
    return holds @ weights / weights.sum() if weights.size else np.zeros(len(holds))


def _neighbours(candidates: Sequence[Candidate]) -> dict[int, NDArray[np.intp]]:
    """For every step of the windows, the row of the turn so many turns away; the number of rows where there is none."""
    rows: dict[tuple[int | None, int], int] = {
        (c.session, c.turn): row for row, c in enumerate(candidates) if c.session is not None
    }
    nobody = len(candidates)
    return {
        step: np.array(
            [row if step == 0 else rows.get((c.session, c.turn + step), nobody) for row, c in enumerate(candidates)]
        )
        for step in WINDOW
    }


def _spread(holds: Floats, around: Mapping[int, NDArray[np.intp]], window: Mapping[int, float]) -> Floats:
    """Every term counts once, at the place in the window where it counts most."""
    padded = np.vstack([holds, np.zeros_like(holds[:1])])
    heard: Floats = np.max([weight * padded[around[step]] for step, weight in window.items()], axis=0)
    return heard


def _summed(meaning: Floats, around: Mapping[int, NDArray[np.intp]]) -> Floats:
    padded = np.append(meaning, 0.0)
    total: Floats = np.sum([weight * padded[around[step]] for step, weight in MEANING_WINDOW.items()], axis=0)
    return total


def _closeness(at: datetime, periods: Iterable[Period]) -> float:
    """1 within a period, less before and after it, 0 where none is meant."""
    best = 0.0
    for start, end in periods:
        if start <= at < end:
            return 1.0
        gap = _days(at - end) if at >= end else _days(start - at)
        best = max(best, (1.0 if at >= end else 0.5) * math.exp(-gap / TOLD_LATER_DAYS))
    return best


def _best_of_session(relevance: Floats, candidates: Sequence[Candidate]) -> Floats:
    best: dict[int, float] = {}
    for value, c in zip(relevance.tolist(), candidates, strict=True):
        if c.session is not None:
            best[c.session] = max(best.get(c.session, value), value)
    return np.array(
        [value if c.session is None else best[c.session] for value, c in zip(relevance, candidates, strict=True)]
    )


def _days(gap: timedelta) -> float:
    return gap.total_seconds() / 86_400
