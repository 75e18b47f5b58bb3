"""Voice and words together: one judgement, how sure it is, and how far the two are apart.

A pure function. Valence and category come mostly from the words, arousal mostly from the voice: that is where each of
them is reliable (Schuller 2018, Communications of the ACM 61). Where the two contradict each other ("I'm fine" in a
flat, low voice) that *is* the finding: it is returned as `disagreement`, and lowers the confidence in any name for it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from companion.events import EMOTIONS, Affect, AffectReading

SURE = 0.45
"""Confidence below which the emotion is called neutral: three times chance for seven, and more often right than not
against any single other name."""

VALENCE_OF_WORDS = 0.75
"""Share of the words in the valence, where both are equally sure."""

AROUSAL_OF_VOICE = 0.8
"""Share of the voice in the arousal, where both are equally sure."""

VOICE_WEIGHT = 0.5
"""Of the voice's log-probabilities against 1 for the words': tone fitted on actors names feelings of strangers with an
average recall of 0.3-0.6, so it may tip a balance and not overturn clear words."""

VOICE_ALONE = 0.4
"""What remains of the voice's confidence where no words bear it out: less than `SURE`, so that a tone, a cough or a
noise alone is never given a name."""

_APART = 1.0  # difference of valence at which voice and words contradict each other entirely; half of it is none
_BRIGHT = 0.2  # valence of words that claim to be well; "I'm fine" reads as much
_FLAT_AT = -0.5  # standard deviations below the usual, where a voice begins to sound flat
_FLATNESS = ("pitch", "pitch_range", "energy", "rate")
_LEAST = 1e-3  # of a probability, so that one source alone can not rule a name out


def fuse(voice: AffectReading | None, words: AffectReading | None, relative: Mapping[str, float]) -> Affect:
    """What was heard in a turn.

    `relative`: the voice's measures against the owner's own baseline, in standard deviations; `pitch`, `pitch_range`,
    `energy` and `rate` are used where they are given. No source, or none with any confidence: neutral, confidence 0.
    """
    valence_v, arousal_v, sure_v = _values(voice)
    valence_w, arousal_w, sure_w = _values(words)
    apart = disagreement(voice, words, relative)
    scores = _scores(voice, words)
    confidence = _confidence(voice, words, scores) * (1 - apart / 2)
    likeliest = max(scores, key=scores.__getitem__)
    return Affect(
        valence=_mean((valence_v, (1 - VALENCE_OF_WORDS) * sure_v), (valence_w, VALENCE_OF_WORDS * sure_w)),
        arousal=_mean((arousal_v, AROUSAL_OF_VOICE * sure_v), (arousal_w, (1 - AROUSAL_OF_VOICE) * sure_w)),
        emotion=likeliest if confidence >= SURE else "neutral",
        scores=scores,
        confidence=confidence,
        voice=voice,
        words=words,
        relative=dict(relative),
        disagreement=apart,
    )


def disagreement(voice: AffectReading | None, words: AffectReading | None, relative: Mapping[str, float]) -> float:
    """How far voice and words are apart, 0…1.

    The larger of two findings: the difference in valence, as far as the less sure of the two can be believed; and words
    that claim to be well in a voice that is lower, narrower, softer and slower than usual.
    """
    if voice is None or words is None or not words.confidence:
        return 0.0
    contrary = min(1.0, max(0.0, 2 * abs(voice.valence - words.valence) / _APART - 1))
    contrary *= min(voice.confidence, words.confidence)
    return max(contrary, flatness(relative) if words.valence >= _BRIGHT else 0.0)


def flatness(relative: Mapping[str, float]) -> float:
    """How flat the voice is against the owner's usual: 0 (not at all) … 1 (two deviations down in all measures)."""
    known = [relative[name] for name in _FLATNESS if name in relative]
    if not known:
        return 0.0
    return min(1.0, max(0.0, (_FLAT_AT - sum(known) / len(known)) / (2 + _FLAT_AT)))


def _values(reading: AffectReading | None) -> tuple[float, float, float]:
    return (reading.valence, reading.arousal, reading.confidence) if reading else (0.0, 0.0, 0.0)


def _mean(*weighted: tuple[float, float]) -> float:
    """The mean of (value, weight); 0 where nothing has weight."""
    whole = sum(weight for _, weight in weighted)
    return sum(value * weight for value, weight in weighted) / whole if whole else 0.0


def _scores(voice: AffectReading | None, words: AffectReading | None) -> dict[str, float]:
    """A product of experts: each source's probabilities to the power of its weight, made to sum to 1 (Hinton 2002)."""
    sources = [
        (reading.scores, weight)
        for reading, weight in ((voice, VOICE_WEIGHT), (words, 1.0))
        if reading and reading.confidence
    ]
    if not sources:
        return {name: float(name == "neutral") for name in EMOTIONS}
    raised = {
        name: math.exp(sum(weight * math.log(max(scores[name], _LEAST)) for scores, weight in sources))
        for name in EMOTIONS
    }
    whole = sum(raised.values())
    return {name: value / whole for name, value in raised.items()}


def _confidence(voice: AffectReading | None, words: AffectReading | None, scores: dict[str, float]) -> float:
    """The chance that a listener would say the same.

    Of the words alone, theirs; of the voice alone, `VOICE_ALONE` of its own. With both, the fused probability of the
    likeliest name, and no more than what the sources make of it were they independent: sources that say the same make
    one another surer, a source without confidence adds nothing.
    """
    sure_voice = VOICE_ALONE * voice.confidence if voice else 0.0
    sure_words = words.confidence if words else 0.0
    if not sure_words:
        return sure_voice
    both = 1 - (1 - sure_voice) * (1 - sure_words)
    return min(max(scores.values()), both) if sure_voice else sure_words
