"""A linear classifier over hashed n-grams, for words that no pattern foresaw.

Fitted by `tools/fit_crisis.py` on lines written for it (`tools/crisis`, `models/safety/train.csv`); what it reaches
stands in `models/safety/README.md`.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from companion.settings import Language, shipped

BUCKETS: Final = 1 << 20
"""Hash buckets: with 2^17 so many n-grams share one that ordinary talk alarms by chance more often."""
KIND_BUCKETS: Final = 1 << 17
"""Of what tells the kinds apart. A bucket there is one of `BUCKETS`, modulo these."""
WINDOW: Final = {"en": 10, "ko": 15}
"""Words or syllables of a stretch of long talk that is judged by itself."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """How far words lean towards a crisis, `score` in log-odds, and which `kind` would be the likeliest."""

    score: float
    kind: str


@dataclass(frozen=True, slots=True)
class Classifier:
    """`weights`: shape (BUCKETS,), each worth `unit` of log-odds; `threshold`: the score from which words are a crisis.

    `kinds`: the names of the kinds of crisis; `kind_weights`: shape (kinds, KIND_BUCKETS), each worth `kind_unit`;
    `kind_biases`: shape (kinds,).
    """

    language: Language
    weights: NDArray[np.int8]
    unit: float
    bias: float
    threshold: float
    kinds: Sequence[str]
    kind_weights: NDArray[np.int8]
    kind_unit: float
    kind_biases: NDArray[np.float32]

    @classmethod
    def load(cls, language: Language) -> Classifier:
        """The fitted one of `language`."""
        with np.load(shipped("safety") / f"crisis.{language}.npz") as file:
            return cls(
                language,
                file["weights"],
                float(file["unit"]),
                float(file["bias"]),
                float(file["threshold"]),
                file["kinds"].tolist(),
                file["kind_weights"],
                float(file["kind_unit"]),
                file["kind_biases"].astype(np.float32),
            )

    def judge(self, text: str) -> Judgement:
        """Of `text` in its normal form. From `threshold` on it counts as a crisis; minus infinity for no words."""
        scored = [
            (self._sum(buckets), buckets)
            for part in windows(text, self.language)
            if (buckets := hashed(part, self.language))
        ]
        score, buckets = max(scored, default=(-math.inf, []))
        found = self.kind_weights[:, np.array(buckets, dtype=np.int64) % KIND_BUCKETS].sum(axis=1, dtype=np.int32)
        scores = found * (self.kind_unit / math.sqrt(max(1, len(buckets)))) + self.kind_biases
        return Judgement(score, self.kinds[int(scores.argmax())])

    def _sum(self, buckets: list[int]) -> float:
        return int(self.weights[buckets].sum(dtype=np.int32)) * self.unit / math.sqrt(len(buckets)) + self.bias


def windows(text: str, language: Language) -> list[str]:
    """`text`, and, where it is long, its overlapping stretches: a cry for help in the midst of other talk."""
    units: Sequence[str] = text if language == "ko" else text.split()
    size = WINDOW[language]
    if len(units) <= size * 3 // 2:
        return [text]
    starts = range(0, len(units) - size // 2, size // 2)
    return [text, *(("" if language == "ko" else " ").join(units[start : start + size]) for start in starts)]


def hashed(text: str, language: Language) -> list[int]:
    """The buckets of the n-grams of `text`, each once; none where there are no words."""
    if not any(map(str.isalnum, text)):
        return []
    grams = _syllables(text) if language == "ko" else _words(text.split())
    return sorted({zlib.crc32(gram.encode()) % BUCKETS for gram in grams})


def _words(words: list[str]) -> Iterable[str]:
    """One to four words, three to five letters within a word, and five to seven letters across words."""
    framed = ["^", *words, "$"]
    for size in range(1, 5):
        yield from (" ".join(framed[start : start + size]) for start in range(len(framed) - size + 1))
    for word in words:
        for size in range(3, 6):
            yield from (f"_{f'<{word}>'[start : start + size]}" for start in range(len(word) + 3 - size))
    text = f"_{'_'.join(words)}_"
    for size in range(5, 8):
        yield from (f"~{text[start : start + size]}" for start in range(len(text) - size + 1))


def _syllables(text: str) -> Iterable[str]:
    """One to five syllables; spaces are gone already."""
    framed = f"^{text}$"
    for size in range(1, 6):
        yield from (framed[start : start + size] for start in range(len(framed) - size + 1))
