"""Acted recordings as a head sees them: measured once, and set against a baseline that each speaker builds up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from companion.affect.baseline import Baseline
from companion.affect.pooling import Pooling
from companion.affect.voice import VALUES, VoiceMeter
from companion.apps.recordings import Recording, read_sound
from companion.events import Samples

Floats = NDArray[np.float32]
Names = NDArray[np.str_]

_TONES = {
    "happiness": "happy", "joy": "happy", "sadness": "sad", "anger": "angry", "fear": "afraid", "fearful": "afraid",
    "disgust": "disgusted", "surprise": "surprised", "boredom": "bored",
}  # fmt: skip
_HIGH = ("angry", "happy", "afraid", "surprised")
_LOW = ("sad", "neutral", "bored", "calm")
TONES = (*_HIGH, *_LOW, "disgusted")
"""What the corpora ask their actors for, under one name each."""

EMOTION_SETS = ("emotion-en-ravdess", "emotion-de-emodb", "emotion-ko")
"""The corpora that the shipped weights are fitted on."""

_FOLDS = 4

Spoil = Callable[[Samples, np.random.Generator], Samples]


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """n utterances: `values` (n, 1415) as measured, `tones` and `speakers` (n,) by name."""

    name: str
    language: str
    values: Floats
    tones: Names
    speakers: Names

    def select(self, wanted: NDArray[np.bool_]) -> Corpus:
        """The utterances of a mask (n,)."""
        return Corpus(self.name, self.language, self.values[wanted], self.tones[wanted], self.speakers[wanted])


def tone(recording: Recording) -> str:
    """Which of `TONES` was asked for; empty for none of them."""
    name = _TONES.get(recording.emotion, recording.emotion)
    return name if name in TONES else ""


def folds(speakers: Sequence[str]) -> list[list[str]]:
    """Speakers in four parts, the same ones every time."""
    return [sorted(speakers)[part::_FOLDS] for part in range(_FOLDS)]


def speaker(recording: Recording) -> str:
    """Who speaks, under a name of their own in all sets."""
    return f"{recording.set}/{recording.speaker}"


def measure(
    recordings: Sequence[Recording], meter: VoiceMeter, spoil: Spoil, *networks: Callable[[str], Pooling]
) -> list[Corpus]:
    """The recordings of one set, each through `spoil`, which gets the same random numbers every time.

    `networks`: each says which one hears a speaker, and each gives a corpus. What is silent counts as never measured:
    all its values are NaN.
    """
    nothing = np.full(VALUES, np.nan, np.float32)
    rows: list[list[Floats]] = [[] for _ in networks]
    for number, recording in enumerate(recordings):
        sound = spoil(read_sound(recording.path), np.random.default_rng(number))
        features = meter.measure_by(sound, [network(speaker(recording)) for network in networks])
        for index, own in enumerate(rows):
            own.append(features[index].values() if features else nothing)
    first = recordings[0]
    tones, speakers = np.array([tone(r) for r in recordings]), np.array([speaker(r) for r in recordings])
    return [Corpus(first.set, first.language, np.array(own), tones, speakers) for own in rows]


def prior(corpora: Sequence[Corpus]) -> Baseline:
    """The usual of nobody in particular: the mean of the speakers' means, and of their variances."""
    means, variances = [], []
    for corpus in corpora:
        for speaker in np.unique(corpus.speakers):
            own = corpus.values[corpus.speakers == speaker]
            means.append(np.nanmean(own, axis=0))
            variances.append(np.nanvar(own, axis=0))
    return Baseline(0, np.mean(means, axis=0), np.mean(variances, axis=0))


def relative(corpus: Corpus, start: Baseline, seed: int = 0) -> Floats:
    """(n, 1415): each utterance against the baseline that its speaker's earlier ones have made of `start`.

    Earlier in an order drawn from `seed`, for corpora are sorted by emotion and days are not.
    """
    result = np.empty_like(corpus.values)
    random = np.random.default_rng(seed)
    for speaker in np.unique(corpus.speakers):
        baseline = start
        for index in random.permutation(np.flatnonzero(corpus.speakers == speaker)):
            result[index] = baseline.relative(corpus.values[index])
            baseline = baseline.after(corpus.values[index])
    return result


def aroused(corpus: Corpus) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which utterances were acted with high arousal, and of which it is known: two masks (n,). Disgust may be both."""
    return np.isin(corpus.tones, _HIGH), np.isin(corpus.tones, _HIGH + _LOW)
