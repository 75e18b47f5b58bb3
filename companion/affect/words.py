"""What the words say: hashed n-grams, two small linear layers, and three rules for what n-grams cannot see.

The first layer scores every label of the language's data (28 of GoEmotions, 44 of KOTE), their groups, and the emotion
as a listener might call it, which is fitted to what happens to people as well; the second reads from those scores the
groups anew, the emotion, and valence and arousal. Fitted by
`tools/fit_words.py`; data, licences and figures in `models/affect/README.md`. NumPy alone, 0.2 ms a turn.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from companion.affect import ngrams, turns_of_phrase
from companion.events import EMOTIONS, AffectReading
from companion.settings import shipped

LANGUAGES = ("en", "ko")

FLAT_VALENCE = 0.2
"""Of "I'm fine": what the words claim."""

FLAT_CONFIDENCE = 0.3
"""Of "I'm fine": at most this, since the words alone cannot tell; below `fusion.SURE`."""

NOTHING = AffectReading(0.0, 0.0, {name: float(name == "neutral") for name in EMOTIONS}, 0.0)
"""What no words say."""

_ASKED_SHARE = 0.8  # of a question about us that is neutral: whoever asks "are you sad" says little of themselves
_LONGEST = 200  # words read, the last ones: a turn of minutes is no single feeling, and time stays bounded


class WordsModel:
    """The classifier of one language.

    `labels`, `groups`: the names it can give; `grouping`: label → group, "" where it has none. `fitted`: CRC-32 of the
    texts it was fitted on, which say nothing about how good it is. `figures`: question ("labels", "groups") → `n`,
    `classes`, `macro_f1`, measured when it was fitted, on texts it was not.
    """

    def __init__(self, language: str, arrays: dict[str, NDArray[Any]]) -> None:
        """`arrays`: what `tools/fit_words.py` saves."""
        self.language = language
        self.labels = tuple(map(str, arrays["labels"]))
        self.groups = tuple(map(str, arrays["groups"]))
        self.grouping = dict(zip(self.labels, map(str, arrays["grouping"]), strict=True))
        self.fitted = frozenset(map(int, arrays["fitted"]))
        self.figures: dict[str, dict[str, float]] = json.loads(str(arrays["figures"]))
        self.arrays = arrays

    def scores(self, text: str) -> NDArray[np.float32]:
        """The first layer: a logit for each of `labels`, `groups` and `EMOTIONS`, in this order."""
        total: NDArray[np.float32] = self.arrays["bias"].astype(np.float32)
        for block in ngrams.blocks(ngrams.words(text)[-_LONGEST:], self.language):
            if len(block):
                known = np.searchsorted(self.arrays["hashes"], block)
                known = known[self.arrays["hashes"][known % len(self.arrays["hashes"])] == block]
                counts = self.arrays["weights"][known].sum(axis=0, dtype=np.int32)
                total = total + counts * self.arrays["scale"] / np.float32(np.sqrt(len(block)))
        return total

    def label(self, text: str) -> set[str]:
        """The fine labels that hold, often none."""
        chosen = self.scores(text)[: len(self.labels)] > self.arrays["thresholds"]
        return {name for name, holds in zip(self.labels, chosen, strict=True) if holds}

    def group(self, text: str) -> set[str]:
        """The groups of labels (Ekman's seven in English, six in Korean) that hold."""
        chosen = second_layer(self.scores(text), self.arrays["to_groups"]) > self.arrays["group_thresholds"]
        return {name for name, holds in zip(self.groups, chosen, strict=True) if holds}

    def read(self, text: str) -> AffectReading:
        """What the words say of their speaker: `NOTHING` where there are none."""
        spoken = ngrams.words(text)
        if not spoken:
            return NOTHING
        first = self.scores(" ".join(turns_of_phrase.without_address(spoken, self.language)))
        scores = softmax(second_layer(first, self.arrays["to_emotions"]))
        valence, arousal = np.clip(second_layer(first, self.arrays["to_affect"]), -1, 1)
        if turns_of_phrase.only_says_fine(spoken, self.language):
            return self._reading(FLAT_VALENCE, 0.0, _towards_neutral(scores, 0.5), FLAT_CONFIDENCE)
        if turns_of_phrase.asks_of_another(spoken, self.language):
            scores = _towards_neutral(scores, _ASKED_SHARE)
            valence, arousal = (1 - _ASKED_SHARE) * valence, (1 - _ASKED_SHARE) * arousal
        strength = turns_of_phrase.strength(spoken, self.language)
        return self._reading(valence * strength, arousal * strength, scores)

    def _reading(
        self, valence: float, arousal: float, scores: NDArray[np.float32], confidence: float | None = None
    ) -> AffectReading:
        named = dict(zip(EMOTIONS, map(float, scores), strict=True))
        valence, arousal = (float(np.clip(value, -1, 1)) for value in (valence, arousal))
        return AffectReading(valence, arousal, named, float(scores.max()) if confidence is None else confidence)


@cache
def load(language: str) -> WordsModel:
    """The shipped classifier of a language; read once.

    Raises:
        KeyError: the language is none of `LANGUAGES`.
    """
    if language not in LANGUAGES:
        raise KeyError(language)
    with np.load(weights_folder() / f"words-{language}.npz") as stored:
        return WordsModel(language, dict(stored))


def read(text: str, language: str) -> AffectReading:
    """What the words say of their speaker; `NOTHING` for no words, and for a language without a classifier."""
    return load(language).read(text) if language in LANGUAGES else NOTHING


def valence(text: str, language: str) -> float:
    """How pleasant the words are, -1…1."""
    return read(text, language).valence


def weights_folder() -> Path:
    """Where the project's own weights of this room are."""
    return shipped("affect")


def second_layer(first: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logits and their probabilities, (…, n), through `weights`, (2n + 1, m), whose last row is the bias: (…, m)."""
    both = np.concatenate([first, 1 / (1 + np.exp(-first))], axis=-1)
    result: NDArray[np.float32] = both @ weights[:-1] + weights[-1]
    return result


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities along the last axis."""
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    result: NDArray[np.float32] = raised / raised.sum(axis=-1, keepdims=True)
    return result


def _towards_neutral(scores: NDArray[np.float32], share: float) -> NDArray[np.float32]:
    neutral = np.array([name == "neutral" for name in EMOTIONS], np.float32)
    return np.float32(1 - share) * scores + np.float32(share) * neutral
