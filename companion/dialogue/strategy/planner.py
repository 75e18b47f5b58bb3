"""Which strategy answers a turn, and in which voice: a pure function of the moment, what was heard, and this talk.

The strategies are those of trained supporters (ESConv: Liu et al. 2021, ACL), with celebration and quiet presence. What
is hard is met with understanding before anything else; advice is for those who ask for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

Strategy = Literal[
    "question",
    "restatement",
    "reflection",
    "affirmation",
    "self-disclosure",
    "suggestion",
    "information",
    "celebration",
    "presence",
]

Tone = Literal["tense", "bright", "low", "apart"]
"""What a voice alone can say: excited and unpleasant, excited and pleasant, less lively than usual, or at odds with the
words ("I'm fine")."""

HARD: Final = frozenset({"sad", "afraid", "angry", "tired", "lonely"})
GOOD: Final = frozenset({"happy", "relieved"})
MIXED: Final = "mixed"
"""A moment of which model and words say opposite things: no feeling is named in the answer, and no joy shown."""

_FIXED: Final[Mapping[str, Strategy]] = {
    "question": "information",
    "unknown": "information",
    "me": "self-disclosure",
    "hello": "question",
    "bye": "presence",
    "thanks": "affirmation",
    "quiet": "presence",
    "little": "presence",
}
"""Moments in which one strategy is plainly due. No model names `quiet`, in which the owner would rather not talk, and
`little`, in which next to nothing was said."""

SHARE: Final = 0.35
"""No strategy takes more of a talk than this, where another fits: supporters' own most frequent one takes 0.21."""

_AGAIN: Final = 0.4
"""What it costs a strategy to have been the last one, on the scale of a preference (0…1)."""

_ORDER: Final = 0.1
"""What it costs a strategy to stand one place further back among those that fit."""

EVEN: Final = 0.5
"""The preference for what nothing is known about."""

_AROUSED: Final = 0.35
_PLEASANT: Final = 0.15
_TOLD_APART: Final = 0.4
"""Of arousal, valence and disagreement: from here on a tone is worth a word. A third of the scale is about one standard
deviation from how this owner usually sounds."""


_MAY_ASK: Final = ("information", "suggestion", "self-disclosure")
"""Strategies that come as a question as well: "How about a walk?"."""

_VOICE: Final = "the voice: "

_LIFTED: Final[Mapping[str, str]] = {"gentle": "warm", "calm": "warm"}
"""Voices for what is hard, and that in which a way out of it is spoken of."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What there is to answer. `moment`: its name in the persona. `wants_advice`: the owner asks what to do.
    `burdened`: about what weighs on them. `tone`: what the voice alone says, where the words say little.
    """

    moment: str
    wants_advice: bool = False
    burdened: bool = False
    tone: Tone | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What the reply does, first and `then`; `style`: how its first part sounds, of `tts.styles`, and `why`."""

    strategy: Strategy
    then: Strategy | None
    style: str
    why: str

    @property
    def style_then(self) -> str:
        """The voice of the second part: what comes after understanding looks ahead, and sounds like it."""
        return _LIFTED.get(self.style, self.style) if self.then == "suggestion" else self.style

    @property
    def advises(self) -> bool:
        """Whether the reply says what the owner could do."""
        return "suggestion" in (self.strategy, self.then)

    def owes_answer(self, words: str) -> bool:
        """Whether the owner asked in these `words` for something that is to be told."""
        return self.strategy == "information" and "?" in words

    @property
    def instruction(self) -> str:
        """What the model is told behind the name of the moment, as in the persona's examples; often nothing."""
        return "advise" if self.advises else ""

    @property
    def of_tone(self) -> bool:
        """Whether the reply is about how the owner sounds."""
        return self.why.startswith(_VOICE)

    @property
    def asks(self) -> bool:
        """Whether the reply may hold a question: one at most. Who is told something may be asked back."""
        return "question" in (self.strategy, self.then) or self.strategy in _MAY_ASK


def plan(
    situation: Situation,
    before: Sequence[Plan] = (),
    taste: Mapping[str, float] | None = None,
    *,
    asks: bool = True,
) -> Plan:
    """How to answer. `before`: the plans of this talk, oldest first. `taste`: how much a strategy or a style is
    preferred, 0…1, where anything is known (drawn anew for every turn, so that others get their chance). `asks`: False
    where the owner wants few questions.
    """
    taste = taste or {}
    options, why = _fitting(situation, before)
    if not asks:
        options = _without_questions(options)
    chosen = _select(options, before, taste)
    styles = _styles(situation)
    style = max(styles, key=lambda name: taste.get(name, EVEN) - _ORDER * styles.index(name))
    return Plan(*chosen, style, why)


def tone_of(valence: float, arousal: float, disagreement: float) -> Tone | None:
    """What a voice says where the words say little; all against how this owner usually sounds.

    `disagreement` is between the voice and the words; a voice that is brighter than they are needs no asking.
    """
    if disagreement >= _TOLD_APART and arousal < 0 and valence <= 0:
        return "apart"
    if arousal >= _AROUSED:
        return "bright" if valence >= _PLEASANT else "tense" if valence <= -_PLEASANT else None
    return "low" if arousal <= -_AROUSED and valence < _PLEASANT else None


TONE_EVERY: Final = 4
"""Turns between two remarks on a voice: nobody likes to be told all the time how they sound."""

_Option = tuple[Strategy, Strategy | None]
_Options = tuple[_Option, ...]

_HARD_ADVICE: Final[_Options] = (("reflection", "suggestion"), ("affirmation", "suggestion"))
_BURDENED_ADVICE: Final[_Options] = (("affirmation", "suggestion"),)
_ADVICE: Final[_Options] = (("suggestion", None),)
_FOR_TONE: Final[_Options] = (("reflection", "question"),)
_IN_HARD: Final[_Options] = (
    ("reflection", "question"),
    ("affirmation", "question"),
    ("reflection", "presence"),
    ("affirmation", "presence"),
    ("presence", None),
    ("self-disclosure", "question"),
)
_IN_GOOD: Final[_Options] = (("celebration", "question"), ("affirmation", "question"), ("celebration", None))
_IN_ORDINARY: Final[_Options] = (
    ("restatement", "question"),
    ("question", None),
    ("restatement", None),
    ("reflection", "question"),
)


def _fitting(situation: Situation, before: Sequence[Plan]) -> tuple[_Options, str]:
    """What fits, the most fitting first, and why."""
    moment = situation.moment
    understood = bool(before) and before[-1].strategy in ("reflection", "affirmation", "restatement")
    match situation:
        case Situation(wants_advice=True) if moment in HARD and not understood:
            options, why = _HARD_ADVICE, "hard, and advice is asked for"
        case Situation(wants_advice=True, burdened=True) if not understood:
            options, why = _BURDENED_ADVICE, "advice is asked for about what weighs on them"
        case Situation(wants_advice=True):
            options, why = _ADVICE, "advice is asked for"
        case Situation() if moment in HARD:
            options, why = _IN_HARD, f"a hard moment: {moment}"
        case Situation() if moment in GOOD:
            options, why = _IN_GOOD, f"a good moment: {moment}"
        case Situation(tone=str()) if not any(one.of_tone for one in before[-TONE_EVERY:]):
            options, why = _FOR_TONE, _VOICE + str(situation.tone)
        case Situation() if moment in _FIXED:
            options, why = ((_FIXED[moment], None),), f"a plain case: {moment}"
        case _:
            options, why = _IN_ORDINARY, "an ordinary moment"
    return options, why


def _without_questions(options: _Options) -> _Options:
    """The same without asking; a question stays where nothing else fits."""
    told = [(first, None if then == "question" else then) for first, then in options if first != "question"]
    return tuple(dict.fromkeys(told)) or options


def _select(options: _Options, before: Sequence[Plan], taste: Mapping[str, float]) -> _Option:
    """The best of what fits and has not had its share of this talk yet."""
    past = [one.strategy for one in before]
    fresh = [option for option in options if past.count(option[0]) + 1 <= max(1.0, SHARE * (len(past) + 1))]
    last = (before[-1].strategy, before[-1].then) if before else None

    def worth(option: _Option) -> float:
        again = _AGAIN * ((option[0] == past[-1] if past else False) + (option == last))
        return taste.get(option[0], EVEN) - again - _ORDER * options.index(option)

    return max(fresh or options, key=worth)


def _styles(situation: Situation) -> list[str]:
    """Voices that fit, the most fitting first."""
    if situation.moment in GOOD or situation.tone == "bright":
        return ["bright", "warm"]
    if situation.moment in ("sad", "tired", "lonely") or situation.tone in ("low", "apart"):
        return ["gentle", "warm", "calm"]
    if situation.moment in ("afraid", "angry") or situation.tone == "tense":
        return ["calm", "gentle", "firm"]
    if _FIXED.get(situation.moment) == "information":
        return ["neutral", "warm"]
    return ["warm", "neutral"]
